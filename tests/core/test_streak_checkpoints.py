"""Shortened histories give what whole ones give, wherever they were cut and however often."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.consistency import goal_progress
from app.core.enums import SystemFrequency
from app.core.occurrences import excused_skips
from app.core.schedule import Earlier, SchedulePeriod, SystemHistory, clipped
from app.core.streak_checkpoints import (
    Checkpoint,
    make_checkpoint,
    next_checkpoint,
    total_credited,
    total_skipped,
)
from app.core.streaks import (
    longest_system_streak,
    longest_user_streak,
    system_streak,
    user_streak,
)
from tests.core.streak_reference import (
    DAY,
    LENGTH,
    START,
    all_occurrences,
    everything,
    histories,
    open_around,
    progress,
    system_runs,
    thorough,
    user_runs,
)

MONDAY = date(2026, 3, 2)
MONDAYS = [START + 7 * n * DAY for n in range(LENGTH // 7 + 1)]

chains = st.lists(st.sampled_from(MONDAYS), min_size=1, max_size=3, unique=True).map(sorted)


def shortened(
    history: SystemHistory, earlier: Earlier | None, more: timedelta = timedelta(0)
) -> SystemHistory:
    """Without the dates before the checkpoint, but for those `more` that were read anyway."""
    since = date.min if earlier is None else earlier.until - more
    return replace(
        history,
        credited={day for day in history.credited if day >= since},
        skipped={day for day in history.skipped if day >= since},
        earlier=earlier,
    )


def after_chain(
    systems: Mapping[int, SystemHistory], mondays: Sequence[date], begun: date = date.min
) -> tuple[dict[int, SystemHistory], Checkpoint[int]]:
    """What is left of the histories when a checkpoint was made on each Monday from the last.

    They are clipped as if none had begun before `begun`, and so is what the checkpoints say.
    """

    def part_of(history: SystemHistory) -> SystemHistory:
        return clipped(history, begun, earlier=history.earlier) if begun > date.min else history

    left, checkpoint = {key: part_of(history) for key, history in systems.items()}, None
    for monday in mondays:
        made_from = checkpoint.person if checkpoint else None
        checkpoint = make_checkpoint(left, monday, made_from)
        left = {key: part_of(shortened(systems[key], checkpoint.systems[key])) for key in systems}
    assert checkpoint is not None
    return left, checkpoint


@st.composite
def days_after(draw: st.DrawFn, monday: date) -> date:
    return monday + draw(st.integers(7, 40)) * DAY


@given(st.lists(histories(), min_size=1, max_size=3), chains, st.data())
@thorough
def test_streaks_agree_with_the_reference_on_the_whole_history(
    systems: list[SystemHistory], mondays: list[date], data: st.DataObject
) -> None:
    today = data.draw(days_after(mondays[-1]))
    is_open = data.draw(open_around(today))
    systems = [
        replace(history, credited={day for day in history.credited if day <= max(is_open)})
        for history in systems
    ]
    by_key = dict(enumerate(systems))
    left, checkpoint = after_chain(by_key, mondays)
    if data.draw(st.booleans(), "more was read"):
        more = data.draw(st.integers(1, 30)) * DAY
        left = {key: shortened(by_key[key], checkpoint.systems[key], more) for key in by_key}

    for key, history in by_key.items():
        runs = system_runs(history, today, is_open)
        assert system_streak(left[key], today, open_dates=is_open) == runs[-1]
        assert longest_system_streak(left[key], today, open_dates=is_open) == max(runs)
    runs = user_runs(systems, today, is_open)
    parts, person = [*left.values()], checkpoint.person
    assert user_streak(parts, today, open_dates=is_open, earlier=person) == runs[-1]
    assert longest_user_streak(parts, today, open_dates=is_open, earlier=person) == max(runs)


@given(st.lists(histories(), min_size=1, max_size=3), chains, st.integers(0, LENGTH), st.data())
@thorough
def test_streaks_within_a_partnership_agree_with_the_walk_over_all_of_its_dates(
    systems: list[SystemHistory], mondays: list[date], began: int, data: st.DataObject
) -> None:
    today = data.draw(days_after(mondays[-1]))
    is_open = data.draw(open_around(today))
    begun = START + began * DAY
    left, checkpoint = after_chain(dict(enumerate(systems)), mondays, begun)

    whole = [clipped(history, begun) for history in systems]
    for part, history in zip(left.values(), whole, strict=True):
        for streak in (system_streak, longest_system_streak):
            assert streak(part, today, open_dates=is_open) == streak(
                history, today, open_dates=is_open
            )
    parts, person = [*left.values()], checkpoint.person
    for user in (user_streak, longest_user_streak):
        assert user(parts, today, open_dates=is_open, earlier=person) == user(
            whole, today, open_dates=is_open
        )


@given(histories(), chains, st.integers(0, 30))
@thorough
def test_skips_after_a_checkpoint_are_excused_as_in_the_whole_history(
    history: SystemHistory, mondays: list[date], more: int
) -> None:
    _, checkpoint = after_chain({0: history}, mondays)
    left = shortened(history, checkpoint.systems[0], more * DAY)
    until = mondays[-1]

    def in_reference(first: date, part: SystemHistory) -> set[date]:
        found = all_occurrences(part, *everything(part, START + LENGTH * DAY))
        return {item.dates[0] for item in found if item.excused and item.dates[0] >= first}

    assert {day for day in excused_skips(left) if day >= until} == in_reference(until, history)
    before = {day for day in in_reference(date.min, history) if day < until}
    assert checkpoint.systems[0].last_excused == max(before, default=None)


@given(histories(), chains, st.integers(0, 200), st.integers(0, 60), st.data())
@thorough
def test_totals_and_goal_progress_are_those_of_the_whole_history(
    history: SystemHistory, mondays: list[date], before: int, after: int, data: st.DataObject
) -> None:
    today = data.draw(days_after(mondays[-1]))
    history = replace(history, credited={day for day in history.credited if day <= today})
    left = after_chain({0: history}, mondays)[0][0]
    assert total_credited(left) == len(history.credited)
    assert total_skipped(left) == len(history.skipped)
    start = history.schedule[0].effective_from - before * DAY
    target = mondays[-1] + after * DAY
    assert goal_progress([left], start, target, today, open_dates={today}) == progress(
        [history], start, target
    )


@given(st.lists(histories(), max_size=3), chains)
@thorough
def test_a_chain_comes_to_the_same_as_one_step(
    systems: list[SystemHistory], mondays: list[date]
) -> None:
    by_key = dict(enumerate(systems))
    assert after_chain(by_key, mondays)[1] == make_checkpoint(by_key, mondays[-1])


@given(histories(), st.sampled_from(MONDAYS), st.sampled_from(MONDAYS))
@thorough
def test_a_part_of_a_shortened_history_excuses_what_the_whole_one_does(
    history: SystemHistory, until: date, start: date
) -> None:
    (earlier,) = make_checkpoint({0: history}, until).systems.values()
    part = clipped(shortened(history, earlier), start)
    excused = {day for day in excused_skips(part) if day >= until}
    assert excused == {day for day in excused_skips(history) if day >= until}


def daily(start: date, days: int) -> SystemHistory:
    return SystemHistory(
        (SchedulePeriod(start, SystemFrequency.DAILY),),
        credited={start + n * DAY for n in range(days)},
    )


def test_a_streak_of_ten_years_is_told_from_its_last_weeks() -> None:
    start = MONDAY - 3650 * DAY
    whole = daily(start, 3651)
    made = make_checkpoint({"run": whole}, MONDAY - 35 * DAY)
    left = shortened(whole, made.systems["run"])

    assert len(left.credited) == 36
    assert system_streak(left, MONDAY, open_dates={MONDAY}) == 3651
    assert user_streak([left], MONDAY, open_dates={MONDAY}, earlier=made.person) == 3651


def test_a_system_made_after_the_checkpoint_is_not_in_it() -> None:
    old = daily(MONDAY, 10)
    made = make_checkpoint({"old": old}, MONDAY + 7 * DAY)
    new = daily(MONDAY + 14 * DAY, 3)
    today = MONDAY + 16 * DAY
    left = [shortened(old, made.systems["old"]), new]

    assert user_streak(left, today, open_dates={today}, earlier=made.person) == user_streak(
        [old, new], today, open_dates={today}
    )
    assert longest_user_streak(left, today, open_dates={today}, earlier=made.person) == 10


def test_a_persons_streak_is_not_told_from_shortened_histories_alone() -> None:
    history = daily(MONDAY, 10)
    made = make_checkpoint({0: history}, MONDAY + 7 * DAY)
    left = shortened(history, made.systems[0])
    with pytest.raises(ValueError, match="earlier dates"):
        user_streak([left], MONDAY + 14 * DAY, open_dates=set())


@pytest.mark.parametrize(
    ("begun_days_ago", "until_days_ago", "due_days_ago"),
    [
        (0, None, None),
        (35, None, None),  # 37 days are read as they are
        (36, None, 7),
        (3650, None, 7),
        (3650, 35, None),
        (3650, 42, 7),
    ],
)
def test_a_checkpoint_is_due_when_four_weeks_could_be_left_out(
    begun_days_ago: int, until_days_ago: int | None, due_days_ago: int | None
) -> None:
    until = None if until_days_ago is None else MONDAY - until_days_ago * DAY
    due = None if due_days_ago is None else MONDAY - due_days_ago * DAY
    assert next_checkpoint(MONDAY - begun_days_ago * DAY, MONDAY, until) == due


@pytest.mark.parametrize("weekday", range(7))
def test_a_checkpoint_is_a_monday_at_least_seven_days_back(weekday: int) -> None:
    today = MONDAY + weekday * DAY
    due = next_checkpoint(MONDAY - 365 * DAY, today, None)
    assert due is not None
    assert due.weekday() == 0
    assert 7 <= (today - due).days <= 13


def test_a_checkpoint_of_nothing_is_nothing() -> None:
    assert make_checkpoint({}, MONDAY) == Checkpoint(Earlier(MONDAY, 0, 0), {})
