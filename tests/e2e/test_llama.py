"""A real OpenAI-compatible server with a real, very small model: the protocol works, and its nonsense stays out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from bot.budget import Allowance, Budget
from bot.llm import OpenAi, Usage
from bot.model import Question
from bot.settings import LlmSettings
from bot.support import Lens
from bot.writer import Writer
from index.sqlite import Sqlite
from tests.lies import answer
from tests.llama import install, llama
from tests.peers import NotInstalled

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAi]:
    try:
        python = install()
    except NotInstalled as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    with llama(python) as url, httpx2.Client(trust_env=False) as client:
        yield OpenAi(LlmSettings(base_url=url, model="smollm2", max_tokens=24, timeout=120), client=client)


def test_it_streams_words_and_counts_its_tokens(model: OpenAi) -> None:
    usage = Usage()
    pieces = list(model.write([{"role": "user", "content": "Name a colour."}], usage))
    assert len(pieces) > 1
    assert usage.tokens_in > 5
    assert 0 < usage.tokens_out <= 24


def test_what_it_makes_of_evidence_is_evidence_or_nothing(model: OpenAi, lens: Lens, tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "state.db")
    plain = answer()
    said = Writer(lambda _: plain, model, lens, Budget(database, Allowance())).answer(Question("Was lily applied?"))
    database.close()
    quotes = {source.quote for source in plain.sources}
    assert {source.quote for source in said.sources} <= quotes
    assert all(sentence.citations for sentence in said.sentences)
