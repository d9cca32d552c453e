"""Hard times on a real Synapse, in small. At full size: ``python -m tests.evaluation.matrix``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.matrix_proxy import Mood
from tests.matrix_trials import burst, kills, outage
from tests.synapse import Synapse

pytestmark = pytest.mark.e2e


# More than a sync brings at once in the plain room, so that a gap has to be filled.
@pytest.mark.parametrize(("encrypted", "count"), [(False, 110), (True, 30)], ids=["plain", "encrypted"])
async def test_a_burst_while_krab_is_away_is_answered_once_each_and_nothing_from_before_it_joined(
    synapse: Synapse, tmp_path: Path, encrypted: bool, count: int
) -> None:
    tally = await burst(synapse, tmp_path, count, encrypted=encrypted)
    assert tally.perfect, tally


async def test_killed_at_any_moment_it_answers_everything_once_and_its_stores_are_whole(
    synapse: Synapse, tmp_path: Path
) -> None:
    tally, damage = await kills(synapse, tmp_path, 3, longest=2.5)
    assert tally.perfect, tally
    assert damage == []


async def test_whatever_a_homeserver_does_wrong_nothing_is_lost_and_it_is_not_hammered(
    synapse: Synapse, tmp_path: Path
) -> None:
    shown = await outage(synapse, tmp_path, 1.0)
    assert shown.tally is not None
    assert shown.tally.perfect, shown.tally
    assert not shown.crashed
    assert {mood: n for mood, n in shown.asked.items() if mood is not Mood.FINE and not 0 < n < 20} == {}
