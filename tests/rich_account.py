"""A person with something in every table, and people around whose rows point at it."""

from datetime import date
from uuid import UUID, uuid4

from fastapi import FastAPI

from app.core.ai_usage import AiOperation, AiOutcome
from app.core.enums import (
    CommentTarget,
    EmailStatus,
    ReactionTarget,
    SystemFrequency,
    UploadPurpose,
)
from app.db.base_class import Base
from app.db.models import (
    AiUsage,
    Comment,
    DirectMessage,
    EmailOutbox,
    Notification,
    RateLimit,
    Reaction,
    Reflection,
    StreakCheckpoint,
    StreakMilestone,
    SystemPause,
    SystemSchedule,
    Upload,
)
from tests.conftest import TUESDAY_MORNING
from tests.factories import Factory, Person
from tests.support import data_of

NAME = "Alicia Wonderland"
_NOW = TUESDAY_MORNING


async def furnish(factory: Factory, app: FastAPI) -> tuple[Person, Person, Person]:
    """The person, called NAME; the partner Bob; and Ingrid, who has invited the person too."""
    alice = await factory.person("Alice", username="alicia_w")
    bob, inviter = await factory.person("Bob"), await factory.person("Ingrid")
    data_of(await alice.put("/users/me", {"name": NAME, "bio": "Runs.", "timezone": "Asia/Tokyo"}))
    data_of(await inviter.post("/partnerships/invite", {"email": alice.email}, **_key()), 201)
    data_of(await alice.post("/partnerships/invite", {"email": bob.email}, **_key()), 201)
    (invitation,) = data_of(await bob.get("/partnerships/invitations"))["items"]
    accepted = await bob.post(f"/partnerships/invitations/{invitation['id']}/accept", **_key())
    partnership_id = UUID(data_of(accepted)["id"])
    goal = await factory.goal(alice, title=f"The goal of {NAME}")
    system = await factory.system(alice, goalId=goal["id"], verificationRequired=True)
    own = await factory.checkin(alice, system["id"], notes=f"By {NAME}")
    await factory.goal(bob)
    queried, verified = [
        await factory.checkin(bob, (await factory.system(bob, verificationRequired=True))["id"])
        for _ in range(2)
    ]
    decision = {"decision": "verified_completed"}
    data_of(await bob.post(f"/verifications/{own['id']}/verify", decision, **_key()))
    data_of(await alice.post(f"/verifications/{verified['id']}/verify", decision))
    query = {"decision": "queried_by_partner", "query": f"{NAME} asks"}
    data_of(await alice.post(f"/verifications/{queried['id']}/verify", query))
    await _add(app, alice, bob, partnership_id, system["id"], own["id"], queried["id"], goal["id"])
    return alice, bob, inviter


def _key() -> dict[str, dict[str, str]]:
    return {"headers": {"Idempotency-Key": uuid4().hex}}


async def _add(
    app: FastAPI,
    alice: Person,
    bob: Person,
    partnership_id: UUID,
    system_id: str,
    own_checkin: str,
    bobs_checkin: str,
    goal_id: str,
) -> None:
    """What no operation makes yet, or not for both."""
    reflection, sent, received, comment = uuid4(), uuid4(), uuid4(), uuid4()
    everything: list[Base] = [
        Reflection(
            id=reflection,
            user_id=alice.id,
            partnership_id=partnership_id,
            reflection_date_local=date(2026, 3, 10),
            content=f"A good day for {NAME}",
        ),
        *(
            DirectMessage(
                id=message_id,
                partnership_id=partnership_id,
                sender_id=sender.id,
                text_content=f"Hello, {NAME} and Bob",
                sent_at_utc=_NOW,
            )
            for message_id, sender in ((sent, alice), (received, bob))
        ),
        Comment(
            id=comment,
            user_id=alice.id,
            text_content=f"Well done, says {NAME}",
            target_type=CommentTarget.CHECKIN,
            target_id=UUID(bobs_checkin),
        ),
        *(
            Comment(user_id=bob.id, text_content=words, target_type=kind, target_id=target)
            for words, kind, target in (
                (f"Go, {NAME}!", CommentTarget.GOAL, UUID(goal_id)),
                (f"Great, {NAME}!", CommentTarget.CHECKIN, UUID(own_checkin)),
                (f"True, {NAME}.", CommentTarget.REFLECTION, reflection),
                ("Bob to himself", CommentTarget.CHECKIN, UUID(bobs_checkin)),
            )
        ),
        *(
            Reaction(user_id=person.id, emoji="👍", target_type=kind, target_id=target)
            for person, kind, target in (
                (bob, ReactionTarget.CHECKIN, UUID(own_checkin)),
                (bob, ReactionTarget.REFLECTION, reflection),
                (bob, ReactionTarget.DIRECT_MESSAGE, sent),
                (alice, ReactionTarget.DIRECT_MESSAGE, received),
                (alice, ReactionTarget.CHECKIN, UUID(bobs_checkin)),
            )
        ),
        Notification(
            recipient_id=bob.id,
            type="new_comment",
            message="Somebody commented",
            target_type="comment",
            target_id=str(comment),
        ),
        Notification(
            recipient_id=bob.id,
            type="goal_achieved",
            message="Achieved",
            target_type="goal",
            target_id=goal_id,
            target_name=f"The goal of {NAME}",
        ),
        EmailOutbox(
            kind="partnership_accepted",
            to_email=bob.email,
            user_id=bob.id,
            payload={"partner_name": NAME},
            status=EmailStatus.FAILED,
        ),
        EmailOutbox(kind="daily_summary", to_email=alice.email, user_id=alice.id, payload={}),
        RateLimit(
            name="writes",
            subject=str(alice.id),
            window_started_at=_NOW,
            count=1,
            expires_at=_NOW,
        ),
        AiUsage(
            user_id=alice.id,
            operation=AiOperation.PLAN_GOAL,
            model="a-model",
            prompt_version="plan-1",
            tokens_read=900,
            tokens_written=400,
            latency_ms=1200,
            outcome=AiOutcome.SUCCEEDED,
        ),
        StreakMilestone(
            user_id=alice.id,
            partnership_id=partnership_id,
            length=3,
            local_date=date(2026, 3, 10),
            reached_at=_NOW,
        ),
        StreakCheckpoint(
            user_id=alice.id,
            begun=date.min,
            until=date(2026, 2, 23),
            longest=3,
            running=0,
            systems={},
        ),
        SystemPause(system_id=UUID(system_id), starts_on=date(2026, 3, 1)),
        SystemSchedule(
            system_id=UUID(system_id),
            effective_from=date(2026, 3, 1),
            frequency=SystemFrequency.DAILY,
        ),
        *(
            Upload(
                user_id=alice.id,
                purpose=purpose,
                path=f"{alice.id}/{purpose.value}.jpg",
                url=f"https://files.test/{alice.id}/{purpose.value}.jpg",
                content_type="image/jpeg",
                size=1024,
            )
            for purpose in UploadPurpose
        ),
    ]
    async with app.state.database.session() as session, session.begin():
        session.add_all(everything)
