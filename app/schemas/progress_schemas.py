"""Progress: how consistent somebody was, over time and compared with the partner."""

import datetime
from uuid import UUID

from pydantic import Field

from app.core.enums import SystemMetricType, SystemStatus
from app.schemas.base_schemas import ResponseSchema
from app.schemas.user_schemas import PublicUser


class RangeRead(ResponseSchema):
    """Dates of the caller's calendar; both belong to the range."""

    start_date: datetime.date = Field(examples=["2026-03-04"])
    end_date: datetime.date = Field(examples=["2026-03-10"])


class ProgressStats(ResponseSchema):
    """All but the streaks is about the range."""

    overall_consistency: int | None = Field(
        description="Credited of required occurrences, in percent. Excused skips, and open "
        "occurrences that are not credited, are left out; null when nothing was required.",
        examples=[86],
    )
    current_streak: int = Field(
        description="As of now: days with a check-in in a row or, of one system, its required "
        "occurrences (weeks of a weekly target).",
        examples=[12],
    )
    longest_streak: int = Field(description="The same, at best ever.", examples=[30])
    most_consistent_day: str | None = Field(
        description="The weekday with the best consistency of those that asked for at least two "
        "check-ins; null when there is none.",
        examples=["Wednesdays"],
    )
    total_check_ins: int = Field(
        description="Check-ins that count, on off-days too; skips do not.", examples=[41]
    )
    systems_completed: int = Field(
        description="How many different systems have at least one of these check-ins.",
        examples=[4],
    )
    verified_rate: int | None = Field(
        description="Verified of the check-ins that the partner has verified or queried, in "
        "percent; null when there are none.",
        examples=[95],
    )


class SystemChoice(ResponseSchema):
    """One of the caller's systems, to narrow the page to."""

    id: UUID
    name: str = Field(examples=["Morning run"])
    goal_id: UUID | None
    status: SystemStatus


class ConsistencyPoint(ResponseSchema):
    """A date or, of ranges over 92 dates, an ISO week; null where nothing was required."""

    date: datetime.date = Field(
        description="The date; of a week, its first date within the range.",
        examples=["2026-03-09"],
    )
    date_label: str = Field(examples=["Mon 9 Mar"])
    user_consistency: int | None = Field(description="In percent.", examples=[100])
    partner_consistency: int | None = Field(
        description="In percent; null without `comparePartner`.", examples=[50]
    )


class SystemEngagement(ResponseSchema):
    """How often a system was checked in on within the range; skips do not count."""

    system_id: UUID
    system_name: str = Field(examples=["Morning run"])
    user_logged_count: int = Field(description="0 for the partner's systems.", examples=[3])
    partner_logged_count: int | None = Field(
        description="0 for the caller's systems; null without `comparePartner`.", examples=[0]
    )


class MetricTotal(ResponseSchema):
    """What was logged in the range on one of the caller's systems that count something."""

    system_id: UUID
    system_name: str = Field(examples=["Morning run"])
    metric_type: SystemMetricType = Field(examples=["duration"])
    unit: str | None = Field(examples=["minutes"])
    total: float = Field(examples=[96])


class ProgressRead(ResponseSchema):
    goal_title: str | None = Field(
        description="Of the goal, or of the chosen system's goal.", examples=["Run a half marathon"]
    )
    range: RangeRead
    partner_profile: PublicUser | None = Field(description="Null without `comparePartner`.")
    personal_stats: ProgressStats
    partner_stats: ProgressStats | None = Field(
        description="Only of what happened within the partnership. Null without `comparePartner`, "
        "and without a partner."
    )
    user_systems_list: list[SystemChoice] = Field(
        description="The caller's systems, of the chosen goal if any; newest first, up to 200."
    )
    consistency_over_time: list[ConsistencyPoint] = Field(description="Oldest first.")
    system_engagement: list[SystemEngagement] = Field(
        description="The caller's systems, then the partner's; up to 200 each."
    )
    metric_totals: list[MetricTotal] = Field(description="Up to 200.")


class HeatmapDay(ResponseSchema):
    date: datetime.date = Field(examples=["2026-03-09"])
    required: int | None = Field(
        description="Check-ins that the schedules asked for on this date, without excused skips; "
        "systems with a number of times a week ask for no date in particular. Null for dates to "
        "come.",
        examples=[3],
    )
    credited: int = Field(
        description="Check-ins of this date that count, on off-days too.", examples=[2]
    )
