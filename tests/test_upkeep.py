"""What keeps krab running: logs without secrets, a disk that does not fill, questions that are forgotten."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import Incoming
from bot.logs import Json, Redacting, secrets
from bot.settings import Secret, Settings, SettingsError, SlackSettings, UpkeepSettings, load
from bot.upkeep import Disk, forget_old
from bot.wiring.opening import opened
from bot.wiring.serving import dispatcher, site
from bot.wiring.status import measuring
from tests.fakes import NOON, FakeReply

ASKED = "Who moved the zugzwang lily, and when?"
TOKEN = "not-so-secret-after-all"


def line(form: logging.Formatter, message: str, *arguments: object, error: Exception | None = None) -> str:
    told = (type(error), error, None) if error else None
    return form.format(logging.LogRecord("krab.test", logging.WARNING, "x.py", 1, message, arguments, told))


# Logs


@pytest.mark.parametrize("form", [Redacting, Json])
def test_a_secret_is_cut_out_wherever_it_stands(form: type[Redacting]) -> None:
    made = form({TOKEN})
    assert TOKEN not in line(made, "asked with %s", TOKEN)
    assert TOKEN not in line(made, "failed", error=ValueError(f"url?token={TOKEN}"))


@pytest.mark.parametrize(
    "token",
    ["xoxb-1234567890-abcdefghij", "xapp-1-A0123-456-abcdef", "syt_a3JhYg_abcdefghijkl_1a2b3c", "mat_abcdefgh12345678"],
)
def test_whatever_looks_like_a_token_is_cut_out_too(token: str) -> None:
    assert token not in line(Redacting(()), "sent %s to them", token)
    assert token not in line(Redacting(()), "Authorization: Bearer %s", token)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=6))
def test_no_secret_survives(secret: str) -> None:
    assert secret not in line(Redacting({secret}), "%s", f"before {secret} after").replace("***", "\0")


def test_every_secret_of_the_settings_is_known() -> None:
    settings = Settings(data=Path("/d"), slack=SlackSettings(bot_token=Secret(TOKEN), signing_secret=Secret("abcdefg")))
    assert {TOKEN, "abcdefg"} <= set(secrets(settings))


@pytest.fixture
async def logged(tmp_path: Path, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> str:
    """Everything logged, of whatever level, while a question is asked in a chat, on the page, and as an order."""
    caplog.set_level(logging.DEBUG)
    settings = Settings(tmp_path, upkeep=UpkeepSettings(log_questions=request.param))
    with opened(settings) as krab:
        handling = dispatcher(krab, (), measuring(krab))
        for name, text in (("", ASKED), ("search", ASKED), ("series", ASKED), ("nonsense", ASKED)):
            incoming = Incoming("slack", "C1", "1", f"{name}1", "U1", text, mentioned=True, command=name)
            await handling.handle(incoming, FakeReply())
        await handling.handle(Incoming("slack", "C1", "1", "broken", "U1", ASKED, mentioned=True), FakeReply(True))
        server = TestServer(site(krab, (), measuring(krab)))
        await server.start_server(access_log=None)  # as bot.web has it
        async with TestClient(server) as page:
            for path in ("/ask", "/api/ask", "/series"):
                assert (await page.get(path, params={"q": ASKED})).status == 200
    return caplog.text


@pytest.mark.parametrize("logged", [False], indirect=True)
async def test_what_people_ask_is_not_logged(logged: str) -> None:
    assert "zugzwang" not in logged.lower()
    assert "no way to reply" in logged


@pytest.mark.parametrize("logged", [True], indirect=True)
async def test_what_people_ask_is_logged_where_that_is_wanted(logged: str) -> None:
    assert f"slack:U1 asked in slack:C1: {ASKED!r}: " in logged
    assert f"somebody asked in the page: {ASKED!r}" in logged


def test_json_is_one_object_a_line_with_the_trace_in_it() -> None:
    told = json.loads(line(Json(()), "it %s\nbroke", "really", error=ValueError("why")))
    assert (told["level"], told["logger"], told["message"]) == ("warning", "krab.test", "it really\nbroke")
    assert "ValueError: why" in told["error"]
    assert datetime.fromisoformat(told["time"]).tzinfo


# The disk


def disk(*free: int) -> Disk:
    """A disk of which so many bytes are free, one look after the other."""
    looks = iter(free)
    return Disk(Path("/d"), 1000, lambda _: next(looks))


def test_reading_stops_before_the_disk_is_full_and_goes_on_when_there_is_room_again() -> None:
    looked = disk(5000, 1000, 999, 1050, 1099, 1100, 1050)
    assert [looked.has_room() for _ in range(7)] == [True, True, False, False, False, True, True]


def test_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    looked = disk(10, 10, 10, 5000)
    assert [looked.has_room() for _ in range(4)] == [False, False, False, True]
    assert len(caplog.records) == 2


def test_a_floor_of_nothing_never_stops() -> None:
    assert Disk(Path("/d"), 0, lambda _: 0).has_room()


# Retention


@dataclass
class Forgetful:
    """Forgets ``count`` things, and remembers up to when it was told to."""

    count: int
    before: datetime | None = None

    def __call__(self, before: datetime) -> int:
        self.before = before
        return self.count


def test_everybody_forgets_what_is_older_than_allowed() -> None:
    asked = [Forgetful(2), Forgetful(3)]
    assert forget_old(asked, NOON, 86_400.0) == 5
    assert [one.before for one in asked] == [NOON - timedelta(days=1)] * 2


# Settings


def test_upkeep_is_told_in_spans_and_sizes(tmp_path: Path) -> None:
    (tmp_path / "krab.toml").write_text(
        '[upkeep]\nkeep_questions = "30d"\nkeep_free = "2GiB"\nlog = "json"\n[log]\nquestions = true\n'
    )
    assert load({}, data=str(tmp_path)).upkeep == UpkeepSettings(30 * 86_400.0, 2 << 30, "json", log_questions=True)


@pytest.mark.parametrize("told", ['keep_free = "much"', 'log = "xml"', 'keep_questions = "never"', 'keep_fre = "1GiB"'])
def test_what_is_no_span_size_or_form_is_refused(tmp_path: Path, told: str) -> None:
    (tmp_path / "krab.toml").write_text(f"[upkeep]\n{told}\n")
    with pytest.raises(SettingsError):
        load({}, data=str(tmp_path))
