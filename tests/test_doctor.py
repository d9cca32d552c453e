"""What the doctor finds on disk."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.backup import in_use
from bot.commands import doctor_disk
from bot.settings import Settings, UpkeepSettings
from index.embed import PLAIN
from index.model import Batch
from index.reindex import reindex
from index.sqlite import Sqlite
from tests.index_fixtures import FakeEmbedder, opened, part


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return Settings(data=folder)


def test_too_little_room_is_trouble_with_what_follows_from_it(settings: Settings) -> None:
    assert doctor_disk.room(settings).ok
    found = doctor_disk.room(replace(settings, upkeep=UpkeepSettings(keep_free=1 << 62)))
    assert (found.ok, "sources are not read" in found.advice) == (False, True)


def test_files_that_others_can_read_are_trouble(settings: Settings) -> None:
    (settings.data / "krab.db").write_bytes(b"x")
    (settings.data / "krab.db").chmod(0o644)
    assert doctor_disk.readers(settings).ok
    settings.data.chmod(0o755)
    found = doctor_disk.readers(settings)
    assert (found.ok, "krab.db" in found.found, "chmod" in found.advice) == (False, True, True)


def test_it_is_said_whether_a_krab_serves(settings: Settings) -> None:
    assert "nothing serves" in doctor_disk.serving(settings).found
    with in_use(settings.data):
        assert doctor_disk.serving(settings).found == "a krab serves it"


def test_a_reindex_that_was_left_is_trouble(settings: Settings) -> None:
    assert doctor_disk.reindex(settings).ok
    with opened(settings.data) as index:
        index.ingest(Batch(tuple(part(f"{n}", f"Leaf {n}.") for n in range(120))), "pond")
    with closing(Sqlite(settings.data / "krab.db")) as database:
        next(reindex(database, FakeEmbedder("fake/2")))
    found = doctor_disk.reindex(settings)
    assert (found.ok, found.found) == (False, "interrupted at 41 %")


def test_a_reindex_is_advised_where_an_older_krab_made_the_index(settings: Settings) -> None:
    with opened(settings.data, FakeEmbedder(f"{PLAIN}/int8")):
        pass
    assert "krab reindex" in doctor_disk.reindex(settings).advice
    assert doctor_disk.reindex(replace(settings, embedder=PLAIN)).advice == ""


def test_copies_made_before_upgrades_are_counted(settings: Settings) -> None:
    assert doctor_disk.backup(settings).advice == ""
    (settings.data / "krab.db.before-catalog-2").write_bytes(b"x")
    assert "1 made before upgrades" in doctor_disk.backup(settings).found


@pytest.mark.parametrize("check", ["room", "readers", "serving", "reindex", "backup"])
def test_a_directory_that_is_not_there_yet_is_fine(tmp_path: Path, check: str) -> None:
    tmp_path.chmod(0o700)
    assert getattr(doctor_disk, check)(Settings(data=tmp_path / "new" / "data")).ok
