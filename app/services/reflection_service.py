"""Reflections: what a person thought about a day (Specification §4.6)."""

from datetime import date
from uuid import UUID

from app.core.clock import Clock
from app.core.errors import (
    NoActivePartnership,
    NotYours,
    ReflectionExists,
    ReflectionInFuture,
    ReflectionNotFound,
    ServiceUnavailable,
    UnknownPrompt,
)
from app.core.local_time import today
from app.core.notification_catalogue import NotificationType
from app.core.paging import PageRequest
from app.core.reflection_prompts import prompt_with, prompts_for
from app.crud.crud_notification import NotificationDraft, notification_parameters
from app.crud.crud_reflection import ReflectionCrud, ReflectionRow, Viewer
from app.crud.crud_user import Account, UserCrud
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.reflection_schemas import (
    PromptRead,
    ReflectionCreate,
    ReflectionRead,
    ReflectionUpdate,
)
from app.services.reaction_reading import read_reactions


class ReflectionService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._reflections = ReflectionCrud(session)
        self._users = UserCrud(session)
        self._clock = clock

    def prompts(
        self, account: Account, *, page: PageRequest, local_date: date | None
    ) -> Page[PromptRead]:
        """The prompts of a date, by default the person's today."""
        shown = prompts_for(local_date or self._today(account))
        return Page(
            items=[
                PromptRead(id=prompt.id, text=prompt.text)
                for prompt in shown[page.offset : page.offset + page.limit]
            ],
            pagination=pagination(page, len(shown)),
        )

    async def create(self, account: Account, data: ReflectionCreate) -> ReflectionRead:
        """Keep what the person thought about a date, and tell the partner, in one statement.

        Raises ReflectionInFuture, UnknownPrompt, ReflectionExists.
        """
        local_date = data.reflection_date_local or self._today(account)
        if local_date > self._today(account):
            raise ReflectionInFuture
        prompt_text = _prompt_text(data.prompt_id, data.prompt_text)
        row = await self._save(account, data, local_date, prompt_text)
        if row is None:
            # The partnership changed between two statements: once more, as it is now.
            current = await self._users.get_account(account.id)
            row = await self._save(current, data, local_date, prompt_text) if current else None
        if row is None:
            raise ServiceUnavailable
        return _read(row, account.id)

    async def _save(
        self, account: Account, data: ReflectionCreate, local_date: date, prompt_text: str | None
    ) -> ReflectionRow | None:
        """None when the partnership had changed. Raises ReflectionExists."""
        viewer, now = _viewer(account), self._clock.now()
        row = await self._reflections.create(
            viewer,
            in_partnership_id=account.current_partnership_id,
            given_reflection_date_local=local_date,
            given_content=data.reflection_content,
            given_prompt_id=data.prompt_id,
            given_prompt_text=prompt_text,
            given_created_at=now,
            **notification_parameters(account.partner_id, _draft(account, local_date), now),
        )
        if row is None:
            existing = await self._reflections.get_own_on(viewer, local_date)
            if existing is not None:
                raise ReflectionExists(local_date=local_date, reflection_id=existing["id"])
        return row

    async def get(self, account: Account, reflection_id: UUID) -> ReflectionRead:
        """One of the caller's or the active partner's. Raises ReflectionNotFound."""
        row = await self._reflections.get_visible(_viewer(account), reflection_id)
        if row is None:
            raise ReflectionNotFound
        return _read(row, account.id)

    async def get_own_on(self, account: Account, local_date: date) -> ReflectionRead:
        """The caller's of a date. Raises ReflectionNotFound."""
        row = await self._reflections.get_own_on(_viewer(account), local_date)
        if row is None:
            raise ReflectionNotFound("You have not reflected on this day.")
        return _read(row, account.id)

    async def list_of_partner(
        self, account: Account, *, page: PageRequest, from_date: date | None, to_date: date | None
    ) -> Page[ReflectionRead]:
        """Raises NoActivePartnership."""
        if account.partner_id is None:
            raise NoActivePartnership
        return await self.list_of(
            account, account.partner_id, page=page, from_date=from_date, to_date=to_date
        )

    async def list_of(
        self,
        account: Account,
        author_id: UUID,
        *,
        page: PageRequest,
        from_date: date | None,
        to_date: date | None,
    ) -> Page[ReflectionRead]:
        """The caller's or the active partner's, newest date first. Raises ReflectionNotFound."""
        if author_id not in account.self_and_partner_ids:
            raise ReflectionNotFound("There are no reflections that you could see here.")
        rows, total = await self._reflections.list_of(
            _viewer(account), author_id, page=page, from_date=from_date, to_date=to_date
        )
        return Page(
            items=[_read(row, account.id) for row in rows], pagination=pagination(page, total)
        )

    async def update(
        self, account: Account, reflection_id: UUID, data: ReflectionUpdate
    ) -> ReflectionRead:
        """Change one's own; nobody is told. Raises ReflectionNotFound, NotYours, UnknownPrompt."""
        reflection = await self._reflections.lock_own(reflection_id, account.id)
        if reflection is None:
            raise await self._refusal(account, reflection_id)
        changes = data.changes()
        if "reflection_content" in changes:
            reflection.content = data.reflection_content
        if "prompt_id" in changes:
            reflection.prompt_text = _prompt_text(data.prompt_id, data.prompt_text)
            reflection.prompt_id = data.prompt_id
        elif "prompt_text" in changes:
            reflection.prompt_text = _prompt_text(reflection.prompt_id, data.prompt_text)
        reflection.updated_at = self._clock.now()
        await self._reflections.save()
        return await self.get(account, reflection_id)

    async def delete(self, account: Account, reflection_id: UUID) -> None:
        """Delete one's own, with what was said about it. Raises ReflectionNotFound, NotYours."""
        if not await self._reflections.delete_own(reflection_id, account.id):
            raise await self._refusal(account, reflection_id)

    async def _refusal(self, account: Account, reflection_id: UUID) -> Exception:
        visible = await self._reflections.get_visible(_viewer(account), reflection_id)
        return ReflectionNotFound() if visible is None else NotYours()

    def _today(self, account: Account) -> date:
        return today(self._clock.now(), account.timezone)


def _viewer(account: Account) -> Viewer:
    return Viewer(account.id, account.partner_id)


def _prompt_text(prompt_id: str | None, given: str | None) -> str | None:
    """What was asked: as the client showed it, or else as our set says. Raises UnknownPrompt."""
    if prompt_id is None or given is not None:
        return given
    prompt = prompt_with(prompt_id)
    if prompt is None:
        raise UnknownPrompt
    return prompt.text


def _read(row: ReflectionRow, viewer_id: UUID) -> ReflectionRead:
    return ReflectionRead.model_validate(
        {**row, "reactions": read_reactions(row["reactions"], viewer_id)}
    )


def _draft(account: Account, local_date: date) -> NotificationDraft:
    return NotificationDraft(
        type=NotificationType.REFLECTION_ADDED,
        title="New reflection",
        message=f"{account.display_name} reflected on {local_date:%d %B %Y}.",
        actor_id=account.id,
        target_type="reflection",
        target_name=f"{local_date:%d %B %Y}",
    )
