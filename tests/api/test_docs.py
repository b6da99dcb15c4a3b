"""The pages of the API's documentation: of our own files only, and off where nobody needs them."""

import re
from typing import Any

import httpx
import pytest

from tests.conftest import MakeApp, client_of
from tests.factories import API

PAGES = ["/docs", "/redoc", "/docs/oauth2-redirect"]
ASSETS = ["swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js", "favicon.png"]
DEPLOYED: dict[str, Any] = {
    "environment": "production",
    "supabase_url": "https://project.supabase.co",
    "public_api_url": "https://api.duotrak.test",
    "email_mode": "off",
}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_refers_to_nothing_outside(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}", answer.text) == []


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_everything_a_page_refers_to_is_there(client: httpx.AsyncClient, path: str) -> None:
    page = (await client.get(path)).text

    references = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert len(references) >= 2
    for reference in references:
        assert reference.startswith("/docs/assets/")
        assert (await client.get(reference)).status_code == 200
    assert f"{API}/openapi.json" in page
    assert (await client.get(f"{API}/openapi.json")).json()["openapi"].startswith("3.")


@pytest.mark.parametrize("asset", ASSETS)
async def test_assets_are_served_from_here(client: httpx.AsyncClient, asset: str) -> None:
    answer = await client.get(f"/docs/assets/{asset}")

    assert answer.status_code == 200
    assert len(answer.content) > 1000 or asset == "favicon.png"
    assert (await client.get(f"/docs/assets/../{asset}")).status_code == 404
    assert (await client.get("/docs/assets/%2e%2e/core.py")).status_code == 404


async def test_the_start_page_leads_to_the_docs(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    assert answer.status_code == 307
    assert answer.headers["location"] == "/docs"


async def test_the_authorize_button_asks_our_own_token_route(client: httpx.AsyncClient) -> None:
    document = (await client.get(f"{API}/openapi.json")).json()

    (scheme,) = document["components"]["securitySchemes"].values()
    assert scheme["type"] == "oauth2"
    assert scheme["flows"]["password"]["tokenUrl"] == f"{API}/auth/token"
    assert "post" in document["paths"][f"{API}/auth/token"]
    assert "/docs/oauth2-redirect" in (await client.get("/docs")).text


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"enable_docs": False}, 404),
        ({"enable_docs": True}, 200),
        (DEPLOYED, 404),
        (DEPLOYED | {"enable_docs": True}, 200),
        (DEPLOYED | {"environment": "staging"}, 404),
    ],
)
async def test_docs_are_on_only_where_they_are_wanted(
    make_app: MakeApp, settings: dict[str, Any], status: int
) -> None:
    app = await make_app(**settings)

    async with client_of(app) as client:
        for path in ("/docs", "/redoc", f"{API}/openapi.json", f"/docs/assets/{ASSETS[0]}"):
            answer = await client.get(path)
            assert answer.status_code == status, path
            if status == 404:
                assert answer.json()["code"] == "not_found"
        assert (await client.get("/healthz")).status_code == 200
