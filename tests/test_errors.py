"""Whatever a person can do something about ends a command with one clear line; bugs do not hide in it."""

from __future__ import annotations

import sqlite3

import pytest

from bot.errors import CommandError, translated
from bot.evaluation import QuestionFileError
from bot.settings import SettingsError
from feeds.errors import Refused, Unreachable, Unreadable
from index import errors
from index.errors import NewerDatabase


def said(error: BaseException) -> CommandError:
    with pytest.raises(CommandError) as caught, translated():
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        errors.Unusable("no room under /pond"),
        errors.NewerDatabase("written by a newer krab"),
        errors.NeedsReindex("run `krab reindex`"),
        Unreachable("pond.example does not answer"),
        Refused("pond.example says no"),
        Unreadable("that is no feed"),
        NewerDatabase("state.db is newer"),
        QuestionFileError("questions.jsonl:7: not a question"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_our_own_errors_keep_their_words_and_fail(error: Exception) -> None:
    assert (str(said(error)), said(error).status) == (str(error), 1)


def test_a_wrong_configuration_is_a_matter_of_usage() -> None:
    assert said(SettingsError("unknown key")).status == 2


def test_a_broken_database_names_the_doctor() -> None:
    assert "krab doctor" in str(said(sqlite3.DatabaseError("database disk image is malformed")))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FileNotFoundError(2, "No such file or directory", "/pond/leaf.mbox"), "No such file or directory /pond/leaf"),
        (PermissionError(13, "Permission denied", "/pond"), "Permission denied /pond"),
        (OSError("no more reeds"), "no more reeds"),
    ],
)
def test_an_error_of_the_system_names_its_file_and_what_to_check(error: OSError, expected: str) -> None:
    assert expected in str(said(error))
    assert "free space" in str(said(error))


@pytest.mark.parametrize("error", [KeyError("leaf"), AssertionError("a bug"), KeyboardInterrupt()], ids=repr)
def test_a_bug_is_not_dressed_up(error: BaseException) -> None:
    with pytest.raises(type(error)), translated():
        raise error


def test_where_nothing_goes_wrong_nothing_happens() -> None:
    with translated():
        pass


def test_every_error_is_one_line() -> None:
    assert "\n" not in str(said(sqlite3.OperationalError("disk I/O error")))
