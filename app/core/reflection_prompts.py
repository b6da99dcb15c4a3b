"""The questions that a person may reflect on: a fixed set, of which each day shows a few.

The days walk through the set in order, so that every prompt comes up equally often and none
returns before all others were shown. An id is stored with the reflections that answer it: it never
changes its meaning. Reword a text freely; give a new question a new id at the end of the set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

PROMPTS_A_DAY = 3


@dataclass(frozen=True, slots=True)
class Prompt:
    id: str
    text: str


PROMPTS: tuple[Prompt, ...] = (
    Prompt("went_well", "What went well today, and what did you do to make it so?"),
    Prompt("hardest_part", "What was the hardest part of today, and how did you meet it?"),
    Prompt("tomorrow_first", "What is the one thing you want to do first tomorrow?"),
    Prompt("proud_of", "What are you proud of today, however small it is?"),
    Prompt("got_in_the_way", "What got in the way today, and what could you change about it?"),
    Prompt("partner_helped", "How did your partner help you lately, knowingly or not?"),
    Prompt("learned", "What did you learn today about yourself or about your practice?"),
    Prompt("energy", "When did you have the most energy today, and what gave it to you?"),
    Prompt("why_it_matters", "Why does the goal that you worked on today matter to you?"),
    Prompt("grateful_for", "What are you grateful for today?"),
    Prompt("do_differently", "If you could live today again, what would you do differently?"),
    Prompt("small_win", "Which small win would you like to tell your partner about?"),
    Prompt("almost_skipped", "What did you almost skip today, and why did you do it after all?"),
    Prompt("easier_tomorrow", "What could you prepare tonight to make tomorrow easier?"),
    Prompt("closer_to_goal", "What brought you closer to a goal today?"),
    Prompt("ask_for_help", "What could you ask your partner's help with?"),
    Prompt("felt_good", "What felt good while you were doing it?"),
    Prompt("let_go", "What can you let go of before tomorrow begins?"),
    Prompt("habit_growing", "Which of your practices is becoming a habit? How can you tell?"),
    Prompt("surprised_by", "What surprised you today?"),
    Prompt("encourage_partner", "What would encourage your partner to hear from you today?"),
)

_BY_ID: Mapping[str, Prompt] = {prompt.id: prompt for prompt in PROMPTS}


def prompts_for(day: date) -> list[Prompt]:
    """The prompts of a date in somebody's calendar: the same for everybody, three a day."""
    first = day.toordinal() * PROMPTS_A_DAY
    return [PROMPTS[(first + offset) % len(PROMPTS)] for offset in range(PROMPTS_A_DAY)]


def prompt_with(prompt_id: str) -> Prompt | None:
    """One of the set, whichever day shows it."""
    return _BY_ID.get(prompt_id)
