"""What the two say to each other and to themselves."""

from datetime import time, timedelta
from random import Random
from typing import Any

from app.core.enums import CommentTarget, ReactionTarget
from app.core.reflection_prompts import prompts_for
from app.local.seed_checkins import credited
from app.local.seed_history import SampleHistory, shortly_after
from app.local.seed_people import ALICE, BOB, DAYS, PEOPLE, Person, Stage, partner_of, sample_id
from app.local.seed_practices import MARATHON, SYSTEMS

Row = dict[str, Any]

_REFLECTIONS = (
    "Got up before the alarm. The first kilometre is always the worst one.",
    "A slow day, and that is fine. I did the small thing and stopped there.",
    "Wanted to leave it for tomorrow. Ten minutes in I was glad that I had not.",
    "Too many meetings. I should put the practice before lunch, not after it.",
    "Slept well, and everything else was easier for it.",
    "The message at noon was what got me going today.",
    "I notice that I bargain with myself less than a month ago.",
    "Missed it. No drama: it starts again tomorrow.",
    "Good energy in the morning, none after six. Plan for that.",
    "The habit holds without thinking now, at least on weekdays.",
    "Half of what I planned, all of what mattered.",
    "Wrote down tomorrow's first step before closing the laptop. It helps.",
)
# Day, sender, local time, words.
_THREAD: tuple[tuple[int, Person, time, str], ...] = (
    (5, BOB, time(15, 2), "We are on! What do you start with?"),
    (5, ALICE, time(21, 40), "Running, three mornings a week. Please be strict with me."),
    (6, BOB, time(9, 15), "Three pages a day here. Strict works both ways."),
    (12, ALICE, time(8, 20), "First full week done."),
    (12, BOB, time(8, 41), "🎉"),
    (19, BOB, time(21, 3), "Missed today. Travelling, no desk, no excuse."),
    (20, ALICE, time(7, 55), "One miss is a miss. Two would be a plan. See you tomorrow."),
    (27, ALICE, time(19, 12), "Who needs a ukulele anyway."),
    (27, BOB, time(19, 40), "You, in winter. Archive it, do not delete it."),
    (33, ALICE, time(20, 30), "Archived. Feels lighter, honestly."),
    (
        40,
        ALICE,
        time(22, 0),
        "Fixed days for stretching do not work. Three times a week from now on.",
    ),
    (41, BOB, time(8, 5), "Sounds right. Less calendar, more mat."),
    (44, BOB, time(20, 15), "Off to the lake for six days. Paused, not quit."),
    (51, ALICE, time(7, 45), "Welcome back! Pages today?"),
    (51, BOB, time(8, 58), "Four. It was all waiting there."),
    (60, BOB, time(12, 30), "Chapter nine is done."),
    (60, ALICE, time(18, 44), "👏"),
    (70, ALICE, time(21, 10), "Passed the exam! Statistics is finished."),
    (70, BOB, time(16, 20), "Never doubted it. With what probability?"),
    (71, ALICE, time(7, 5), "p < 0.05."),
    (80, BOB, time(9, 20), "Your streak is getting embarrassing for me."),
    (80, ALICE, time(17, 31), "Then catch up."),
    (87, BOB, time(21, 50), "Read until one. That counts as late, I suppose."),
    (88, ALICE, time(7, 50), "It counts. Sleep counts too."),
    (91, ALICE, time(7, 30), "Lake round tomorrow if it stays dry."),
)
# Minutes ago, sent by Bob and not read yet.
_UNREAD: tuple[tuple[int, str], ...] = (
    (42, "Looked at your run. Question is in the app."),
    (40, "Otherwise: impressive."),
)
_EMOJIS = ("👏", "🔥", "💪", "❤️", "🎉")


def reflection_rows(stage: Stage) -> list[Row]:
    """A few evenings a week, the last two among them; today is still to come."""
    rows: list[Row] = []
    for person in PEOPLE:
        chance = Random(f"reflections of {person.username}")
        for number in range(1, DAYS):
            luck, text, which = chance.random(), chance.choice(_REFLECTIONS), chance.randrange(3)
            row_id, minutes = sample_id(chance), chance.randint(0, 50)
            if luck > 0.35 and number < DAYS - 2:
                continue
            written_at = stage.instant(person, number, time(21, 5)) + timedelta(minutes=minutes)
            day = stage.day(person, number)
            prompt = prompts_for(day)[which]
            rows.append(
                {
                    "id": row_id,
                    "user_id": stage.ids[person],
                    "partnership_id": stage.partnership_at(written_at),
                    "reflection_date_local": day,
                    "content": text,
                    "prompt_id": prompt.id,
                    "prompt_text": prompt.text,
                    "created_at": written_at,
                    "updated_at": written_at,
                }
            )
    return rows


def message_rows(stage: Stage, history: SampleHistory) -> list[Row]:
    """The thread, oldest first; the newest two are not read yet."""
    chance = Random("messages")
    rows = []
    for number, sender, at, words in _THREAD:
        sent_at = stage.instant(sender, number, at)
        if not stage.partners_since < sent_at <= stage.now:
            continue
        rows.append(_message(sender, sent_at, words, stage, chance))
        rows[-1]["read_at_utc"] = shortly_after(sent_at, chance, stage)
    for minutes, words in _UNREAD:
        sent_at = stage.now - timedelta(minutes=minutes)
        rows.append(_message(BOB, sent_at, words, stage, chance))
    newest_run = [*credited(history.checkins["Morning run"])][-1]
    rows[-2] |= {
        "reply_to_activity_id": f"system_checkin:{newest_run['id']}",
        "reply_to_activity_summary": "Alice Wong completed 'Morning run'.",
    }
    return sorted(rows, key=lambda row: (row["sent_at_utc"], str(row["id"])))


def _message(sender: Person, sent_at: Any, words: str, stage: Stage, chance: Random) -> Row:
    is_emoji = words in _EMOJIS
    return {
        "id": sample_id(chance),
        "partnership_id": stage.partnership_id,
        "sender_id": stage.ids[sender],
        "text_content": None if is_emoji else words,
        "emoji_content": words if is_emoji else None,
        "sent_at_utc": sent_at,
        "read_at_utc": None,
        "reply_to_activity_id": None,
        "reply_to_activity_summary": None,
        "created_at": sent_at,
        "updated_at": sent_at,
    }


def reaction_rows(
    stage: Stage, history: SampleHistory, messages: list[Row], reflections: list[Row]
) -> list[Row]:
    """What the partner liked: some messages, check-ins and reflections of the partnership."""
    chance = Random("reactions")
    rows = []

    def react(person: Person, kind: ReactionTarget, target: Row, seen_from: Any) -> None:
        luck, emoji = chance.random(), chance.choice(_EMOJIS)
        if luck < 0.22:
            rows.append(
                {
                    "user_id": stage.ids[person],
                    "emoji": emoji,
                    "target_type": kind,
                    "target_id": target["id"],
                    "created_at": shortly_after(seen_from, chance, stage),
                }
            )

    for person in PEOPLE:
        author_id = stage.ids[partner_of(person)]
        for message in messages:
            if message["sender_id"] == author_id and message["read_at_utc"]:
                react(person, ReactionTarget.DIRECT_MESSAGE, message, message["read_at_utc"])
        for reflection in reflections:
            if reflection["user_id"] == author_id and reflection["partnership_id"]:
                react(person, ReactionTarget.REFLECTION, reflection, reflection["created_at"])
        for system in SYSTEMS:
            for checkin in history.checkins[system.title][-30:]:
                if checkin["user_id"] == author_id and checkin["partnership_id"]:
                    react(person, ReactionTarget.CHECKIN, checkin, checkin["created_at"])
    return rows


def comment_rows(stage: Stage, history: SampleHistory, reflections: list[Row]) -> list[Row]:
    """On a goal, check-ins and a reflection, with replies."""
    chance = Random("comments")
    run, pages = history.checkins["Morning run"], history.checkins["Write three pages"]
    hers = [row for row in reflections if row["user_id"] == stage.ids[ALICE]]
    goal_seen = stage.instant(BOB, 14, time(12, 0))
    rows: list[Row] = []
    for kind, target_id, since, first, words, answer in (
        (
            CommentTarget.GOAL,
            history.goal_ids[MARATHON],
            goal_seen,
            BOB,
            "Around the lake is 21 kilometres exactly. I measured it on the map.",
            "Then there is no way out.",
        ),
        (CommentTarget.CHECKIN, run[-2]["id"], run[-2]["created_at"], BOB, "In that rain!", None),
        (
            CommentTarget.CHECKIN,
            pages[-3]["id"],
            pages[-3]["created_at"],
            ALICE,
            "Is this the chapter with the ferry?",
            "The very one. It has sunk meanwhile.",
        ),
        (
            CommentTarget.REFLECTION,
            hers[-1]["id"],
            hers[-1]["created_at"],
            BOB,
            "Same here, word for word.",
            "Good to know.",
        ),
    ):
        written_at = shortly_after(since, chance, stage)
        comment = _comment(first, kind, target_id, words, written_at, stage, chance)
        rows.append(comment)
        if answer:
            later = shortly_after(written_at, chance, stage)
            reply = _comment(partner_of(first), kind, target_id, answer, later, stage, chance)
            rows.append(reply | {"parent_comment_id": comment["id"]})
    return rows


def _comment(
    author: Person,
    kind: CommentTarget,
    target_id: Any,
    words: str,
    written_at: Any,
    stage: Stage,
    chance: Random,
) -> Row:
    return {
        "id": sample_id(chance),
        "user_id": stage.ids[author],
        "text_content": words,
        "target_type": kind,
        "target_id": target_id,
        "parent_comment_id": None,
        "created_at": written_at,
        "updated_at": written_at,
    }
