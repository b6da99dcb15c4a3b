"""What an item of the activity feed tells, as columns beside its type's rank and its row's id.

Scalar subqueries behind a CASE: each row of a page is looked up by its key, in one table only.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    case,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import ScalarSelect

from app.core.activity import RANKS, ActivityType
from app.core.enums import CommentTarget, ReactionTarget
from app.crud.reaction_columns import comments_count, reactions_json
from app.db.models import Checkin, Goal, Partnership, Reflection, StreakMilestone, System
from app.db.query import Column

_goal_title = (
    select(Goal.title).where(Goal.id == System.goal_id).correlate(System).scalar_subquery()
)
_CHECKIN_KEYS: dict[str, Any] = {
    "checkin_id": Checkin.id,
    "system_id": Checkin.system_id,
    "system_title": System.title,
    "goal_id": System.goal_id,
    "goal_title": _goal_title,
    "status": Checkin.status,
    "local_date": Checkin.checkin_date_local,
    "is_late": Checkin.is_late,
    "metric_type": System.metric_type,
    "metric_value_logged": Checkin.metric_value_logged,
    "target_value": System.target_value,
    "target_unit": System.target_unit,
    "notes": Checkin.notes,
    "photo_url": Checkin.photo_url,
    "verifier_query": Checkin.verifier_query,
}
_GOAL_KEYS: dict[str, Any] = {
    "goal_id": Goal.id,
    "goal_title": Goal.title,
    "description": Goal.description,
    "category": Goal.category,
    "priority": Goal.priority,
    "status": Goal.status,
    "target_date": Goal.target_date,
    "is_archived": Goal.is_archived,
}
_SYSTEM_KEYS: dict[str, Any] = {
    "system_id": System.id,
    "system_title": System.title,
    "description": System.description,
    "goal_id": System.goal_id,
    "goal_title": _goal_title,
    "frequency": System.frequency,
    "frequency_details": System.frequency_details,
    "target_time_local": System.target_time_local,
}
_REFLECTION_KEYS: dict[str, Any] = {
    "reflection_id": Reflection.id,
    "reflection_date_local": Reflection.reflection_date_local,
    "reflection_content": Reflection.content,
    "prompt_id": Reflection.prompt_id,
    "prompt_text": Reflection.prompt_text,
}
_MILESTONE_KEYS: dict[str, Any] = {
    "milestone_id": StreakMilestone.id,
    "streak_length": StreakMilestone.length,
    "local_date": StreakMilestone.local_date,
}
_PARTNERSHIP_KEYS: dict[str, Any] = {
    "partnership_id": Partnership.id,
    "partnership_name": Partnership.name,
}


def content_of_act(rank: Column, row_id: Column) -> ColumnElement[Any]:
    """A JSON object, whose keys are those of the type's content schema."""

    def row_of(key: InstrumentedAttribute[Any], keys: dict[str, Any]) -> ScalarSelect[Any]:
        pairs = [
            part
            for name, value in keys.items()
            for part in (literal_column(f"'{name}'", String), value)
        ]
        found = select(func.jsonb_build_object(*pairs)).select_from(key.class_)
        if key is Checkin.id:
            found = found.join(System, System.id == Checkin.system_id)
        return found.where(key == row_id).correlate(row_id.table).scalar_subquery()

    content = case(
        (
            _is(rank, ActivityType.SYSTEM_CHECKIN),
            row_of(Checkin.id, _CHECKIN_KEYS),
        ),
        (
            _is(rank, ActivityType.GOAL_CREATED, ActivityType.GOAL_ACHIEVED),
            row_of(Goal.id, _GOAL_KEYS),
        ),
        (
            _is(rank, ActivityType.SYSTEM_CREATED),
            row_of(System.id, _SYSTEM_KEYS),
        ),
        (
            _is(rank, ActivityType.REFLECTION_ADDED),
            row_of(Reflection.id, _REFLECTION_KEYS),
        ),
        (
            _is(rank, ActivityType.STREAK_MILESTONE),
            row_of(StreakMilestone.id, _MILESTONE_KEYS),
        ),
        (
            _is(rank, ActivityType.PARTNERSHIP_STARTED),
            row_of(Partnership.id, _PARTNERSHIP_KEYS),
        ),
    )
    return type_coerce(content, JSONB)


def reactions_to_act(rank: Column, row_id: Column) -> ColumnElement[Any]:
    """As `reactions_json`; null on what nobody can react to."""
    reactions = case(
        (
            _is(rank, ActivityType.SYSTEM_CHECKIN),
            reactions_json(ReactionTarget.CHECKIN, row_id),
        ),
        (
            _is(rank, ActivityType.REFLECTION_ADDED),
            reactions_json(ReactionTarget.REFLECTION, row_id),
        ),
    )
    return type_coerce(reactions, JSONB)


def comments_on_act(rank: Column, row_id: Column) -> ColumnElement[int]:
    """As `comments_count`; null on what nobody can comment on. A goal's are on all its items."""
    comments = case(
        (
            _is(rank, ActivityType.SYSTEM_CHECKIN),
            comments_count(CommentTarget.CHECKIN, row_id),
        ),
        (
            _is(rank, ActivityType.REFLECTION_ADDED),
            comments_count(CommentTarget.REFLECTION, row_id),
        ),
        (
            _is(rank, ActivityType.GOAL_CREATED, ActivityType.GOAL_ACHIEVED),
            comments_count(CommentTarget.GOAL, row_id),
        ),
    )
    return type_coerce(comments, Integer)


def _is(rank: Column, *types: ActivityType) -> ColumnElement[bool]:
    return or_(*(rank == literal_column(str(RANKS[kind]), Integer) for kind in types))
