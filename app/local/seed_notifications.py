"""What the two were told of each other in the last weeks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from app.core.enums import CheckinStatus, CommentTarget, GoalStatus, ReactionTarget
from app.core.notification_catalogue import CATALOGUE, NotificationType
from app.local.seed_history import SampleHistory
from app.local.seed_people import PEOPLE, Person, Stage, partner_of
from app.local.seed_practices import GOALS, SYSTEMS

Row = dict[str, Any]

_KEPT = timedelta(days=30)
_UNREAD_FOR = timedelta(hours=36)
_FEED = "/partnership?tab=activity"


@dataclass(frozen=True, slots=True)
class Told:
    """`unread` None: as long as it is new."""

    to: Person
    about: Person
    type: NotificationType
    at: datetime
    title: str
    message: str
    target_type: str
    target_id: UUID
    target_name: str | None = None
    link_values: tuple[tuple[str, str], ...] = ()
    unread: bool | None = None


def notification_rows(
    stage: Stage,
    history: SampleHistory,
    *,
    milestones: list[Row],
    reflections: list[Row],
    messages: list[Row],
    reactions: list[Row],
    comments: list[Row],
) -> list[Row]:
    people = {stage.ids[person]: person for person in PEOPLE}
    authors = {row["id"]: people[row["user_id"]] for row in reflections}
    authors |= {row["id"]: people[row["sender_id"]] for row in messages}
    authors |= {
        row["id"]: people[row["user_id"]] for log in history.checkins.values() for row in log
    }
    authors |= {goal_id: goal.owner for goal, goal_id in history.goal_ids.items()}
    told = [
        *_of_checkins(history, stage),
        *_of_goals(history, stage),
        *_of_milestones(milestones, people),
        *_of_reflections(reflections, people),
        *_of_messages(messages, people, stage),
        *_of_reactions(reactions, people, authors),
        *_of_comments(comments, people, authors),
    ]
    return [_row(one, stage) for one in sorted(told, key=_when) if stage.now - one.at < _KEPT]


def _when(told: Told) -> datetime:
    return told.at


def _row(told: Told, stage: Stage) -> Row:
    kind = CATALOGUE[told.type]
    unread = stage.now - told.at < _UNREAD_FOR if told.unread is None else told.unread
    return {
        "recipient_id": stage.ids[told.to],
        "actor_user_id": stage.ids[told.about],
        "type": told.type.value,
        "title": told.title,
        "message": told.message,
        "link_to": kind.link.format(**dict(told.link_values)),
        "icon_identifier": kind.icon,
        "is_read": not unread,
        "read_at_utc": None if unread else min(told.at + timedelta(hours=1), stage.now),
        "target_type": told.target_type,
        "target_id": str(told.target_id),
        "target_name": told.target_name,
        "created_at": told.at,
    }


def _of_checkins(history: SampleHistory, stage: Stage) -> Iterator[Told]:
    for system in SYSTEMS:
        owner, partner, title = system.owner, partner_of(system.owner), system.title
        link = (("system_id", str(history.system_ids[title])),)
        for row in history.checkins[title]:
            if row["status"] is CheckinStatus.SKIPPED or row["partnership_id"] is None:
                continue
            subject = ("checkin", row["id"], title)
            if not system.verified:
                message = f"{owner.name} completed {title!r}."
                kind = NotificationType.PARTNER_CHECKIN_COMPLETED
                at = row["created_at"]
                yield Told(partner, owner, kind, at, "Partner checked in", message, *subject)
                continue
            yield Told(
                partner,
                owner,
                NotificationType.VERIFICATION_REQUESTED,
                row["created_at"],
                "Verification requested",
                f"{owner.name} asks you to verify {title!r}.",
                *subject,
                unread=row["verified_at_utc"] is None,
            )
            if row["verified_at_utc"] is None:
                continue
            verified = row["status"] is CheckinStatus.VERIFIED_COMPLETED
            yield Told(
                owner,
                partner,
                NotificationType.CHECKIN_VERIFIED if verified else NotificationType.CHECKIN_QUERIED,
                row["verified_at_utc"],
                "Check-in verified" if verified else "Question about your check-in",
                f"{partner.name} verified {title!r}."
                if verified
                else f"{partner.name} asks about {title!r}: {row['verifier_query']}",
                *subject,
                link_values=link,
                unread=None if verified else True,
            )


def _of_goals(history: SampleHistory, stage: Stage) -> Iterator[Told]:
    for goal in GOALS:
        if goal.status is GoalStatus.ACHIEVED and goal.achieved is not None:
            goal_id = history.goal_ids[goal]
            yield Told(
                partner_of(goal.owner),
                goal.owner,
                NotificationType.GOAL_ACHIEVED,
                stage.instant(goal.owner, goal.achieved, time(21)),
                "Goal achieved",
                f"{goal.owner.name} achieved {goal.title!r}.",
                "goal",
                goal_id,
                goal.title,
                (("goal_id", str(goal_id)),),
            )


def _of_milestones(milestones: list[Row], people: Mapping[UUID, Person]) -> Iterator[Told]:
    for row in milestones:
        person, length = people[row["user_id"]], row["length"]
        for recipient in (person, partner_of(person)):
            who = "You" if recipient is person else person.name
            if recipient is not person and row["partnership_id"] is None:
                continue
            yield Told(
                recipient,
                person,
                NotificationType.STREAK_MILESTONE,
                row["reached_at"],
                f"{length} days in a row",
                f"{who} reached a streak of {length} days.",
                "streak_milestone",
                row["id"],
                f"{length} days",
            )


def _of_reflections(reflections: list[Row], people: Mapping[UUID, Person]) -> Iterator[Told]:
    for row in reflections:
        if row["partnership_id"] is not None:
            author = people[row["user_id"]]
            yield Told(
                partner_of(author),
                author,
                NotificationType.REFLECTION_ADDED,
                row["created_at"],
                "New reflection",
                f"{author.name} wrote a reflection.",
                "reflection",
                row["id"],
            )


def _of_messages(
    messages: list[Row], people: Mapping[UUID, Person], stage: Stage
) -> Iterator[Told]:
    """Unread messages of a thread are told in one notification, by the newest of them."""
    unread = [row for row in messages if row["read_at_utc"] is None]
    for row in [*(row for row in messages if row["read_at_utc"]), *unread[-1:]]:
        sender = people[row["sender_id"]]
        yield Told(
            partner_of(sender),
            sender,
            NotificationType.NEW_DIRECT_MESSAGE,
            row["sent_at_utc"],
            "New message",
            f"{sender.name}: {row['text_content'] or row['emoji_content']}",
            "partnership",
            stage.partnership_id,
            unread=row["read_at_utc"] is None,
        )


_CALLED = {
    ReactionTarget.CHECKIN.value: "check-in",
    ReactionTarget.REFLECTION.value: "reflection",
    ReactionTarget.DIRECT_MESSAGE.value: "message",
    CommentTarget.GOAL.value: "goal",
}


def _of_reactions(
    reactions: list[Row], people: Mapping[UUID, Person], authors: Mapping[UUID, Person]
) -> Iterator[Told]:
    for row in reactions:
        person, kind = people[row["user_id"]], row["target_type"]
        to_message = kind is ReactionTarget.DIRECT_MESSAGE
        yield Told(
            authors[row["target_id"]],
            person,
            NotificationType.MESSAGE_REACTION if to_message else NotificationType.NEW_REACTION,
            row["created_at"],
            "New reaction",
            f"{person.name} reacted to your {_CALLED[kind.value]}.",
            kind.value,
            row["target_id"],
            link_values=(("target_link", _FEED),),
        )


def _of_comments(
    comments: list[Row], people: Mapping[UUID, Person], authors: Mapping[UUID, Person]
) -> Iterator[Told]:
    for row in comments:
        person, kind = people[row["user_id"]], row["target_type"]
        own = authors[row["target_id"]] is person
        called = _CALLED[kind.value]
        yield Told(
            partner_of(person),
            person,
            NotificationType.NEW_COMMENT,
            row["created_at"],
            "New comment",
            f"{person.name} replied to your comment on their {called}."
            if own
            else f"{person.name} commented on your {called}.",
            "comment",
            row["id"],
            link_values=(
                (
                    "target_link",
                    f"/goals/{row['target_id']}" if kind is CommentTarget.GOAL else _FEED,
                ),
            ),
        )
