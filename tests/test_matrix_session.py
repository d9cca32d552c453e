"""What the bot keeps of its login and its place in the stream, and how."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest

from bot.chat import ChatRefused, Incoming, Reply
from bot.chat.matrix import Matrix
from bot.chat.matrix_folder import Folder, Session
from bot.chat.matrix_session import log_in
from bot.settings import MatrixSettings, Secret

SESSION = Session("https://matrix.example", "@krab:example", "DEVICE", "a token")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_login_is_found_again_by_its_homeserver_and_user(tmp_path: Path) -> None:
    Folder(tmp_path / "matrix").keep_session(SESSION)
    folder = Folder(tmp_path / "matrix")
    assert folder.session("https://matrix.example", "@krab:example") == SESSION
    assert folder.session("https://other.example", "@krab:example") is None
    assert folder.session("https://matrix.example", "@else:example") is None


def test_a_sync_token_is_found_again_by_its_user(tmp_path: Path) -> None:
    Folder(tmp_path).keep_since("@krab:example", "s1")
    assert (Folder(tmp_path).since("@krab:example"), Folder(tmp_path).since("@else:example")) == ("s1", "")


@pytest.mark.parametrize("rubbish", ["", "{", "[]", "null", '{"user": 1}', "\0"])
def test_an_unreadable_file_is_as_good_as_none(tmp_path: Path, rubbish: str) -> None:
    (tmp_path / "session.json").write_text(rubbish)
    (tmp_path / "sync.json").write_text(rubbish)
    assert Folder(tmp_path).session("https://matrix.example", "@krab:example") is None
    assert Folder(tmp_path).since("@krab:example") == ""


def test_files_are_for_the_bots_eyes_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    folder = Folder(tmp_path / "matrix")
    folder.keep_session(SESSION)
    folder.keep_since("@krab:example", "s1")
    folder.pickle_key()
    os.umask(before)
    assert mode(folder.path) == 0o700
    assert {mode(file) for file in folder.path.iterdir()} == {0o600}


def test_the_key_of_the_store_is_made_once_and_is_random(tmp_path: Path) -> None:
    key = Folder(tmp_path / "a").pickle_key()
    assert len(key) >= 43
    assert Folder(tmp_path / "a").pickle_key() == key
    assert Folder(tmp_path / "b").pickle_key() != key


def test_a_token_shows_itself_nowhere() -> None:
    assert "a token" not in repr(SESSION)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        (MatrixSettings(), "set KRAB_MATRIX_ACCESS_TOKEN"),
        (MatrixSettings("ftp://matrix.example", "@krab:example", password=Secret("x")), "write it as https://"),
        (MatrixSettings("https://matrix.example", "@krab:example"), "set KRAB_MATRIX_ACCESS_TOKEN"),
        (MatrixSettings("https://matrix.example", "krab", password=Secret("x")), "@krab:example.org"),
    ],
)
async def test_settings_that_cannot_work_are_refused_without_asking_anybody(
    tmp_path: Path, settings: MatrixSettings, advice: str
) -> None:
    with pytest.raises(ChatRefused, match=advice):
        await log_in(settings, Folder(tmp_path))


async def nobody(message: Incoming, reply: Reply) -> None:
    raise AssertionError("nothing was said")


async def test_a_homeserver_that_is_not_there_is_waited_for_with_one_log_line_until_cancelled(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        bot = Matrix(MatrixSettings(url, access_token=Secret("a token")), tmp_path)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(bot.run(nobody), 2.5)
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert [w.count("trying again") for w in warnings] == [1]
