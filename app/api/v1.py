"""The API's first version: every router, and the chapters of the docs."""

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
# It asks one after the other, so those that are asked most come first.
ROUTERS = tuple(
    part.router
    for part in (
        users,
        notifications,
        dashboard,
        checkins,
        messages,
        goals,
        systems,
        tasks,
        verifications,
        partnerships,
        activity,
        reflections,
        reactions,
        comments,
        progress,
        live_updates,
        auth,
        invitations,
        uploads,
        ai_planner,
        email,
    )
)

# What the docs say of each chapter, in their order.
TAGS = [
    {"name": name, "description": description}
    for name, description in (
        ("Auth", "Signing up and in, tokens, addresses and passwords."),
        ("Users", "My profile, preferences, export and deletion, and what others see of me."),
        ("Dashboard and tasks", "What is due today and how it went: mine and my partner's."),
        ("Invitations", "Asking somebody to be my partner, and answering."),
        ("Partnerships", "The one active partnership, its history and its end."),
        ("Goals", "What somebody wants to reach."),
        ("Systems", "Practices on a schedule, alone or for a goal."),
        ("Check-ins", "One for a system and a local date."),
        ("Verifications", "Check-ins that wait for the partner's word."),
        ("Uploads", "Images for avatars, check-ins and messages."),
        ("Reflections", "One a day, mine and my partner's."),
        ("Messages", "The chat of a partnership."),
        ("Reactions and comments", "On check-ins, reflections, goals and messages."),
        ("Notifications", "What happened, in a list and as a live stream."),
        ("E-mail", "Unsubscribing, and what Resend reports."),
        ("Progress", "Streaks, consistency and heatmaps, also compared."),
        ("AI planner", "Suggestions for goals and systems."),
        ("Operations", "Whether the service is alive and ready."),
    )
]
