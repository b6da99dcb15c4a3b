"""The API's first version: every router, in the order of the docs."""

from fastapi import APIRouter

from app.api.routers import (
    auth,
    checkins,
    goals,
    notifications,
    partnerships,
    systems,
    users,
    verifications,
)

API_PREFIX = "/api/v1"

router = APIRouter(prefix=API_PREFIX, redirect_slashes=False)
for part in (
    auth,
    users,
    partnerships,
    goals,
    systems,
    checkins,
    verifications,
    notifications,
):
    router.include_router(part.router)
