"""Where a stream of live updates resumes: what we gave out, and whatever else a client sends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.live_position import MAX_LENGTH, Position

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


@st.composite
def snapshots(draw: st.DrawFn) -> str:
    """As PostgreSQL writes them: xmin, xmax, and what was under way in between, in order."""
    oldest = draw(st.integers(0, 2**30)) * 2**32 + draw(st.integers(1, 2**32 - 400))
    length = draw(st.integers(0, 300))
    inside = draw(st.sets(st.integers(0, max(length - 1, 0)), max_size=60)) if length else set()
    under_way = ",".join(str(oldest + offset) for offset in sorted(inside))
    return f"{oldest}:{oldest + length}:{under_way}"


@given(snapshots(), st.integers(0, 2**31))
def test_what_was_given_out_comes_back_as_the_same_or_an_earlier_place(
    snapshot: str, seconds: int
) -> None:
    noted_at = NOW + timedelta(seconds=seconds)
    position = Position.at(noted_at, snapshot)

    assert Position.parse(str(position)) == position
    assert len(str(position)) <= MAX_LENGTH
    oldest = snapshot.partition(":")[0]
    assert position.snapshot in (snapshot, f"{oldest}:{oldest}:")


def test_a_snapshot_too_long_for_a_header_becomes_a_shorter_earlier_one() -> None:
    under_way = ",".join(str(number) for number in range(1000, 1400))

    position = Position.at(NOW, f"1000:1400:{under_way}")

    assert position.snapshot == "1000:1000:"
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "42",
        "1773133200-",
        "1773133200-745:744:",
        "1773133200-0:745:",
        "1773133200-745:748:744",
        "1773133200-745:748:748",
        "1773133200-745:750:748,746",
        "1773133200-745:748:746,",
        f"1773133200-{2**63}:{2**63}:",
        f"1773133200-745:{2**40}:",
        "1773133200-745:745:'; DROP TABLE users",
        "1773133200-745:745:\n",
        "-1-745:745:",
        "1773133200-٧٤٥:٧٤٥:",
        "1773133200-745:9999:" + ",".join(str(n) for n in range(745, 1200)),
    ],
)
def test_what_cannot_be_ours_is_no_position(sent: str) -> None:
    assert Position.parse(sent) is None


@pytest.mark.parametrize(
    ("age", "resumable"),
    [
        (timedelta(0), True),
        (timedelta(hours=23, seconds=-1), True),
        (timedelta(hours=23), False),  # an hour before it is deleted
        (timedelta(days=400), False),
        (timedelta(seconds=-5), True),  # another process has another clock
    ],
)
def test_a_place_can_be_resumed_while_what_came_after_it_is_kept(
    age: timedelta, resumable: bool
) -> None:
    assert Position(NOW - age, "745:745:").is_resumable(NOW) is resumable
