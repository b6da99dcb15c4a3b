"""The AI planner of local mode: a few rules in a language model's place, the same every time.

It answers in the form that a model has to answer in, so that everything after it runs unchanged.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from app.clients.language_model import ModelAnswer, Prompt
from app.core.ai_text import cleaned, shortened
from app.core.ai_usage import AiOperation

NAME: Final = "local-sample"
_TWELVE_WEEKS = timedelta(weeks=12)


@dataclass(frozen=True, slots=True)
class _Theme:
    """`words` are beginnings of words that lead to it."""

    category: str
    words: tuple[str, ...]
    practices: tuple[Mapping[str, Any], ...]


def _practice(title: str, description: str, **fields: Any) -> Mapping[str, Any]:
    return {
        "title": title,
        "description": description,
        "frequency": "daily",
        "daysOfWeek": None,
        "timesPerWeek": None,
        "metricType": "binary",
        "targetValue": None,
        "targetUnit": None,
        "targetTime": None,
        "verificationRequired": False,
    } | fields


_THEMES: Final = (
    _Theme(
        "Health",
        ("run", "marathon", "walk", "gym", "fit", "sport", "weight", "swim", "cycl", "yoga"),
        (
            _practice(
                "Train",
                "At a pace at which you could still talk.",
                frequency="weekly",
                daysOfWeek=[1, 3, 5],
                metricType="duration",
                targetValue=30,
                targetUnit="minutes",
                targetTime="07:00",
            ),
            _practice("Stretch", "Five minutes, in the evening.", targetTime="21:30"),
            _practice("In bed by eleven", "Without a screen.", targetTime="23:00"),
        ),
    ),
    _Theme(
        "Learning",
        ("learn", "study", "read", "book", "exam", "language", "spanish", "course"),
        (
            _practice(
                "Study",
                "One thing at a time, phone in another room.",
                metricType="duration",
                targetValue=25,
                targetUnit="minutes",
                targetTime="18:00",
            ),
            _practice(
                "Read",
                "A few pages before sleep.",
                metricType="pages",
                targetValue=10,
                targetUnit="pages",
            ),
            _practice(
                "Tell somebody what you learned",
                "In your own words.",
                frequency="weekly",
                timesPerWeek=2,
            ),
        ),
    ),
    _Theme(
        "Money",
        ("sav", "money", "debt", "budget", "spend"),
        (
            _practice("Write down what you spent", "Two minutes.", targetTime="21:00"),
            _practice(
                "Put something aside",
                "However little it is.",
                frequency="weekly",
                daysOfWeek=[4],
                metricType="counter",
                targetValue=20,
                targetUnit="euros",
            ),
        ),
    ),
)
_GENERAL: Final = _Theme(
    "Personal",
    (),
    (
        _practice(
            "Work on it",
            "A short, fixed time.",
            frequency="weekly",
            timesPerWeek=3,
            metricType="duration",
            targetValue=30,
            targetUnit="minutes",
        ),
        _practice("Take the smallest next step", "Choose it the evening before."),
        _practice(
            "Look back at the week",
            "What helped, what got in the way?",
            frequency="weekly",
            daysOfWeek=[6],
            targetTime="18:00",
        ),
    ),
)


class SamplePlanner:
    """LanguageModel without a model."""

    name = NAME

    async def generate(self, prompt: Prompt, *, seconds: float) -> ModelAnswer:
        wish = cleaned(prompt.facts["wish"])
        theme = _theme_of(wish)
        existing = {title.casefold() for title in prompt.facts.get("existing", ())}
        systems = [
            practice
            for practice in (*theme.practices, *_GENERAL.practices)
            if practice["title"].casefold() not in existing
        ] or [*_GENERAL.practices]
        if prompt.operation is AiOperation.SUGGEST_SYSTEMS:
            return _answer({"systems": systems})
        today: date = prompt.facts["today"]
        goal = {
            "title": shortened(wish.splitlines()[0], 80),
            "description": shortened(wish, 500),
            "category": theme.category,
            "priority": "medium",
            "targetDate": (today + _TWELVE_WEEKS).isoformat(),
        }
        rationale = "A sample made by rules: set GEMINI_API_KEY for a plan of your own."
        return _answer({"goal": goal, "systems": systems[:3], "rationale": rationale})


def _theme_of(wish: str) -> _Theme:
    words = wish.casefold().split()
    return next(
        (theme for theme in _THEMES if any(word.startswith(theme.words) for word in words)),
        _GENERAL,
    )


def _answer(said: Mapping[str, Any]) -> ModelAnswer:
    return ModelAnswer(json.dumps(said))
