"""A stand-in for Supabase Auth, for local mode and tests.

It speaks the part of Supabase Auth's HTTP API that the product uses, over the app's own database,
so that the real `supabase` client and the real verification of tokens run unchanged. The main app
mounts it under `/_local/supabase` and calls `prepare` in its lifespan (that of a mounted app does
not run).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.clock import Clock
from app.local import auth_store as store
from app.local.auth_admin import AuthAdmin
from app.local.auth_core import AuthCore, AuthOptions, Caller
from app.local.auth_errors import AuthError, add_error_handlers, email_exists
from app.local.auth_flows import AuthFlows
from app.local.auth_gate import Gate
from app.local.auth_input import (
    AdminUserBody,
    DeleteUserBody,
    PasswordGrantBody,
    RecoverBody,
    RefreshGrantBody,
    ResendBody,
    SignupBody,
    UpdateUserBody,
    VerifyBody,
    checked_email,
    read_body,
)
from app.local.auth_passwords import PasswordCost, Passwords
from app.local.auth_schema import RealSupabaseSchemaError, load_signing_key, prepare
from app.local.auth_views import ACCESS_TOKEN_LIFETIME, access_claims
from app.local.mailbox import Mailbox

__all__ = [
    "AuthError",
    "PasswordCost",
    "RealSupabaseSchemaError",
    "create_supabase_auth",
    "create_user",
    "mint_token",
    "prepare",
]

_PREFIX = "/auth/v1"


def create_supabase_auth(
    *,
    engine: Callable[[], AsyncEngine],
    clock: Clock,
    mailbox: Mailbox,
    issuer: str,
    publishable_key: str,
    secret_key: str,
    frontend_url: str,
    autoconfirm: bool = False,
    email_interval_seconds: int = 0,
    requests_per_minute: int | None = None,
    password_cost: PasswordCost | None = None,
) -> FastAPI:
    """The stand-in as an app to mount; its routes start with `/auth/v1`.

    `engine` is called at each use, so it may exist only later. `issuer` is the exact `iss` of the
    tokens. `autoconfirm` skips the confirmation of addresses. `email_interval_seconds` is the time
    between two e-mails of a kind to one address (Supabase: 60), `requests_per_minute` the limit for
    one client address (None: no limit).
    """
    core = AuthCore(
        engine=engine,
        clock=clock,
        mailbox=mailbox,
        passwords=Passwords(password_cost or PasswordCost()),
        options=AuthOptions(
            issuer=issuer,
            frontend_url=frontend_url,
            autoconfirm=autoconfirm,
            email_interval=timedelta(seconds=email_interval_seconds),
        ),
    )
    gate = Gate(publishable_key, secret_key, clock, requests_per_minute)
    app = FastAPI(title="Supabase Auth stand-in", docs_url=None, redoc_url=None, openapi_url=None)
    add_error_handlers(app)

    # Like Supabase, the keys are public: whoever verifies tokens needs no API key.
    @app.get(f"{_PREFIX}/.well-known/jwks.json")
    async def jwks() -> JSONResponse:
        key = await core.signing_key()
        headers = {"Cache-Control": "public, max-age=600"}
        return JSONResponse({"keys": [key.jwk()]}, headers=headers)

    app.include_router(_public_router(core, gate), prefix=_PREFIX)
    app.include_router(_user_router(core, gate), prefix=_PREFIX)
    app.include_router(_admin_router(core, gate), prefix=f"{_PREFIX}/admin")
    return app


def _public_router(core: AuthCore, gate: Gate) -> APIRouter:
    router = APIRouter(dependencies=[Depends(gate.require_api_key)])
    limited = APIRouter(dependencies=[Depends(gate.require_api_key), Depends(gate.limit_rate)])
    flows = AuthFlows(core)

    @router.get("/health")
    async def health() -> JSONResponse:
        description = "A local stand-in for Supabase Auth"
        return JSONResponse({"version": "local", "name": "GoTrue", "description": description})

    @router.get("/settings")
    async def settings() -> JSONResponse:
        return JSONResponse(
            {
                "external": {"email": True, "phone": False, "anonymous_users": False},
                "disable_signup": False,
                "mailer_autoconfirm": core.options.autoconfirm,
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
            }
        )

    @limited.post("/signup")
    async def signup(request: Request) -> JSONResponse:
        return JSONResponse(await flows.sign_up(await read_body(request, SignupBody)))

    @limited.post("/token")
    async def token(request: Request) -> JSONResponse:
        match request.query_params.get("grant_type"):
            case "password":
                answer = await flows.sign_in(await read_body(request, PasswordGrantBody))
            case "refresh_token":
                answer = await flows.refresh(await read_body(request, RefreshGrantBody))
            case _:
                raise AuthError(400, "invalid_credentials", "unsupported_grant_type")
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    @limited.post("/verify")
    async def verify(request: Request) -> JSONResponse:
        return JSONResponse(await flows.verify(await read_body(request, VerifyBody)))

    @limited.post("/recover")
    async def recover(request: Request) -> JSONResponse:
        return JSONResponse(await flows.recover(await read_body(request, RecoverBody)))

    @limited.post("/resend")
    async def resend(request: Request) -> JSONResponse:
        return JSONResponse(await flows.resend(await read_body(request, ResendBody)))

    router.include_router(limited)
    return router


def _user_router(core: AuthCore, gate: Gate) -> APIRouter:
    router = APIRouter(dependencies=[Depends(gate.require_api_key)])
    flows = AuthFlows(core)

    async def caller_of(request: Request) -> Caller:
        return await core.authenticate(gate.bearer_token(request))

    @router.post("/logout")
    async def logout(request: Request) -> Response:
        scope = request.query_params.get("scope", "global")
        await flows.sign_out(await caller_of(request), scope=scope)
        return Response(status_code=204)

    @router.get("/user")
    async def get_user(request: Request) -> JSONResponse:
        return JSONResponse(flows.show_user(await caller_of(request)))

    @router.put("/user")
    async def update_user(request: Request) -> JSONResponse:
        caller = await caller_of(request)
        return JSONResponse(
            await flows.update_user(caller, await read_body(request, UpdateUserBody))
        )

    return router


def _admin_router(core: AuthCore, gate: Gate) -> APIRouter:
    router = APIRouter(
        dependencies=[Depends(gate.require_api_key), Depends(gate.require_secret_key)]
    )
    admin = AuthAdmin(core)

    @router.get("/users")
    async def list_users(request: Request) -> JSONResponse:
        asked = request.query_params
        answer, total = await admin.list_users(
            page=asked.get("page", ""), per_page=asked.get("per_page", "")
        )
        return JSONResponse(answer, headers={"X-Total-Count": str(total)})

    @router.post("/users")
    async def create(request: Request) -> JSONResponse:
        return JSONResponse(await admin.create_user(await read_body(request, AdminUserBody)))

    @router.get("/users/{user_id}")
    async def get_user(user_id: str) -> JSONResponse:
        return JSONResponse(await admin.get_user(user_id))

    @router.put("/users/{user_id}")
    async def update_user(user_id: str, request: Request) -> JSONResponse:
        body = await read_body(request, AdminUserBody)
        return JSONResponse(await admin.update_user(user_id, body))

    @router.delete("/users/{user_id}")
    async def delete_user(user_id: str, request: Request) -> JSONResponse:
        body = await read_body(request, DeleteUserBody, optional=True)
        return JSONResponse(await admin.delete_user(user_id, body))

    return router


async def create_user(
    engine: AsyncEngine,
    *,
    email: str,
    password: str,
    confirmed: bool,
    now: datetime,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    password_cost: PasswordCost | None = None,
) -> UUID:
    """A user for sample data and tests, without an e-mail. `name` goes into the user metadata.

    Raises AuthError: `email_exists`, or `validation_failed` when the address is none.
    """
    address = checked_email(email)
    password_hash = await Passwords(password_cost or PasswordCost()).hash(password)
    user_metadata = {**(metadata or {}), **({"name": name} if name else {})}
    async with engine.begin() as connection:
        user = await store.insert_user(
            connection,
            email=address,
            password_hash=password_hash,
            user_metadata=user_metadata | {"email_verified": confirmed},
            confirmed=confirmed,
            now=now,
        )
    if user is None:
        raise email_exists()
    return user.id


async def mint_token(
    engine: AsyncEngine,
    *,
    issuer: str,
    now: datetime,
    email: str | None = None,
    user_id: UUID | None = None,
    lifetime: timedelta = ACCESS_TOKEN_LIFETIME,
) -> str:
    """An access token in a real session of the user with `email` or `user_id`.

    Raises LookupError when there is no such user.
    """
    async with engine.begin() as connection:
        user = (
            await store.find_by_id(connection, user_id)
            if user_id
            else await store.find_by_email(connection, email or "")
        )
        if user is None:
            raise LookupError(f"There is no account for {email or user_id}.")
        key = await load_signing_key(connection)
        session = await store.create_session(connection, user.id, method="password", now=now)
    return key.sign(access_claims(user, session, issuer=issuer, now=now, lifetime=lifetime))
