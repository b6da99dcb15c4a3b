"""The statements that remove what belongs to a person, each a part that takes a moment.

Whoever adds a table that holds personal data without a cascading key to `users` adds its step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Delete,
    Select,
    String,
    Update,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.core.enums import CommentTarget, EmailStatus, PartnershipStatus, ReactionTarget
from app.db.models import (
    Checkin,
    Comment,
    DirectMessage,
    EmailOutbox,
    Goal,
    IdempotencyKey,
    Notification,
    Partnership,
    RateLimit,
    Reaction,
    Reflection,
    System,
)
from app.db.query import is_among
from app.emails.messages import PartnershipInvitation

Statement = Update | Delete


@dataclass(frozen=True, slots=True)
class Leaver:
    """`confirmed_email` is None while nobody showed that the address is this person's.

    Otherwise somebody could sign up with a stranger's address and wipe out the stranger's mail.
    """

    id: UUID
    confirmed_email: str | None
    names: tuple[str, ...]


def withdrawal_steps(leaver: Leaver, now: datetime) -> Iterator[Statement]:
    """Invitations from and to the person, and e-mails to them, for one transaction."""
    sent_to = select(Partnership.invite_email).where(Partnership.user1_id == leaver.id)
    yield delete(EmailOutbox).where(
        EmailOutbox.kind == PartnershipInvitation.kind,
        EmailOutbox.to_email.in_(sent_to),
        EmailOutbox.payload["inviter_name"].astext.in_([*leaver.names, ""]),
    )
    yield delete(Partnership).where(Partnership.user1_id == leaver.id, _is_open())
    yield delete(EmailOutbox).where(EmailOutbox.user_id == leaver.id)
    if leaver.confirmed_email is None:
        return
    yield delete(EmailOutbox).where(EmailOutbox.to_email == leaver.confirmed_email)
    inviters = select(Partnership.user1_id).where(
        Partnership.invite_email == leaver.confirmed_email, _is_open()
    )
    yield _forget_answers_about(leaver, inviters)
    # What the inviter set up waits for another partner, as before anybody was invited.
    yield (
        update(Partnership)
        .where(Partnership.invite_email == leaver.confirmed_email, _is_open())
        .values(
            invite_email=None,
            invite_token=None,
            mailed_invite_token=None,
            invite_token_expires_at=None,
            invite_message=None,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def deletion_steps(leaver: Leaver, at_most: int) -> list[Statement]:
    """In their order, each for at most some rows, to be repeated until it finds no more."""
    shared = _partnerships_of(leaver)
    shared_messages = select(DirectMessage.id).where(DirectMessage.partnership_id.in_(shared))
    targets: dict[str, Select[UUID]] = {
        "checkin": select(Checkin.id).where(Checkin.user_id == leaver.id),
        "reflection": select(Reflection.id).where(Reflection.user_id == leaver.id),
        "goal": select(Goal.id).where(Goal.user_id == leaver.id),
        "direct_message": shared_messages,
    }

    def some(model: Any, *where: ColumnElement[bool]) -> Delete:
        chosen = select(model.id).where(*where).limit(at_most)
        return delete(model).where(is_among(model.id, chosen)).execution_options(**_BLIND)

    return [
        *(
            some(Comment, Comment.target_type == kind, Comment.target_id.in_(targets[kind]))
            for kind in CommentTarget
        ),
        *(
            some(Reaction, Reaction.target_type == kind, Reaction.target_id.in_(targets[kind]))
            for kind in ReactionTarget
        ),
        some(Notification, Notification.actor_user_id == leaver.id),
        some(
            Notification,
            Notification.recipient_id.in_(_companions_of(leaver)),
            Notification.target_id.in_(_ids_of(leaver, targets)),
        ),
        _release_partners_checkins(leaver, at_most),
        _forget_failed_emails(leaver),
        _forget_answers_about(leaver, _companions_of(leaver)),
        delete(RateLimit).where(RateLimit.subject == str(leaver.id)),
        some(DirectMessage, DirectMessage.partnership_id.in_(shared)),
        some(Comment, Comment.user_id == leaver.id),
        some(Reaction, Reaction.user_id == leaver.id),
        some(Notification, Notification.recipient_id == leaver.id),
        some(Reflection, Reflection.user_id == leaver.id),
        some(Checkin, Checkin.user_id == leaver.id),
    ]


_BLIND = {"synchronize_session": False}


def _is_open() -> ColumnElement[bool]:
    return Partnership.status.in_(
        [PartnershipStatus.PENDING_INVITE, PartnershipStatus.EXPIRED_INVITE]
    )


def _partnerships_of(leaver: Leaver) -> Select[UUID]:
    return select(Partnership.id).where(
        or_(Partnership.user1_id == leaver.id, Partnership.user2_id == leaver.id)
    )


def _companions_of(leaver: Leaver) -> Any:
    """Everybody who was once this person's partner."""
    return union_all(
        select(Partnership.user2_id).where(
            Partnership.user1_id == leaver.id, Partnership.user2_id.is_not(None)
        ),
        select(Partnership.user1_id).where(Partnership.user2_id == leaver.id),
    )


def _ids_of(leaver: Leaver, targets: dict[str, Select[UUID]]) -> Any:
    """What a notification may point at, in the form in which it does."""
    others = (
        select(System.id).where(System.user_id == leaver.id),
        select(Comment.id).where(Comment.user_id == leaver.id),
        _partnerships_of(leaver),
    )
    ids = union_all(*targets.values(), *others).subquery()
    return select(cast(ids.c[0], String))


def _release_partners_checkins(leaver: Leaver, at_most: int) -> Update:
    """They stay the partner's. The question that was asked was the leaver's words."""
    chosen = (
        select(Checkin.id)
        .where(
            Checkin.user_id != leaver.id,
            or_(
                Checkin.partnership_id.in_(_partnerships_of(leaver)),
                Checkin.verified_by_partner_id == leaver.id,
            ),
        )
        .limit(at_most)
    )
    return (
        update(Checkin)
        .where(is_among(Checkin.id, chosen))
        .values(partnership_id=None, verified_by_partner_id=None, verifier_query=None)
        .execution_options(**_BLIND)
    )


def _forget_failed_emails(leaver: Leaver) -> Update:
    """E-mails to a partner that will not be sent again keep no name."""
    return (
        update(EmailOutbox)
        .where(
            EmailOutbox.user_id.in_(_companions_of(leaver)),
            EmailOutbox.status == EmailStatus.FAILED,
            EmailOutbox.payload != literal({}, JSONB),
        )
        .values(payload={})
        .execution_options(**_BLIND)
    )


def _forget_answers_about(leaver: Leaver, holders: Any) -> Delete:
    """Answers kept for repeated requests: people appear in them by id, invited ones by address."""
    words = [str(leaver.id), *([leaver.confirmed_email] if leaver.confirmed_email else [])]
    return delete(IdempotencyKey).where(
        IdempotencyKey.user_id.in_(holders),
        or_(*(func.strpos(IdempotencyKey.response_body, word) > 0 for word in words)),
    )
