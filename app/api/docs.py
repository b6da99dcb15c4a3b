"""Swagger UI and ReDoc from files of our own, so that they work without internet access."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import (
    get_redoc_html,
    get_swagger_ui_html,
    get_swagger_ui_oauth2_redirect_html,
)
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

ASSETS = "/docs/assets"
OAUTH2_REDIRECT = "/docs/oauth2-redirect"


def install_docs(app: FastAPI) -> None:
    """Serve `/docs`, with a working Authorize button, and `/redoc`; `/` leads to the docs."""
    assert app.openapi_url is not None
    openapi_url = app.openapi_url

    async def swagger_ui() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=openapi_url,
            title=f"{app.title} API",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
            oauth2_redirect_url=OAUTH2_REDIRECT,
            swagger_ui_parameters={"persistAuthorization": True, "docExpansion": "list"},
        )

    async def redoc() -> HTMLResponse:
        return get_redoc_html(
            openapi_url=openapi_url,
            title=f"{app.title} API",
            redoc_js_url=f"{ASSETS}/redoc.standalone.js",
            redoc_favicon_url=f"{ASSETS}/favicon.png",
            with_google_fonts=False,
        )

    async def oauth2_redirect() -> HTMLResponse:
        return get_swagger_ui_oauth2_redirect_html()

    async def home() -> RedirectResponse:
        return RedirectResponse("/docs")

    app.mount(ASSETS, StaticFiles(directory=_assets_directory()), name="docs_assets")
    for path, page in (
        ("/docs", swagger_ui),
        (OAUTH2_REDIRECT, oauth2_redirect),
        ("/redoc", redoc),
        ("/", home),
    ):
        app.add_api_route(path, page, include_in_schema=False)


def _assets_directory() -> Path:
    """The files of `fastapi-offline`; its module itself is not needed."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package fastapi-offline is not installed")
    return Path(spec.origin).parent / "static"
