"""Where krab falls short: questions that were rated badly, and those that it could not answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.feedback import Feedback, Rating
from bot.state import Asked, State

MOST = 200


@dataclass(frozen=True, slots=True)
class Poor:
    """``rated`` are answers that more people disliked than liked, worst first; ``refused`` newest first."""

    rated: tuple[tuple[Asked, Rating], ...]
    refused: tuple[Asked, ...]


def poor(state: State, feedback: Feedback, since: datetime) -> Poor:
    """Return what went wrong since then."""
    bad = [rating for rating in feedback.ratings(since) if rating.badness > 0][:MOST]
    found = ((state.answered(rating.service, rating.key), rating) for rating in bad)
    rated = tuple((asked, rating) for asked, rating in found if asked)
    return Poor(rated, state.refused(since, MOST))
