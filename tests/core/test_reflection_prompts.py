"""The rotating set of reflection prompts."""

import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.reflection_prompts import PROMPTS, PROMPTS_A_DAY, prompt_with, prompts_for

days = st.dates()


def test_ids_are_short_distinct_and_never_change_by_accident() -> None:
    ids = [prompt.id for prompt in PROMPTS]

    assert len(set(ids)) == len(ids) >= 14
    assert all(re.fullmatch(r"[a-z_]{3,40}", prompt_id) for prompt_id in ids)
    # Stored reflections name these; only additions at the end are free.
    assert ids[:4] == ["went_well", "hardest_part", "tomorrow_first", "proud_of"]


def test_texts_are_distinct_questions() -> None:
    texts = [prompt.text for prompt in PROMPTS]

    assert len(set(texts)) == len(texts)
    assert all(text.endswith("?") and len(text) <= 200 for text in texts)


@given(days)
def test_a_day_has_three_different_prompts_and_always_the_same(day: date) -> None:
    shown = prompts_for(day)

    assert len({prompt.id for prompt in shown}) == PROMPTS_A_DAY == 3
    assert shown == prompts_for(day)
    assert all(prompt_with(prompt.id) == prompt for prompt in shown)


@given(st.dates(max_value=date(9990, 1, 1)))
def test_every_prompt_comes_up_equally_often(first: date) -> None:
    shown = [
        prompt
        for offset in range(len(PROMPTS))
        for prompt in prompts_for(first + timedelta(offset))
    ]

    assert {shown.count(prompt) for prompt in PROMPTS} == {PROMPTS_A_DAY}


@given(st.dates(max_value=date(9990, 1, 1)))
def test_no_prompt_returns_on_the_next_day(day: date) -> None:
    assert not {*prompts_for(day)} & {*prompts_for(day + timedelta(1))}


def test_an_unknown_id_is_no_prompt() -> None:
    assert prompt_with("no_such_prompt") is None
