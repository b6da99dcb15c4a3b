"""What other people's reactions and comments add to a row, as columns of any query.

A former partner's words and reactions stay stored but are shown to nobody: of what is said about
check-ins, reflections and goals, only the viewer's and the active partner's part is read. Such
columns take the parameters `viewer_id` and `partner_id` (null without a partner).
"""

from typing import Any

from sqlalchemy import ColumnElement, Uuid, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import ScalarSelect

from app.core.enums import CommentTarget, ReactionTarget
from app.db.models import Comment, Reaction
from app.db.query import Column


def is_one_of_the_two(author: Column) -> ColumnElement[bool]:
    """Whether `author` is the parameter `viewer_id` or `partner_id`."""
    return or_(
        author == bindparam("viewer_id", type_=Uuid), author == bindparam("partner_id", type_=Uuid)
    )


def reactions_json(target: ReactionTarget, target_id: Column) -> ScalarSelect[Any]:
    """A JSON list of `{"emoji", "user_id"}`, oldest first; null when there are none.

    Reactions to messages, which only members of their partnership can read, are always complete
    and take no parameters; for all others see the top of this module.
    """
    reaction = aliased(Reaction)
    found = select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object("emoji", reaction.emoji, "user_id", reaction.user_id),
                reaction.created_at,
                reaction.id,
            )
        )
    ).where(reaction.target_type == target, reaction.target_id == target_id)
    if target is not ReactionTarget.DIRECT_MESSAGE:
        found = found.where(is_one_of_the_two(reaction.user_id))
    return found.correlate_except(reaction).scalar_subquery()


def comments_count(target: CommentTarget, target_id: Column) -> ScalarSelect[int]:
    """How many comments the viewer can read there, replies included."""
    comment = aliased(Comment)
    return (
        select(func.count(comment.id))
        .where(
            comment.target_type == target,
            comment.target_id == target_id,
            is_one_of_the_two(comment.user_id),
        )
        .correlate_except(comment)
        .scalar_subquery()
    )
