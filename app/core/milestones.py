"""Streaks that are worth telling."""

MILESTONES = frozenset({3, 7, 14, 30, 60, 100, 180, 365})


def is_milestone(length: int) -> bool:
    """Whether a user streak of so many days is told to both partners."""
    return length in MILESTONES


def milestone_within(length: int, *, spare: int) -> bool:
    """Whether a streak is a milestone, or becomes one with at most `spare` more dates."""
    return any(is_milestone(length + more) for more in range(spare + 1))
