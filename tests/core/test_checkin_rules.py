"""What becomes of a check-in: every state, every edit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.checkin_rules import check_value, edited_status, logged_status
from app.core.enums import CheckinStatus, SystemMetricType
from app.core.errors import MetricValueNotAllowed, MetricValueRequired
from app.core.milestones import MILESTONES, is_milestone, milestone_within

COMPLETED, SKIPPED = CheckinStatus.COMPLETED, CheckinStatus.SKIPPED
PENDING, QUERIED = CheckinStatus.PENDING_VERIFICATION, CheckinStatus.QUERIED_BY_PARTNER
EDITABLE = st.sampled_from([COMPLETED, SKIPPED, PENDING, QUERIED])


@pytest.mark.parametrize(
    ("skipped", "required", "partner", "expected"),
    [
        (True, True, True, SKIPPED),
        (True, False, False, SKIPPED),
        (False, True, True, PENDING),
        (False, True, False, COMPLETED),
        (False, False, True, COMPLETED),
        (False, False, False, COMPLETED),
    ],
)
def test_a_new_act(skipped: bool, required: bool, partner: bool, expected: CheckinStatus) -> None:
    status = logged_status(skipped=skipped, verification_required=required, has_partner=partner)
    assert status is expected


@given(
    current=EDITABLE,
    skip=st.sampled_from([True, False, None]),
    in_current=st.booleans(),
    required=st.booleans(),
    partner=st.booleans(),
)
def test_an_edit_never_verifies_never_queries_and_waits_only_for_somebody(
    current: CheckinStatus, skip: bool | None, in_current: bool, required: bool, partner: bool
) -> None:
    # What waits for the partner of the current partnership has one.
    partner = partner or (in_current and current in (PENDING, QUERIED))

    status = edited_status(
        current,
        skip=skip,
        in_current_partnership=in_current,
        verification_required=required,
        has_partner=partner,
    )

    assert status in (COMPLETED, SKIPPED, PENDING)
    assert (status is SKIPPED) == (skip is True or (skip is None and current is SKIPPED))
    if status is PENDING:
        assert partner
    if status is PENDING and current in (COMPLETED, SKIPPED):
        assert required
    if current is COMPLETED and (skip is None or (skip is False and in_current)):
        assert status is COMPLETED


@given(
    metric=st.sampled_from(SystemMetricType),
    skipped=st.booleans(),
    value=st.none() | st.floats(0.1, 1e6),
)
def test_a_value_is_there_exactly_where_something_counted_was_completed(
    metric: SystemMetricType, skipped: bool, value: float | None
) -> None:
    wanted = metric is not SystemMetricType.BINARY and not skipped
    if wanted == (value is not None):
        check_value(metric, value, skipped=skipped)
        return
    with pytest.raises(MetricValueRequired if wanted else MetricValueNotAllowed):
        check_value(metric, value, skipped=skipped)


def test_the_milestones_are_the_eight() -> None:
    assert [days for days in range(1000) if is_milestone(days)] == sorted(MILESTONES)
    assert sorted(MILESTONES) == [3, 7, 14, 30, 60, 100, 180, 365]


@given(length=st.integers(0, 400), spare=st.integers(0, 5))
def test_a_milestone_is_within_reach_when_some_of_the_spare_dates_lead_there(
    length: int, spare: int
) -> None:
    reachable = set(range(length, length + spare + 1))
    assert milestone_within(length, spare=spare) == bool(reachable & MILESTONES)
