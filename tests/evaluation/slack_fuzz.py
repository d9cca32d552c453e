"""Generated answers against the rules of Block Kit: nothing refused, no ping, no link that is not in its sources."""

from __future__ import annotations

import random
import re
import time

from bot.chat.slack_blocks import blocks, fallback
from bot.model import Answer, Citation, Sentence, Status
from index.model import Kind, Reference
from tests.fakes import NOON
from tests.slack_standin.block_kit import message_blocks_error
from tests.slack_standin.rules import text_error

BITS = (
    *(
        "<!channel>",
        "<@U123>",
        "<#C1|x>",
        "<!subteam^S1>",
        "@here",
        "@everyone ",
        "<https://evil.example|click>",
        "https://",
    ),
    *(
        "*bold*",
        "_it_",
        "~no~",
        "`code`",
        "```",
        "`",
        "|",
        ">",
        "&lt;",
        "&amp;",
        "\n",
        "\r\n",
        "\t",
        "\x00",
        "\x1b[31m",
    ),
    *(
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\ud800",
        "🦀",
        "👩‍👩‍👧",
        "مرحبا بالعالم",
        "שלום",
        "漢字かな",
        "e\u0301",
        "x" * 3_000,
    ),
    *(
        "rust_helper_foo()",
        "Box::new",
        "a sentence of words. ",
        "[1]",
        "**md** [x](http://evil.example)",
        "|a|b|\n|-|-|",
    ),
)
SPECIAL = re.compile(r"<[@#!]|@(here|channel|everyone)\b", re.IGNORECASE)
LINK = re.compile(r"<([^<>|]*)\|([^<>|]*)>")


def fuzz(count: int, seed: int = 20261124) -> None:
    """Generated answers against the rules."""
    rolling = random.Random(seed)
    refused, pings, links = 0, 0, 0
    started = time.monotonic()
    for _ in range(count):
        answer = _answer(rolling)
        known = {c.url for c in (*answer.sources, *answer.nearest)}
        known |= {r.url for c in (*answer.sources, *answer.nearest) for r in c.references}
        rich, text = blocks(answer, "C1:1.1", private=rolling.random() < 0.5), fallback(answer)
        refused += message_blocks_error(rich) != ("", []) or text_error(text, None) != ""
        shown = [words for words, kind in _texts(rich) if kind == "mrkdwn"]
        pings += any(SPECIAL.search(LINK.sub(r"\2", words)) for words in [*shown, text]) or "<" in text
        links += any(_plain(m[1]) not in known for words in shown for m in LINK.finditer(words))
    seconds = time.monotonic() - started
    print(f"{count:,} answers in {seconds:.0f} s: {refused} refused, {pings} with a ping, {links} with a foreign link")


def _answer(rolling: random.Random) -> Answer:
    def words(most: int = 8) -> str:
        return "".join(rolling.choice(BITS) for _ in range(rolling.randint(0, most)))

    def cited(n: int) -> Citation:
        url = rolling.choice((f"https://pond.example/{n}", "https://pond.example/a?b=c&d=e", "javascript:alert(1)", ""))
        origins = tuple(Reference(words(3), "https://pond.example/origin") for _ in range(rolling.randint(0, 3)))
        date = rolling.choice((None, NOON))
        return Citation(
            n, words(2), url, words(), words(3), date, words(20), rolling.choice(list(Kind)), words(2), origins
        )

    sources = tuple(cited(n) for n in range(1, rolling.choice((1, 2, 4, 9, 60)) + 1))
    said = tuple(
        Sentence(words(20), tuple(rolling.randint(0, 70) for _ in range(rolling.randint(0, 6))))
        for _ in range(rolling.choice((0, 1, 3, 8, 40)))
    )
    nearest = tuple(cited(n) for n in range(1, 6))
    return Answer(rolling.choice(list(Status)), said, sources, nearest, ("a",), NOON, remark=words(3))


def _texts(value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        own = [(value["text"], str(value.get("type")))] if isinstance(value.get("text"), str) else []
        return own + [found for item in value.values() for found in _texts(item)]
    return [found for item in value for found in _texts(item)] if isinstance(value, list) else []


def _plain(url: str) -> str:
    return url.replace("&amp;", "&")
