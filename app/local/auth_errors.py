"""Errors of the Supabase Auth stand-in, in the two shapes that Supabase Auth answers with."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

API_VERSION_HEADER = "X-Supabase-Api-Version"
API_VERSION = "2024-01-01"


class AuthError(Exception):
    """An answer other than success. `code` is one of Supabase Auth's error codes.

    `reasons` says why a password is weak. `retry_after_seconds` becomes the header Retry-After.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        reasons: tuple[str, ...] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.reasons = reasons
        self.retry_after_seconds = retry_after_seconds


class GatewayError(Exception):
    """The API key is missing or wrong: Supabase's gateway answers, in a shape without a code."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def too_many_emails(seconds: int) -> AuthError:
    return AuthError(
        429,
        "over_email_send_rate_limit",
        f"For security purposes, you can only request this after {seconds} seconds.",
        retry_after_seconds=seconds,
    )


def email_exists() -> AuthError:
    return AuthError(
        422, "email_exists", "A user with this email address has already been registered"
    )


def add_error_handlers(app: FastAPI) -> None:
    """Answer AuthError, GatewayError, unknown routes and crashes as Supabase does."""

    @app.exception_handler(AuthError)
    async def on_auth_error(request: Request, error: AuthError) -> JSONResponse:
        return _answer(request, error)

    @app.exception_handler(GatewayError)
    async def on_gateway_error(request: Request, error: GatewayError) -> JSONResponse:
        return JSONResponse({"message": error.message, "hint": error.hint}, status_code=401)

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> JSONResponse:
        return _answer(request, AuthError(error.status_code, "unknown", str(error.detail)))

    # Starlette still raises the exception after this answer, so it is logged as a crash.
    @app.exception_handler(Exception)
    async def on_crash(request: Request, error: Exception) -> JSONResponse:
        message = "Unexpected failure, please check server logs for more information"
        return _answer(request, AuthError(500, "unexpected_failure", message))


def _answer(request: Request, error: AuthError) -> JSONResponse:
    headers = {}
    content: dict[str, object]
    if request.headers.get(API_VERSION_HEADER, "") >= API_VERSION:
        headers[API_VERSION_HEADER] = API_VERSION
        content = {"code": error.code, "message": error.message}
    else:
        content = {"code": error.status, "error_code": error.code, "msg": error.message}
    if error.code == "weak_password":
        content["weak_password"] = {"reasons": list(error.reasons)}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    return JSONResponse(content, status_code=error.status, headers=headers)
