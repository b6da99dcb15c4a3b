"""The Supabase Storage stand-in: keys, names, addresses and the shapes of its errors."""

from pathlib import Path

import httpx
import pytest

from app.local.storage_files import ObjectExistsError, ObjectInfo, StorageFiles
from app.local.supabase_storage import create_supabase_storage
from tests.support import FrozenClock

SECRET, PUBLISHABLE = "sb_secret_test", "sb_publishable_test"
SERVICE = {"apikey": SECRET, "Authorization": f"Bearer {SECRET}"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
def storage(directory: Path, clock: FrozenClock) -> httpx.AsyncClient:
    app = create_supabase_storage(
        directory=directory, clock=clock, publishable_key=PUBLISHABLE, secret_key=SECRET
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://storage.test", headers=SERVICE)


def files_in(directory: Path) -> list[Path]:
    return [place for place in directory.rglob("*") if place.is_file()]


async def put(
    storage: httpx.AsyncClient, place: str, content: bytes = b"x", kind: str = "image/png"
) -> httpx.Response:
    return await storage.post(
        f"/object/{place}", files={"file": ("any", content, kind)}, data={"cacheControl": "60"}
    )


async def sign(storage: httpx.AsyncClient, place: str, seconds: object = "60") -> str:
    answer = await storage.post(f"/object/sign/{place}", json={"expiresIn": seconds})
    url: str = answer.json()["signedURL"]
    return url


def assert_refused(response: httpx.Response, status: str, error: str) -> None:
    assert response.status_code == 400, response.text
    body = response.json()
    assert (body["statusCode"], body["error"]) == (status, error), body
    assert body["message"]


async def test_a_stored_object_keeps_content_and_type(storage: httpx.AsyncClient) -> None:
    stored = await put(storage, "avatars/a/b c.png", b"\x89PNG\n\x00")

    read = await storage.get("/object/public/avatars/a/b c.png", headers={})

    assert stored.json()["Key"] == "avatars/a/b c.png"
    assert read.content == b"\x89PNG\n\x00"
    assert read.headers["content-type"] == "image/png"
    assert read.headers["cache-control"] == "max-age=60"
    assert "sandbox" in read.headers["content-security-policy"]


@pytest.mark.parametrize(
    "name",
    [
        "%2e%2e/secret",
        "..%2fsecret",
        "a/%2e%2e/%2e%2e/secret",
        "%2e/a",
        "%2fetc/passwd",
        "a//b",
        "a/",
        "a%00b",
        "a%5cb",
        "%ff",
        "%C3%A9",
        "a" * 1025,
    ],
)
async def test_names_that_lead_elsewhere_are_refused(
    storage: httpx.AsyncClient, directory: Path, name: str
) -> None:
    stored = await put(storage, f"avatars/{name}")
    signed = await storage.post(f"/object/sign/avatars/{name}", json={"expiresIn": "60"})
    read = await storage.get(f"/object/public/avatars/{name}")

    for answer in (stored, signed, read):
        assert_refused(answer, "400", "InvalidKey")
    assert files_in(directory) == []


async def test_no_name_is_a_path_of_the_file_system(
    storage: httpx.AsyncClient, directory: Path
) -> None:
    await put(storage, "avatars/etc/passwd")

    (stored,) = files_in(directory)

    assert stored.parent == directory / "avatars"
    assert stored.suffix == ".object"


@pytest.mark.parametrize("place", ["nobucket/a.png", "sign/a.png", "AVATARS/a.png"])
async def test_there_are_only_the_products_buckets(storage: httpx.AsyncClient, place: str) -> None:
    assert_refused(await put(storage, place), "404", "Bucket not found")


async def test_private_buckets_have_no_public_address(storage: httpx.AsyncClient) -> None:
    await put(storage, "checkin-images/a.png")

    answer = await storage.get("/object/public/checkin-images/a.png")

    assert_refused(answer, "404", "Bucket not found")


async def test_a_taken_name_is_refused(storage: httpx.AsyncClient) -> None:
    await put(storage, "avatars/a.png", b"first")

    assert_refused(await put(storage, "avatars/a.png", b"second"), "409", "Duplicate")

    assert (await storage.get("/object/public/avatars/a.png")).content == b"first"


async def test_a_signed_address_works_without_a_key_until_it_ends(
    storage: httpx.AsyncClient, clock: FrozenClock
) -> None:
    await put(storage, "checkin-images/a.png", b"photo")
    url = await sign(storage, "checkin-images/a.png")

    for name in SERVICE:
        del storage.headers[name]
    read = await storage.get(url)
    clock.advance(seconds=60)
    late = await storage.get(url)

    assert read.content == b"photo"
    assert_refused(late, "400", "InvalidJWT")


async def test_a_signed_address_is_for_one_object(storage: httpx.AsyncClient) -> None:
    await put(storage, "checkin-images/a.png")
    await put(storage, "checkin-images/b.png")
    url = await sign(storage, "checkin-images/a.png")

    other = await storage.get(url.replace("a.png", "b.png"))
    forged = await storage.get(url[:-1] + ("0" if url[-1] != "0" else "1"))
    bare = await storage.get("/object/sign/checkin-images/a.png")

    assert_refused(other, "400", "InvalidRequest")
    assert_refused(forged, "400", "InvalidJWT")
    assert_refused(bare, "400", "InvalidJWT")


async def test_what_is_not_there_cannot_be_signed(storage: httpx.AsyncClient) -> None:
    answer = await storage.post("/object/sign/avatars/a.png", json={"expiresIn": "60"})

    assert_refused(answer, "404", "not_found")


@pytest.mark.parametrize("seconds", [0, -1, "x", None, 10**10])
async def test_a_signed_address_needs_a_lifetime(
    storage: httpx.AsyncClient, seconds: object
) -> None:
    await put(storage, "avatars/a.png")

    answer = await storage.post("/object/sign/avatars/a.png", json={"expiresIn": seconds})

    assert_refused(answer, "400", "InvalidRequest")


async def test_removing_tells_what_was_there(storage: httpx.AsyncClient) -> None:
    await put(storage, "avatars/a.png")

    answer = await storage.request(
        "DELETE", "/object/avatars", json={"prefixes": ["a.png", "b.png", "../x"]}
    )

    assert [item["name"] for item in answer.json()] == ["a.png"]
    assert_refused(await storage.get("/object/public/avatars/a.png"), "404", "not_found")


@pytest.mark.parametrize(
    "headers",
    [
        {"apikey": PUBLISHABLE, "Authorization": f"Bearer {PUBLISHABLE}"},
        {"apikey": SECRET, "Authorization": f"Bearer {PUBLISHABLE}"},
        {"apikey": PUBLISHABLE, "Authorization": f"Bearer {SECRET}"},
        {"apikey": SECRET, "Authorization": ""},
    ],
)
async def test_only_the_service_may_change_anything(
    storage: httpx.AsyncClient, directory: Path, headers: dict[str, str]
) -> None:
    storage.headers.update(headers)

    assert_refused(await put(storage, "avatars/a.png"), "403", "Unauthorized")
    removed = await storage.request("DELETE", "/object/avatars", json={"prefixes": ["a.png"]})
    assert_refused(removed, "403", "Unauthorized")
    assert files_in(directory) == []


@pytest.mark.parametrize("key", ["", "wrong"])
async def test_without_a_known_key_the_gateway_answers(
    storage: httpx.AsyncClient, key: str
) -> None:
    storage.headers["apikey"] = key

    answer = await put(storage, "avatars/a.png")

    assert answer.status_code == 401
    assert answer.json().keys() == {"message", "hint"}


async def test_large_objects_are_refused(storage: httpx.AsyncClient, directory: Path) -> None:
    answer = await put(storage, "avatars/a.png", bytes(10_200_000))

    assert answer.status_code in (400, 413)
    assert files_in(directory) == []


def test_an_object_is_stored_whole_or_not_at_all(directory: Path) -> None:
    files = StorageFiles(directory)
    info = ObjectInfo("a.png", "image/png", "no-cache")
    files.add("avatars", info, b"first")

    with pytest.raises(ObjectExistsError):
        files.add("avatars", info, b"second")

    assert files.get("avatars", "a.png") == (info, b"first")
    assert files.names("avatars") == ["a.png"]
    assert len(list((directory / "avatars").iterdir())) == 1  # no draft is left
