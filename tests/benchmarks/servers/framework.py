"""FastAPI and nothing else: what an answer costs before a line of the application has run.

One route beside the floor's own statement and pool: a dependency that verifies the token, and the
application's response model. No log, no request id, no middleware, no session, no limits. No
application on this framework gets a better ratio than this one.
"""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from app.crud.crud_user import Account
from app.schemas.base_schemas import Envelope, envelope
from app.schemas.user_schemas import UserRead
from app.services.user_service import read_user
from tests.benchmarks.servers import floor
from tests.benchmarks.servers.floor_answers import caller_of
from tests.benchmarks.servers.options import ServerOptions


def make_app(options: ServerOptions) -> FastAPI:
    app = FastAPI(lifespan=floor.lifespan_for(options))
    app.get("/api/v1/users/me")(get_me)
    return app


async def get_caller(request: Request) -> Account:
    async with request.app.state.pool.acquire() as connection:
        row = await caller_of(request, connection)
    return Account(**row)


async def get_me(user: Annotated[Account, Depends(get_caller)]) -> Envelope[UserRead]:
    return envelope(read_user(user), "Your profile.")
