"""The one place that turns errors into answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.routing import Match

from app.core.errors import AppError, ErrorCode, ServiceUnavailable
from app.core.logging import describe_exception
from app.db.errors import DATABASE_ERRORS, is_unavailable
from app.schemas.base_schemas import ErrorBody, FieldError

log = structlog.get_logger()

_FRAMEWORK_ERRORS: dict[int, tuple[ErrorCode, str]] = {
    400: (ErrorCode.BAD_REQUEST, "The request could not be read."),
    401: (ErrorCode.NOT_AUTHENTICATED, "Please sign in: a valid access token is required."),
    404: (ErrorCode.NOT_FOUND, "There is nothing at this address."),
    405: (ErrorCode.METHOD_NOT_ALLOWED, "This address does not support this method."),
    413: (ErrorCode.BODY_TOO_LARGE, "The request is too large."),
    415: (ErrorCode.UNSUPPORTED_MEDIA_TYPE, "This type of content is not supported here."),
    429: (ErrorCode.RATE_LIMITED, "Too many requests. Please wait a little and try again."),
    503: (ErrorCode.SERVICE_UNAVAILABLE, "The service is busy. Please try again in a moment."),
}
_MALFORMED_JSON = (ErrorCode.MALFORMED_JSON, "The body is not valid JSON.")

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def error_response(
    request: Request,
    *,
    status: int,
    code: ErrorCode,
    message: str,
    errors: Sequence[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
    existing_id: UUID | None = None,
) -> Response:
    body = ErrorBody.model_construct(
        success=False,
        message=message,
        code=code,
        errors=list(errors) if errors is not None else None,
        existing_id=existing_id,
        request_id=request.scope.get("state", {}).get("request_id", ""),
    )
    content = body.model_dump_json(by_alias=True, exclude_none=True)
    return Response(content, status, headers, media_type="application/json")


def app_error_response(request: Request, error: AppError) -> Response:
    field_errors = None
    if error.status == 422:
        reasons = error.reasons or (str(error),)
        field = error.field or "body"
        field_errors = [
            FieldError(field=field, message=reason, code=error.code.value) for reason in reasons
        ]
    return error_response(
        request,
        status=error.status,
        code=error.code,
        message=str(error),
        errors=field_errors,
        headers=error.headers,
        existing_id=error.existing_id,
    )


def unexpected_error_response(request: Request, error: Exception) -> Response:
    """500, or 503 when it is only the database that is away. The cause is logged, never sent."""
    if isinstance(error, DATABASE_ERRORS) and is_unavailable(error):
        log.warning("database_unavailable", **describe_exception(error))
        return app_error_response(request, ServiceUnavailable())
    log.error("unexpected_error", **describe_exception(error))
    return app_error_response(request, AppError())


def body_too_large_response(request: Request) -> Response:
    """413 with the limit, in bytes, that the framework notes in the scope."""
    code, message = _FRAMEWORK_ERRORS[413]
    if limit := request.scope.get(MAX_BODY_SIZE_SCOPE_KEY):
        message = f"The request is too large: it may have at most {limit // 1_000_000} MB."
    return error_response(request, status=413, code=code, message=message)


async def _on_app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    if error.__cause__ is not None:
        log.info("request_refused", code=error.code.value, **describe_exception(error.__cause__))
    return app_error_response(request, error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message = _FRAMEWORK_ERRORS.get(
        error.status_code, (ErrorCode.BAD_REQUEST, "The request could not be handled.")
    )
    if error.status_code == 413:
        return body_too_large_response(request)
    if error.status_code == 400 and _has_json(request):  # such as invalid UTF-8, or too deep
        code, message = _MALFORMED_JSON
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed_methods(request))
    return error_response(
        request, status=error.status_code, code=code, message=message, headers=headers
    )


def _has_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind.endswith(("/json", "+json"))


def _allowed_methods(request: Request) -> list[str]:
    """Those of every route at this address: the framework names the first route's only."""
    scope = {"type": "http", "path": request.scope["path"], "root_path": "", "headers": []}
    return [
        method
        for method in _METHODS
        if any(
            route.matches(scope | {"method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = error.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        code, message = _MALFORMED_JSON
        return error_response(request, status=400, code=code, message=message)
    errors = [_field_error(problem) for problem in problems]
    return error_response(
        request,
        status=422,
        code=ErrorCode.VALIDATION_FAILED,
        message=_summary(errors),
        errors=errors,
    )


def _summary(errors: Sequence[FieldError]) -> str:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"Please check {first.field}: {first.message.rstrip('.')}{more}."


def _field_error(problem: Mapping[str, Any]) -> FieldError:
    """Name the field as the client knows it. What was sent is never repeated."""
    place, *path = problem["loc"]
    as_known = str if place == "header" else to_camel
    names = [as_known(part) if isinstance(part, str) else str(part) for part in path]
    message = problem["msg"].removeprefix("Value error, ")
    return FieldError(
        field=".".join(names) or "body",
        message=message if message[1:2].isupper() else message[:1].lower() + message[1:],
        code=problem["type"],
    )


Handler = Callable[[Request, Exception], Awaitable[Response]]


def install_error_handlers(app: FastAPI) -> None:
    handlers: dict[type[Exception], Handler] = {
        AppError: _on_app_error,
        HTTPException: _on_http_exception,
        RequestValidationError: _on_validation_error,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
