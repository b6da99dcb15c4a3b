"""What partners say about each other's check-ins, reflections and goals (Specification §4.10)."""

from uuid import UUID

from app.core.clock import Clock
from app.core.enums import CommentTarget
from app.core.errors import AppError, CommentNotFound, NotYours, ReplyToReply
from app.core.notification_catalogue import NotificationType
from app.core.paging import PageRequest
from app.crud.crud_comment import CommentCrud, CommentRow, ListedRow
from app.crud.crud_notification import NotificationDraft, notification_parameters
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.comment_schemas import CommentCreate, CommentRead, CommentUpdate
from app.schemas.user_schemas import PartnerDetails
from app.services.visible_targets import VisibleTargets, described, link_to, not_found


class CommentService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._comments = CommentCrud(session)
        self._targets = VisibleTargets(session)
        self._clock = clock

    async def list_about(
        self, account: Account, kind: CommentTarget, target_id: UUID, *, page: PageRequest
    ) -> Page[CommentRead]:
        """Raises CheckinNotFound, ReflectionNotFound, GoalNotFound."""
        await self._targets.get(account, kind, target_id)
        rows, total = await self._comments.list_about(
            kind,
            target_id,
            viewer_id=account.id,
            partner_id=account.partner_id,
            page=page,
        )
        return Page(items=[_listed(row) for row in rows], pagination=pagination(page, total))

    async def create(
        self, account: Account, kind: CommentTarget, target_id: UUID, data: CommentCreate
    ) -> CommentRead:
        """Comment, or answer a comment; the partner is told if either is theirs.

        Raises CheckinNotFound, ReflectionNotFound, GoalNotFound, CommentNotFound, ReplyToReply.
        """
        target = await self._targets.get(account, kind, target_id)
        answered = None
        if data.parent_comment_id is not None:
            answered = await self._answered(account, kind, target_id, data.parent_comment_id)
        concerned = {target["author_id"], answered} - {None, account.id}
        words = described(kind, target["name"])
        now = self._clock.now()
        row = await self._comments.create(
            kind,
            actor_id=account.id,
            about_id=target_id,
            answered_id=data.parent_comment_id,
            given_text=data.text_content,
            now=now,
            **notification_parameters(
                # Of the two people only the partner is left.
                account.partner_id if concerned else None,
                NotificationDraft(
                    type=NotificationType.NEW_COMMENT,
                    title="New comment",
                    message=f"{account.display_name} commented on your {words}."
                    if target["author_id"] != account.id
                    else f"{account.display_name} replied to your comment on their {words}.",
                    actor_id=account.id,
                    target_type="comment",
                    target_name=target["name"],
                    link_values=(("target_link", link_to(kind, target_id)),),
                ),
                now,
            ),
        )
        if row is None:  # something went, or the partnership ended, between two statements
            raise CommentNotFound if data.parent_comment_id else not_found(kind)
        return _own(row, account)

    async def update(self, account: Account, comment_id: UUID, data: CommentUpdate) -> CommentRead:
        """Raises CommentNotFound, NotYours."""
        row = await self._comments.update_own(
            comment_id, account.id, text=data.text_content, now=self._clock.now()
        )
        if row is None:
            raise await self._refusal(account, comment_id)
        return _own(row, account)

    async def delete(self, account: Account, comment_id: UUID) -> None:
        """With its replies. Raises CommentNotFound, NotYours."""
        if not await self._comments.delete_own(comment_id, account.id):
            raise await self._refusal(account, comment_id)

    async def _refusal(self, account: Account, comment_id: UUID) -> AppError:
        """Why a comment could not be written to; a visible own one went meanwhile."""
        seen = await self._comments.get_visible(
            comment_id, viewer_id=account.id, partner_id=account.partner_id
        )
        if seen is None or seen["user_id"] == account.id:
            return CommentNotFound()
        return NotYours()

    async def _answered(
        self, account: Account, kind: CommentTarget, target_id: UUID, parent_id: UUID
    ) -> UUID:
        """Who wrote the comment that is answered."""
        parent = await self._comments.get_visible(
            parent_id, viewer_id=account.id, partner_id=account.partner_id
        )
        if parent is None or (parent["target_type"], parent["target_id"]) != (kind, target_id):
            raise CommentNotFound
        if parent["parent_comment_id"] is not None:
            raise ReplyToReply
        return parent["user_id"]


def _own(row: CommentRow, account: Account) -> CommentRead:
    author = PartnerDetails(
        id=account.id,
        name=account.name,
        username=account.username,
        avatar_url=account.profile_image_url,
    )
    return CommentRead(**row, author=author)


def _listed(row: ListedRow) -> CommentRead:
    return CommentRead(
        id=row["id"],
        target_type=row["target_type"],
        target_id=row["target_id"],
        parent_comment_id=row["parent_comment_id"],
        author=PartnerDetails(
            id=row["author_id"],
            name=row["author_name"],
            username=row["author_username"],
            avatar_url=row["author_avatar_url"],
        ),
        text_content=row["text_content"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
