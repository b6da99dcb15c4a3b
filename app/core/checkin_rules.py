"""What a check-in may say, and what becomes of it when it is made or changed."""

from app.core.enums import CheckinStatus, SystemMetricType
from app.core.errors import MetricValueNotAllowed, MetricValueRequired

_WAITING = (CheckinStatus.PENDING_VERIFICATION, CheckinStatus.QUERIED_BY_PARTNER)


def takes_value(metric_type: SystemMetricType, *, skipped: bool) -> bool:
    """Whether a value belongs to it: only where a system that counts something is completed."""
    return metric_type is not SystemMetricType.BINARY and not skipped


def check_value(metric_type: SystemMetricType, value: float | None, *, skipped: bool) -> None:
    """Raises MetricValueRequired, MetricValueNotAllowed."""
    wanted = takes_value(metric_type, skipped=skipped)
    if wanted and value is None:
        raise MetricValueRequired
    if not wanted and value is not None:
        raise MetricValueNotAllowed


def logged_status(
    *, skipped: bool, verification_required: bool, has_partner: bool
) -> CheckinStatus:
    """What is stored of a new act: it waits where there is somebody to verify it."""
    if skipped:
        return CheckinStatus.SKIPPED
    if verification_required and has_partner:
        return CheckinStatus.PENDING_VERIFICATION
    return CheckinStatus.COMPLETED


def edited_status(
    current: CheckinStatus,
    *,
    skip: bool | None,
    in_current_partnership: bool,
    verification_required: bool,
    has_partner: bool,
) -> CheckinStatus:
    """What is stored after an edit that says skipped, completed, or nothing (None) of it.

    What waits for the partner goes on waiting, also when it was queried. What was skipped and is
    completed now counts as a new act. So does what is called completed again although its own
    partnership, if any, is not the current one; other edits leave it as it was settled.
    """
    if skip or (skip is None and current is CheckinStatus.SKIPPED):
        return CheckinStatus.SKIPPED
    if current in _WAITING and in_current_partnership:
        return CheckinStatus.PENDING_VERIFICATION
    if current is CheckinStatus.SKIPPED or (skip is False and not in_current_partnership):
        return logged_status(
            skipped=False, verification_required=verification_required, has_partner=has_partner
        )
    return CheckinStatus.COMPLETED
