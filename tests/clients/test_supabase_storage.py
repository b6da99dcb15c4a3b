"""The storage client against a vendor that does not behave, and against the stand-in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.clients.supabase_storage import Bucket, SupabaseStorageClient
from app.core.errors import StorageUnavailable

Handler = Callable[[httpx.Request], httpx.Response]
Call = Callable[[SupabaseStorageClient], Awaitable[Any]]

CALLS: dict[str, Call] = {
    "upload": lambda client: client.upload(Bucket.AVATARS, "a/b.jpg", b"x", "image/jpeg"),
    "signed_url": lambda client: client.signed_url(Bucket.AVATARS, "a/b.jpg", seconds=60),
    "delete": lambda client: client.delete(Bucket.AVATARS, ["a/b.jpg"]),
}


def client_over(transport: httpx.AsyncBaseTransport, timeout: float = 2) -> SupabaseStorageClient:
    return SupabaseStorageClient(
        url="https://project.test",
        secret_key="sb_secret_test",
        http=httpx.AsyncClient(transport=transport),
        timeout_seconds=timeout,
    )


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def break_off(request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("half a body")


FAULTS: dict[str, Handler] = {
    "refused": refuse,
    "half a body": break_off,
    "500": lambda request: httpx.Response(500, text="<html>oops</html>"),
    "429": lambda request: httpx.Response(429, json={"message": "slow down"}),
    "404": lambda request: httpx.Response(
        400, json={"statusCode": "404", "error": "Bucket not found", "message": "Bucket not found"}
    ),
    "redirect": lambda request: httpx.Response(302, headers={"Location": "https://evil.test"}),
    "empty": lambda request: httpx.Response(200),
    "garbage": lambda request: httpx.Response(200, content=b"\xff\x00garbage"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_of_the_vendor_is_one_error_of_ours(call: str, fault: str) -> None:
    client = client_over(httpx.MockTransport(FAULTS[fault]))

    with pytest.raises(StorageUnavailable) as raised:
        await CALLS[call](client)

    assert raised.value.status == 503
    assert raised.value.headers["Retry-After"] == "30"


@pytest.mark.parametrize("call", ["upload", "signed_url"])
@pytest.mark.parametrize("answer", [[], {}, 7, None, {"signedURL": None}])
async def test_an_answer_of_another_shape_is_an_error(call: str, answer: Any) -> None:
    client = client_over(httpx.MockTransport(lambda request: httpx.Response(200, json=answer)))

    with pytest.raises(StorageUnavailable):
        await CALLS[call](client)


@pytest.mark.parametrize("call", CALLS)
async def test_a_slow_vendor_is_not_waited_for(call: str) -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        raise AssertionError("unreachable")

    client = client_over(httpx.MockTransport(hang), timeout=0.1)
    began = asyncio.get_running_loop().time()

    with pytest.raises(StorageUnavailable):
        await CALLS[call](client)

    assert asyncio.get_running_loop().time() - began < 0.6


async def test_calls_carry_the_service_key_and_never_overwrite() -> None:
    seen: list[httpx.Request] = []

    def accept(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"Key": "avatars/a/b.jpg"})

    await CALLS["upload"](client_over(httpx.MockTransport(accept)))

    (request,) = seen
    assert str(request.url) == "https://project.test/storage/v1/object/avatars/a/b.jpg"
    assert request.headers["apikey"] == "sb_secret_test"
    assert request.headers["authorization"] == "Bearer sb_secret_test"
    assert request.headers["x-upsert"] == "false"


async def test_deleting_nothing_calls_nobody() -> None:
    await client_over(httpx.MockTransport(refuse)).delete(Bucket.AVATARS, [])


@pytest.fixture
async def storage(app: FastAPI) -> AsyncIterator[SupabaseStorageClient]:
    """The client of a running application, over the stand-in."""
    client: SupabaseStorageClient = app.state.storage
    yield client
    await client.delete(Bucket.CHECKIN_IMAGES, ["a/b.jpg"])
    await client.delete(Bucket.AVATARS, ["a/b.jpg"])


async def test_what_was_uploaded_can_be_read_until_the_address_ends(
    storage: SupabaseStorageClient, client: httpx.AsyncClient, clock: Any
) -> None:
    await storage.upload(Bucket.CHECKIN_IMAGES, "a/b.jpg", b"\x00\xff\n\r", "image/jpeg")

    url = await storage.signed_url(Bucket.CHECKIN_IMAGES, "a/b.jpg", seconds=60)
    read = await client.get(url)
    clock.advance(seconds=61)
    late = await client.get(url)

    assert read.content == b"\x00\xff\n\r"
    assert read.headers["content-type"] == "image/jpeg"
    assert late.status_code == 400


async def test_a_taken_name_is_not_overwritten(
    storage: SupabaseStorageClient, client: httpx.AsyncClient
) -> None:
    await storage.upload(Bucket.AVATARS, "a/b.jpg", b"first", "image/jpeg")

    with pytest.raises(StorageUnavailable):
        await storage.upload(Bucket.AVATARS, "a/b.jpg", b"second", "image/png")

    read = await client.get(storage.public_url(Bucket.AVATARS, "a/b.jpg"))
    assert read.content == b"first"
    assert read.headers["content-type"] == "image/jpeg"


async def test_deleting_what_is_not_there_is_no_error(
    storage: SupabaseStorageClient, client: httpx.AsyncClient
) -> None:
    await storage.upload(Bucket.AVATARS, "a/b.jpg", b"x", "image/jpeg")

    await storage.delete(Bucket.AVATARS, ["a/b.jpg", "never/there.jpg"])
    await storage.delete(Bucket.AVATARS, ["a/b.jpg"])

    assert (await client.get(storage.public_url(Bucket.AVATARS, "a/b.jpg"))).status_code == 400
    with pytest.raises(StorageUnavailable):
        await storage.signed_url(Bucket.CHECKIN_IMAGES, "a/b.jpg", seconds=60)
