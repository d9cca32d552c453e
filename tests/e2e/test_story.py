"""The whole way, once: a krab process with an imported archive, between Slack, Matrix and the web page."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from index.stores.milvus import Place, discard
from tests.matrix_person import PATIENCE, Person, until
from tests.postgres import Postgres
from tests.slack_standin import SlackStandIn
from tests.synapse import Account, Synapse

pytestmark = pytest.mark.e2e

ON_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.everywhere)
ALWAYS = ("files", ON_POSTGRESQL, pytest.param("cluster", marks=pytest.mark.cluster))
SOMETIMES = ("files", ON_POSTGRESQL, pytest.param("cluster", marks=(pytest.mark.cluster, pytest.mark.everywhere)))

QUESTION = "what does every knob of the frobnicator need?"
MESSAGE_ID = "frobnicator-1@example.org"
QUOTE = "Every knob needs a bound device, since the device may go away at any time."
MAIL = f"""From mboxrd@z Thu Jan  1 00:00:00 1970
From: Ada Example <ada@example.org>
Date: Tue, 3 Jun 2025 10:00:00 +0000
Message-ID: <{MESSAGE_ID}>
Subject: [PATCH v2 0/2] rust: frobnicator: add the frobnicator abstraction

The frobnicator abstraction lets a driver turn its knobs without unsafe code.

{QUOTE}

From mboxrd@z Thu Jan  1 00:00:00 1970
From: Bob Example <bob@example.org>
Date: Wed, 4 Jun 2025 10:00:00 +0000
Message-ID: <teapot-1@example.org>
Subject: [PATCH] rust: teapot: whistle before the lid lifts

A teapot that boils must whistle first, or its lid is lost under the sofa.

"""


@dataclass
class Installation:
    """krab as an operator has it: a data directory with a configuration, and secrets in the environment."""

    data: Path
    listen: str
    secrets: dict[str, str]
    logs: list[Path] = field(default_factory=list)

    async def imported(self, archive: Path) -> None:
        importing = await self._start("import", str(archive))
        assert await asyncio.wait_for(importing.wait(), 60) == 0, self.log

    async def refusing(self) -> int:
        """The exit status of a krab that can't serve."""
        return await asyncio.wait_for((await self._start("serve")).wait(), 30)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await self._start("serve")
        try:
            await until(self._ready)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def over_http(self) -> dict[str, Any]:
        """The answer of the web page's API."""
        address = f"http://{self.listen}/api/ask"
        async with aiohttp.ClientSession() as session, session.get(address, params={"q": QUESTION}) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    @property
    def log(self) -> str:
        """What the last process wrote."""
        return self.logs[-1].read_text()

    def told(self) -> list[str]:
        """The names of the secrets that stand in the log: those configured, and the login made from them."""
        login = json.loads((self.data / "matrix" / "session.json").read_text())["token"]
        known = {**self.secrets, "login": login}
        return [name for name, secret in known.items() if secret in self.log]

    async def _start(self, *arguments: str) -> asyncio.subprocess.Process:
        self.logs.append(self.data.parent / f"{len(self.logs)}.log")
        with self.logs[-1].open("wb") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "--data", str(self.data), *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**_without_settings(os.environ), **self.secrets},
            )

    async def _ready(self) -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://{self.listen}/readyz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("KRAB_")}


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


@pytest.fixture
async def bot(synapse: Synapse) -> Account:
    return await asyncio.to_thread(synapse.account, "krab")


@pytest.fixture
async def ann(synapse: Synapse) -> AsyncIterator[Person]:
    person = Person(synapse, await asyncio.to_thread(synapse.account, "ann"))
    yield person
    await person.client.close()


@pytest.fixture(params=SOMETIMES)
def engines(request: pytest.FixtureRequest) -> Iterator[str]:
    """What the configuration says of where tables and vectors are."""
    with ExitStack() as stack:
        told = ""
        if request.param != "files":
            postgres: Postgres = request.getfixturevalue("postgres")
            told += f'[store]\nurl = "{stack.enter_context(postgres.database())}"\n'
        if request.param == "cluster":
            place: Place = request.getfixturevalue("place")
            stack.callback(discard, place, ())
            told += f'[vectors]\nkind = "milvus"\nurl = "{place.url}"\nprefix = "{place.prefix}"\ntimeout = 20.0\n'
        yield told


@pytest.fixture
async def krab(synapse: Synapse, slack: SlackStandIn, bot: Account, tmp_path: Path, engines: str) -> Installation:
    listen = f"127.0.0.1:{_free_port()}"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "krab.toml").write_text(
        "sources = []\nstarter_notes = false\n"
        f'[slack]\napi_url = "{slack.api_url}"\n'
        f'[matrix]\nhomeserver = "{synapse.url}"\nuser = "{bot.user}"\n'
        f'[web]\nlisten = "{listen}"\n{engines}'
    )
    secrets = {
        "KRAB_SLACK_BOT_TOKEN": slack.workspace.app.bot_token,
        "KRAB_SLACK_APP_TOKEN": slack.workspace.app.app_token,
        "KRAB_MATRIX_PASSWORD": bot.password,
    }
    installation = Installation(tmp_path / "data", listen, secrets)
    (tmp_path / "archive.mbox").write_text(MAIL)
    await installation.imported(tmp_path / "archive.mbox")
    return installation


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def in_slack(slack: SlackStandIn) -> str:
    """What Slack shows after the question was asked by mention."""
    await slack.until(lambda: slack.socket.sockets, PATIENCE)
    asked = await slack.say(slack.ask(QUESTION))
    await slack.until(lambda: slack.by_krab(asked), PATIENCE)
    (answer,) = slack.by_krab(asked)
    return answer.shown


async def in_matrix(ann: Person, bot: Account) -> str:
    """What Matrix shows after the question was asked in a direct message."""
    room = await ann.room(bot.user)
    await ann.until_joined(room)
    await ann.say(room, QUESTION)
    (answer,) = await ann.until_answers(room, 1)
    return str(answer["formatted_body"])


async def ended(process: asyncio.subprocess.Process) -> int:
    """The exit status after SIGTERM."""
    process.terminate()
    return await asyncio.wait_for(process.wait(), 15)


def cited(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(source["id"], source["quote"]) for source in answer["sources"]]


@pytest.mark.parametrize("engines", ALWAYS, indirect=True)
async def test_a_question_gets_the_same_source_and_quote_everywhere_and_sigterm_ends_it_cleanly(
    krab: Installation, slack: SlackStandIn, ann: Person, bot: Account
) -> None:
    async with krab.serving() as process:
        slack_shows, matrix_shows = await asyncio.gather(in_slack(slack), in_matrix(ann, bot))
        answer = await krab.over_http()
        status = await ended(process)
    assert (answer["status"], {id_ for id_, _ in cited(answer)}) == ("answered", {MESSAGE_ID})
    assert (MESSAGE_ID, QUOTE) in cited(answer)
    assert f"/{MESSAGE_ID}/|[1]>" in slack_shows
    assert f"“{QUOTE}”" in slack_shows
    assert f'/{MESSAGE_ID}/">[1]</a>' in matrix_shows
    assert f"<blockquote>{QUOTE}</blockquote>" in matrix_shows
    assert (status, krab.log.splitlines()[-1].endswith("stopped")) == (0, True), krab.log
    assert krab.told() == []


async def test_a_wrong_slack_token_is_one_line_in_the_log_and_harms_nobody_else(
    krab: Installation, ann: Person, bot: Account
) -> None:
    async def refused() -> bool:
        return "slack" in krab.log

    krab.secrets["KRAB_SLACK_BOT_TOKEN"] = "xoxb-0-mistyped"
    async with krab.serving() as process:
        matrix_shows = await in_matrix(ann, bot)
        answer = await krab.over_http()
        await until(refused)
        status = await ended(process)
    assert f"<blockquote>{QUOTE}</blockquote>" in matrix_shows
    assert (MESSAGE_ID, QUOTE) in cited(answer)
    (line,) = (line for line in krab.log.splitlines() if "slack" in line or "ERROR" in line)
    assert "set KRAB_SLACK_BOT_TOKEN" in line
    assert (status, "Traceback" in krab.log, krab.told()) == (0, False, [])


async def test_an_address_that_is_taken_ends_krab_with_the_setting_that_gives_another(krab: Installation) -> None:
    host, _, port = krab.listen.partition(":")
    with socket.create_server((host, int(port))):
        status = await krab.refusing()
    assert (status, "Traceback" in krab.log) == (1, False)
    assert "choose another with [web] listen" in krab.log.splitlines()[-1]
