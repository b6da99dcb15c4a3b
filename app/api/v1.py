"""The API's first version: every router, in the order of the docs."""

from app.api.routers import (
    auth,
    checkins,
    goals,
    invitations,
    notifications,
    partnerships,
    systems,
    uploads,
    users,
    verifications,
)

API_PREFIX = "/api/v1"

# Included side by side: FastAPI searches routers within routers twice a level, on every request.
ROUTERS = tuple(
    part.router
    for part in (
        auth,
        users,
        invitations,
        partnerships,
        goals,
        systems,
        checkins,
        verifications,
        uploads,
        notifications,
    )
)
