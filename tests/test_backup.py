"""Backups: sound under write load, checked before they are believed, migrated forward and never back."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from bot.audit import Audit
from bot.backup import BadBackup, back_up, in_use, restore
from bot.settings import Settings
from bot.wiring.opening import opened as opened_krab
from index.catalog import MIGRATIONS
from index.errors import NewerDatabase, Unusable
from index.sqlite import Sqlite, copy_first
from tests.fakes import NOON
from tests.index_fixtures import contents, differences, opened, stream

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with an index, a state, a Matrix account and a note."""
    folder = tmp_path / "data"
    with opened(folder) as index:
        for batch in stream(40):
            index.ingest(batch, "pond")
        index.save()
    with closing(Sqlite(folder / "state.db")) as memory:
        Audit(memory).write("cli:root", "test")
    (folder / "matrix").mkdir()
    (folder / "matrix" / "session.json").write_text('{"device": "KRAB"}')
    with closing(sqlite3.connect(folder / "matrix" / "store.db")) as store:
        store.execute("CREATE TABLE keys (secret)")
    (folder / "notes").mkdir()
    (folder / "notes" / "tree.md").write_text("---\ntitle: Tree?\n---\nThe 6.18 tree.\n")
    return folder


def taken(data: Path, to: Path, config: Path | None = None) -> Path:
    return back_up(data, to, version="0.1", now=NOON, config=config)


def fine(_: Path) -> None:
    """The check of who believes everything."""


def test_what_is_restored_equals_what_was_backed_up(data: Path, tmp_path: Path) -> None:
    file = taken(data, tmp_path)
    assert file.name == "krab-20250708-120000.tar"
    restore(file, tmp_path / "again", fine)
    assert differences(contents(data), contents(tmp_path / "again")) == []
    assert (tmp_path / "again" / "matrix" / "session.json").read_text() == '{"device": "KRAB"}'
    assert (tmp_path / "again" / "notes" / "tree.md").exists()
    with closing(Sqlite(tmp_path / "again" / "state.db")) as memory:
        assert Audit(memory).last()[0].action == "test"


def test_a_backup_holds_no_caches_and_nobody_else_can_read_it(data: Path, tmp_path: Path) -> None:
    file = taken(data, tmp_path / "backup.tar")
    with tarfile.open(file) as tar:
        names = sorted(tar.getnames())
    assert names == ["krab.db", "manifest.json", "matrix/session.json", "matrix/store.db", "notes/tree.md", "state.db"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_configuration_comes_along(data: Path, tmp_path: Path) -> None:
    (tmp_path / "krab.toml").write_text("starter_notes = false\n")
    restore(taken(data, tmp_path, tmp_path / "krab.toml"), tmp_path / "again", fine)
    assert (tmp_path / "again" / "krab.toml").read_text() == "starter_notes = false\n"


def test_a_backup_under_write_load_is_one_moment_from_which_everything_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.index_fixtures", str(tmp_path / "busy")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as importer:
        assert importer.stdout
        list(islice(importer.stdout, 8))
        file = taken(tmp_path / "busy", tmp_path / "backup.tar")
        importer.communicate(timeout=120)
    restore(file, tmp_path / "again", fine)
    stored = {part.id for batch in stream()[:8] for part in batch.parts}
    assert stored <= {id_ for id_, _ in contents(tmp_path / "again").parts}
    subprocess.run([*command[:-1], str(tmp_path / "again")], cwd=ROOT, check=True, capture_output=True)
    assert differences(contents(tmp_path / "busy"), contents(tmp_path / "again")) == []


def test_a_directory_in_use_by_an_index_is_not_overwritten_unless_told(data: Path, tmp_path: Path) -> None:
    file = taken(data, tmp_path)
    with pytest.raises(Unusable, match="--force"):
        restore(file, data, fine)
    restore(file, data, fine, aside=".before")
    assert (tmp_path / "data.before" / "krab.db").exists()
    assert (data / "krab.db").exists()


def tampered(file: Path, name: str, content: bytes) -> Path:
    """The same backup with other bytes in one file."""
    other = file.with_name("tampered.tar")
    with tarfile.open(file) as old, tarfile.open(other, "w") as new:
        for member in old.getmembers():
            stream = old.extractfile(member)
            data = content if member.name == name else stream.read() if stream else b""
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return other


def test_a_changed_file_is_noticed_and_nothing_is_touched(data: Path, tmp_path: Path) -> None:
    bad = tampered(taken(data, tmp_path), "state.db", b"something else")
    with pytest.raises(BadBackup, match=r"state\.db is not what was backed up"):
        restore(bad, tmp_path / "again", fine)
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("content", [b"", b"no tar", b"\0" * 10240])
def test_a_file_that_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(BadBackup):
        restore(tmp_path / "x.tar", tmp_path / "again", fine)


def test_half_a_backup_is_refused(data: Path, tmp_path: Path) -> None:
    file = taken(data, tmp_path)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BadBackup):
        restore(file, tmp_path / "again", fine)


def test_no_name_in_a_backup_leads_out_of_the_directory(data: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar"
    told = {"format": 1, "version": "1", "created": "now", "files": {"../outside": "0"}}
    (tmp_path / "manifest.json").write_text(json.dumps(told))
    with tarfile.open(evil, "w") as tar:
        tar.add(tmp_path / "manifest.json", "manifest.json")
        tar.add(tmp_path / "manifest.json", "../outside")
    with pytest.raises(BadBackup):
        restore(evil, tmp_path / "deep" / "again", fine)
    assert not (tmp_path / "deep" / "outside").exists()


def test_a_backup_of_a_later_form_asks_for_an_upgrade(data: Path, tmp_path: Path) -> None:
    told = {"format": 9, "version": "7.0", "created": "2031", "files": {}}
    bad = tampered(taken(data, tmp_path), "manifest.json", json.dumps(told).encode())
    with pytest.raises(BadBackup, match=r"krab 7\.0, which is newer"):
        restore(bad, tmp_path / "again", fine)


def settings(folder: Path) -> Settings:
    return Settings(data=folder, sources=(), starter_notes=False)


def opens(folder: Path) -> None:
    with opened_krab(settings(folder)):
        pass


def schema(folder: Path, component: str, version: int) -> None:
    with closing(sqlite3.connect(folder / "krab.db")) as database, database:
        database.execute("UPDATE schema SET version = ? WHERE component = ?", (version, component))


def test_a_backup_of_a_newer_krab_is_refused_with_a_clear_line(tmp_path: Path) -> None:
    opens(tmp_path / "data")
    schema(tmp_path / "data", "catalog", len(MIGRATIONS) + 1)
    with pytest.raises(NewerDatabase, match="written by a newer krab"):
        restore(taken(tmp_path / "data", tmp_path), tmp_path / "again", opens)
    assert not (tmp_path / "again").exists()


OLD = "CREATE TABLE frogs (name TEXT)"
NEW = "ALTER TABLE frogs ADD COLUMN age INTEGER"


def test_before_tables_are_changed_the_file_is_copied(tmp_path: Path) -> None:
    with closing(Sqlite(tmp_path / "x.db")) as database:
        database.migrate("frogs", (OLD,))
        with database.write() as connection:
            connection.execute("INSERT INTO frogs VALUES ('Ada')")
    with closing(Sqlite(tmp_path / "x.db")) as database:
        database.migrate("frogs", (OLD, NEW))
    with closing(sqlite3.connect(tmp_path / "x.db.before-frogs-2")) as copy:
        assert copy.execute("SELECT * FROM frogs").fetchall() == [("Ada",)]
    with closing(sqlite3.connect(tmp_path / "x.db")) as now:
        assert now.execute("SELECT * FROM frogs").fetchall() == [("Ada", None)]


def test_a_new_file_and_an_unchanged_one_are_not_copied(tmp_path: Path) -> None:
    for _ in range(2):
        with closing(Sqlite(tmp_path / "x.db")) as database:
            database.migrate("frogs", (OLD, NEW))
    assert list(tmp_path.glob("*.before-*")) == []


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as database:
        for number in range(5):
            copy_first(database, f"frogs-{number}")
            os.utime(tmp_path / f"x.db.before-frogs-{number}", (number, number))
    assert sorted(path.name[-1] for path in tmp_path.glob("*.before-*")) == ["2", "3", "4"]


def test_two_krabs_do_not_serve_one_directory(tmp_path: Path) -> None:
    with in_use(tmp_path), pytest.raises(Unusable, match="another krab serves"), in_use(tmp_path):
        pass
    with in_use(tmp_path):
        pass
