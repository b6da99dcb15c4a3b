"""Errors of the Supabase Storage stand-in, in the shape that Supabase Storage answers with.

The HTTP status is 400 for whatever the client did wrong; the body has the real one as a string.
"""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.local.auth_errors import GatewayError


class StorageError(Exception):
    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message


def bucket_not_found() -> StorageError:
    return StorageError(404, "Bucket not found", "Bucket not found")


def object_not_found() -> StorageError:
    return StorageError(404, "not_found", "Object not found")


def invalid_key(key: str) -> StorageError:
    return StorageError(400, "InvalidKey", f"Invalid key: {key}")


def duplicate() -> StorageError:
    return StorageError(409, "Duplicate", "The resource already exists")


def not_allowed() -> StorageError:
    return StorageError(403, "Unauthorized", "new row violates row-level security policy")


def invalid_request(message: str) -> StorageError:
    return StorageError(400, "InvalidRequest", message)


def invalid_token(message: str) -> StorageError:
    return StorageError(400, "InvalidJWT", message)


def add_error_handlers(app: FastAPI) -> None:
    """Answer StorageError, GatewayError, unknown routes and crashes as Supabase does."""

    @app.exception_handler(StorageError)
    async def on_storage_error(request: Request, error: StorageError) -> JSONResponse:
        return _answer(error)

    @app.exception_handler(GatewayError)
    async def on_gateway_error(request: Request, error: GatewayError) -> JSONResponse:
        return JSONResponse({"message": error.message, "hint": error.hint}, status_code=401)

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 413:
            message = "The object exceeded the maximum allowed size"
            return _answer(StorageError(413, "Payload too large", message))
        return _answer(StorageError(error.status_code, str(error.detail), str(error.detail)))

    @app.exception_handler(Exception)
    async def on_crash(request: Request, error: Exception) -> JSONResponse:
        return _answer(StorageError(500, "InternalError", "Internal server error"))


def _answer(error: StorageError) -> JSONResponse:
    status = 500 if error.status >= 500 else 400
    content = {"statusCode": str(error.status), "error": error.error, "message": error.message}
    return JSONResponse(content, status_code=status)
