"""Killed in the middle of an import, again and again: in the end everything is as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from index.engine import DEFAULT_RANKING
from tests.index_fixtures import contents, differences, held, opened, stream

ROOT = Path(__file__).resolve().parents[1]
KILLS = 5


def importer(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.index_fixtures", str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def killed(folder: Path, batch: int, delay: float) -> int:
    """Import until ``batch`` is stored and ``delay`` seconds more, then SIGKILL; return the exit status."""
    with importer(folder) as process:
        assert process.stdout
        for line in process.stdout:
            if int(line) == batch:
                break
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        return process.wait()


def killed_often(folder: Path, seed: int) -> list[int]:
    chance = random.Random(seed)
    last = len(stream()) - 4
    return [
        killed(folder, last * kill // (KILLS + 1) + chance.randrange(3), chance.uniform(0, 0.03))
        for kill in range(KILLS)
    ]


def finished(folder: Path) -> Path:
    with importer(folder) as process:
        process.communicate(timeout=60)
    assert process.returncode == 0
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("undisturbed"))


def test_the_stream_has_threads_doubles_and_posts_that_change() -> None:
    ids = [part.id for batch in stream() for part in batch.parts]
    assert len(ids) > len(set(ids)) > 200
    assert any(part.links for batch in stream() for part in batch.parts)


def test_what_is_killed_again_and_again_holds_the_same_in_the_end(undisturbed: Path, tmp_path: Path) -> None:
    assert killed_often(tmp_path, seed=1) == [-signal.SIGKILL] * KILLS
    assert differences(contents(undisturbed), contents(finished(tmp_path))) == []


def test_what_is_killed_is_whole_as_far_as_it_came(undisturbed: Path, tmp_path: Path) -> None:
    killed(tmp_path, 12, 0.02)
    stored = [part.id for batch in stream()[:13] for part in batch.parts]
    assert set(stored) <= {id_ for id_, _ in contents(tmp_path).parts}


def test_after_a_kill_words_and_vectors_agree_with_the_catalogue(tmp_path: Path) -> None:
    killed(tmp_path, 20, 0.03)
    with opened(tmp_path) as index:
        index.embed_pending()
        index.search("frog", ranking=DEFAULT_RANKING)
        generation = index.catalog.live()
        assert generation
        wanted = set(index.catalog.numbers(generation))
        assert (held(index), index._words.numbers()) == (wanted, set(index.catalog.firsts(generation)))
