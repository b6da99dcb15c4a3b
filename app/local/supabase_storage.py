"""A stand-in for Supabase Storage, for local mode and tests.

It speaks the part of Supabase Storage's HTTP API that the product uses, over a directory, so that
the real `supabase` client runs unchanged. It is mounted inside the Supabase Auth stand-in, behind
the same API keys.
"""

import asyncio
import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile

from app.clients.supabase_storage import Bucket
from app.core.clock import Clock
from app.local.auth_gate import Gate
from app.local.storage_errors import (
    add_error_handlers,
    bucket_not_found,
    duplicate,
    invalid_key,
    invalid_request,
    invalid_token,
    not_allowed,
    object_not_found,
)
from app.local.storage_files import ObjectExistsError, ObjectInfo, StorageFiles

STORAGE_PATH = "/storage/v1"
PUBLIC_BUCKETS = frozenset({Bucket.AVATARS.value})
MAX_OBJECT_BYTES = 10_000_000

_BUCKETS = frozenset(bucket.value for bucket in Bucket)
# The names that Supabase takes, without its dots-only segments.
_NAME = re.compile(r"(?:(?!\.{1,2}(?:/|$))[\w!.*'() &$@=;:+,?-]+(?:/|$))+(?<!/)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Objects:
    """What the routes do; names and buckets are checked, and checked first."""

    files: StorageFiles
    clock: Clock
    key: bytes

    async def add(self, bucket: str, name: str, upload: UploadFile, cache: str) -> None:
        info = ObjectInfo(
            name,
            upload.content_type or "application/octet-stream",
            f"max-age={cache}" if cache.isdecimal() else "no-cache",
        )
        _check(bucket, name)
        content = await upload.read()
        try:
            await asyncio.to_thread(self.files.add, bucket, info, content)
        except ObjectExistsError:
            raise duplicate() from None

    async def serve(self, bucket: str, name: str) -> Response:
        _check(bucket, name)
        found = await asyncio.to_thread(self.files.get, bucket, name)
        if found is None:
            raise object_not_found()
        info, content = found
        return Response(
            content,
            headers={
                "Content-Type": info.content_type,
                "Cache-Control": info.cache_control,
                # Whatever is stored here, a browser that opens it runs nothing; the application
                # around us adds `X-Content-Type-Options: nosniff`, as to every answer.
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    async def sign(self, bucket: str, name: str, body: Mapping[str, Any]) -> str:
        """The path of a signed download, as Supabase writes it. `expiresIn` is in seconds."""
        _check(bucket, name)
        seconds = str(body.get("expiresIn", ""))
        if not seconds.isdecimal() or not 0 < int(seconds) < 10**9:
            raise invalid_request("body/expiresIn must be >= 1")
        if await asyncio.to_thread(self.files.get, bucket, name) is None:
            raise object_not_found()
        claims = {"url": f"{bucket}/{name}", "exp": self._now() + int(seconds)}
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        token = f"{payload}.{self._signature(payload)}"
        return f"/object/sign/{bucket}/{quote(name)}?token={token}"

    def check_token(self, bucket: str, name: str, token: str) -> None:
        payload, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(payload).encode()):
            raise invalid_token("signature verification failed")
        try:
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (ValueError, binascii.Error):
            raise invalid_token("Invalid Compact JWS") from None
        if claims["url"] != f"{bucket}/{name}":
            raise invalid_request("The url do not match the signature")
        if claims["exp"] <= self._now():
            raise invalid_token('"exp" claim timestamp check failed')

    async def remove(self, bucket: str, names: list[str]) -> list[dict[str, str]]:
        """What was removed; names that mean nothing are passed over, as by Supabase."""
        if bucket not in _BUCKETS:
            raise bucket_not_found()
        return [
            {"name": name, "bucket_id": bucket}
            for name in names
            if await asyncio.to_thread(self.files.remove, bucket, name)
        ]

    def _now(self) -> int:
        return int(self.clock.now().timestamp())

    def _signature(self, payload: str) -> str:
        return hmac.digest(self.key, payload.encode(), "sha256").hex()


def create_supabase_storage(
    *, directory: Path, clock: Clock, publishable_key: str, secret_key: str
) -> FastAPI:
    """The stand-in as an app to mount at `/storage/v1`, with the product's buckets made.

    Objects are files below `directory`. The publishable key may do nothing, since no bucket has
    a policy.
    """
    objects = Objects(StorageFiles(directory), clock, secret_key.encode())
    gate = Gate(publishable_key, secret_key, clock, requests_per_minute=None)
    app = FastAPI(
        title="Supabase Storage stand-in",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        max_body_size=MAX_OBJECT_BYTES + 100_000,
    )
    add_error_handlers(app)
    app.include_router(_public_router(objects))
    app.include_router(_service_router(objects, gate))
    return app


def _public_router(objects: Objects) -> APIRouter:
    """What a browser loads; neither route asks for an API key."""
    router = APIRouter()

    @router.get("/object/public/{bucket}/{name:path}")
    async def public_download(bucket: str, name: str) -> Response:
        if bucket not in PUBLIC_BUCKETS:
            raise bucket_not_found()
        return await objects.serve(bucket, name)

    @router.get("/object/sign/{bucket}/{name:path}")
    async def signed_download(bucket: str, name: str, token: str = "") -> Response:
        objects.check_token(bucket, name, token)
        return await objects.serve(bucket, name)

    return router


def _service_router(objects: Objects, gate: Gate) -> APIRouter:
    async def require_service(request: Request) -> None:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        presented = (request.headers.get("apikey", ""), bearer)
        if not all(hmac.compare_digest(key, gate.secret_key) for key in map(_ascii, presented)):
            raise not_allowed()

    router = APIRouter(dependencies=[Depends(gate.require_api_key), Depends(require_service)])

    # The order matters: `/object/sign/…` would be an upload into a bucket `sign` otherwise.
    @router.post("/object/sign/{bucket}/{name:path}")
    async def sign(bucket: str, name: str, request: Request) -> JSONResponse:
        return JSONResponse(
            {"signedURL": await objects.sign(bucket, name, await _read_json(request))}
        )

    @router.post("/object/{bucket}/{name:path}")
    async def upload(bucket: str, name: str, request: Request) -> JSONResponse:
        if request.headers.get("x-upsert", "false") == "true":
            raise invalid_request("the stand-in overwrites nothing")
        async with request.form(max_files=1) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise invalid_request("body must have a file")
            await objects.add(bucket, name, file, str(form.get("cacheControl", "3600")))
        return JSONResponse({"Key": f"{bucket}/{name}", "Id": name})

    @router.delete("/object/{bucket}")
    async def remove(bucket: str, request: Request) -> JSONResponse:
        names = (await _read_json(request)).get("prefixes")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise invalid_request("body must have required property 'prefixes'")
        return JSONResponse(await objects.remove(bucket, names))

    return router


def _check(bucket: str, name: str) -> None:
    if bucket not in _BUCKETS:
        raise bucket_not_found()
    if len(name) > 1024 or not _NAME.fullmatch(name):
        raise invalid_key(name)


def _ascii(key: str) -> str:
    """`compare_digest` takes no other text; a key with other characters is wrong anyway."""
    return key if key.isascii() else ""


async def _read_json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise invalid_request("body must be object")
    return body
