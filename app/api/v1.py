"""The API's first version: every router, in the order of the docs."""

from app.api.routers import (
    activity,
    ai_planner,
    auth,
    checkins,
    comments,
    dashboard,
    email,
    goals,
    invitations,
    live_updates,
    messages,
    notifications,
    partnerships,
    progress,
    reactions,
    reflections,
    systems,
    tasks,
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
        dashboard,
        tasks,
        invitations,
        partnerships,
        activity,
        goals,
        systems,
        checkins,
        verifications,
        uploads,
        reflections,
        messages,
        reactions,
        comments,
        notifications,
        live_updates,
        email,
        progress,
        ai_planner,
    )
)
