"""Fuzzing of all that outsiders can put bytes into: ``python -m tests.evaluation.fuzz --seconds 60 [TARGET…]``.

Inputs are changed at random (bits, splices, repeats, words of the formats); those that reach calls which nothing
before reached are kept and changed further. An input that raises what its target must not raise, or takes longer
than ``--patience`` seconds, is written to ``--found`` and ends the run with 1; so does memory over ``--memory`` MiB.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from bot.channels import Manner, Unclear, typed
from bot.chat import matrix_events, slack_acts, slack_events, slack_request
from bot.chat.matrix_events import Place
from bot.chat.slack_events import Me
from bot.intent import is_question
from bot.model import Question
from bot.question import read, search_text
from bot.web_ask import BadQuestion, question, question_from_json
from bot.web_mark import show
from feeds import article, entries, mbox
from feeds import mail as mails
from feeds.errors import FeedError
from feeds.kinds import notes
from index import codec
from index.model import Part
from index.passages import split
from tests.series_mail import raw

LARGEST = 200_000  # bytes of an input
POOL = 400  # inputs that are kept of a target
# Words of the formats, apart by bars.
WORDS = tuple(
    rb"""From: |Message-ID: <|>\n|\n\n|=?utf-8?q?|?=|Content-Type: multipart/mixed; boundary=x\n|--x\n|charset=utf-16
|Content-Transfer-Encoding: base64\n|\nFrom a@b Thu Jan  1 00:00:00 1970\n|> |diff --git a/x b/x\n@@ -1 +1 @@\n
|Reviewed-by: A <a@b>\n|[PATCH v3 2/17] |<?xml|<entry>|<![CDATA[|]]>|<!DOCTYPE a [<!ENTITY b 'c'>]>|&b;|---\n
|title: |!!python/object:os.system |- *a\n|&a [|```\n|[x](y)|<@U1>|<!here>|{"|":|[[|null|1e999|\\ud800|\x00|\r|%s
|9999999999|\xff\xfe|\xe2\x80\xae""".replace(b"\n|", b"|")
    .decode("unicode_escape")
    .encode("latin-1")
    .split(b"|")
)


@dataclass(frozen=True, slots=True)
class Target:
    """Something that takes bytes, what it may raise, and inputs to begin with."""

    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    raises: tuple[type[Exception], ...] = ()


@dataclass(slots=True)
class Outcome:
    """What a target came to. ``bad`` is the input that broke it, ``why`` how."""

    runs: int = 0
    calls: set[tuple[str, int, int]] = field(default_factory=set)
    bad: bytes = b""
    why: str = ""


# The targets


def _mail(data: bytes) -> None:
    part = mails.to_part(mails.parse(data))
    split(part)
    codec.decode((part.id, part.kind.value, part.url, part.title, part.author, None, codec.encode(part)))
    show(part, part.title)


def _mbox(data: bytes) -> None:
    for each in mbox.mails(io.BytesIO(data)):
        with suppress(FeedError):
            mails.parse(each)


def _feed(data: bytes) -> None:
    entries.parse(data, "https://pond.example/feed")


def _page(data: bytes) -> None:
    article.extract(data, "https://pond.example/a")


def _note(data: bytes) -> None:
    split(_kept(notes.parse(data, "note:x/y")))


def _kept(part: Part) -> Part:
    return codec.storable(part)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


ME = Me("U1", "B1", "T1")
PLACE = Place("!room:pond.example", "@krab:pond.example", "krab", 3)


def _slack(data: bytes) -> None:
    slack_request.readable(data)
    slack_request.signed(data, {"X-Slack-Signature": data[:40].decode("latin-1")}, "secret", time.time)
    body = _json(data)
    if isinstance(body, dict):
        event = body.get("event")
        slack_events.read(event if isinstance(event, dict) else body, ME)
        for read_ in (slack_acts.command, slack_acts.shortcut, slack_acts.button, slack_acts.submission):
            read_(body, ME)


def _matrix(data: bytes) -> None:
    event = _json(data)
    if isinstance(event, dict):
        matrix_events.target(event)
        matrix_events.incoming(event, PLACE)
        matrix_events.after_join([event], PLACE.me)


def _asked(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    is_question(text)
    read(Question(text[:2000]))
    search_text(Question(text[:2000]))
    typed(text, Manner())


def _http(data: bytes) -> None:
    body = _json(data)
    if body is not None:
        question_from_json(body)
    first, _, rest = data.decode("utf-8", "replace").partition("\n")
    question(first, rest.split("\n")[:20], rest[:20])


MAIL = raw("a", "[PATCH v2 1/3] rust: lily: add a leaf", "Hello.\n\n> quoted\n\nReviewed-by: A <a@b.example>\n", to="b")
ATOM = (
    b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A</title><id>x</id>'
    b'<link href="https://pond.example/a"/><updated>2025-07-08T12:00:00Z</updated>'
    b'<content type="html">&lt;p&gt;Rust&lt;/p&gt;</content></entry></feed>'
)
RSS = (
    b"<rss><channel><item><title>A</title><link>https://pond.example/a</link><pubDate>Tue, 08 Jul 2025 12:00:00 GMT"
    b"</pubDate><description>Rust</description></item></channel></rss>"
)
PAGE = b"<html><head><title>A</title></head><body><article><p>Rust is here.</p><pre>x</pre></article></body></html>"
NOTE = (
    b"---\ntitle: A?\ndate: 2026-11-23\ntags: [a]\nsources:\n  - {title: b, url: https://b.example}\n---\n*A*.\n\n- b\n"
)
SLACK = (
    b'{"event":{"type":"message","channel":"C1","user":"U2","ts":"1.2","text":"<@U1> why?","thread_ts":"1.1"}}',
    b'{"type":"block_actions","user":{"id":"U2"},"channel":{"id":"C1"},"message":{"ts":"1.2"},"actions":[{"action_id":"a",'
    b'"value":"b","action_ts":"1"}]}',
    b'{"command":"/krab","text":"series x","user_id":"U2","channel_id":"C1","trigger_id":"t"}',
    b'{"type":"view_submission","user":{"id":"U2"},"view":{"callback_id":"a","id":"V","private_metadata":"{}","state":'
    b'{"values":{"b":{"c":{"value":"d"}}}}}}',
    b"payload=%7B%22type%22%3A%22block_actions%22%7D",
)
MATRIX = (
    b'{"type":"m.room.message","event_id":"$1","sender":"@a:pond.example","content":{"msgtype":"m.text","body":"why?",'
    b'"m.mentions":{"user_ids":["@krab:pond.example"]},"m.relates_to":{"rel_type":"m.thread","event_id":"$0"}}}',
    b'{"type":"m.reaction","event_id":"$2","sender":"@a:pond.example","content":{"m.relates_to":{"rel_type":"m.annotation",'
    b'"event_id":"$1","key":"x"}}}',
)
ASKED = (b"Why does DMA need a bound device?", b"settings mode=root_posts only_questions=on", b"was v3 of nova merged?")
HTTP = (b'{"question":"why?","earlier":["a"],"as_of":"2025-07-08"}', b"why?\nearlier\n2025-07-08")

TARGETS: Mapping[str, Target] = {
    "mail": Target(_mail, (MAIL,), (FeedError,)),
    "mbox": Target(_mbox, (b"From a@b Thu Jan  1 00:00:00 1970\n" + MAIL,), (FeedError,)),
    "feed": Target(
        _feed, (ATOM, RSS, b'{"version":"https://jsonfeed.org/version/1","items":[{"id":"a"}]}'), (FeedError,)
    ),
    "page": Target(_page, (PAGE,), (FeedError,)),
    "note": Target(_note, (NOTE,), (ValueError,)),
    "slack": Target(_slack, SLACK),
    "matrix": Target(_matrix, MATRIX),
    "asked": Target(_asked, ASKED, (Unclear,)),
    "http": Target(_http, HTTP, (BadQuestion,)),
}


# The fuzzer


def changed(data: bytes, pool: list[bytes], chance: random.Random) -> bytes:
    """Return ``data`` with a few things changed."""
    made = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(6):
            case 0 if made:
                made[at % len(made)] ^= 1 << chance.randrange(8)
            case 1:
                made[at:at] = chance.choice(WORDS)
            case 2:
                made[at : at + chance.randrange(40)] = b""
            case 3:
                other = chance.choice(pool)
                made[at:at] = other[chance.randrange(len(other) + 1) :][: chance.randrange(400)]
            case 4:
                piece = bytes(made[at : at + chance.randrange(1, 60)])
                made[at:at] = piece * chance.choice((2, 3, 10, 200))
            case _:
                made[at:at] = chance.randbytes(chance.randrange(1, 8))
    return bytes(made[:LARGEST])


@contextmanager
def watched(calls: set[tuple[str, int, int]]) -> Iterator[None]:
    """Note every call between two places of our code."""

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_back:
            code = frame.f_code
            calls.add((code.co_filename, code.co_firstlineno, frame.f_back.f_lineno))

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


def _late(_: int, __: FrameType | None) -> None:
    raise TimeoutError("it takes too long")


def fuzz(target: Target, seconds: float, chance: random.Random, patience: int = 10) -> Outcome:
    """Change inputs for so many seconds, or until one breaks the target."""
    outcome, pool = Outcome(), list(target.seeds)
    end = time.monotonic() + seconds
    signal.signal(signal.SIGALRM, _late)
    waiting = list(target.seeds)
    while time.monotonic() < end and not outcome.bad:
        data = waiting.pop() if waiting else changed(chance.choice(pool), pool, chance)
        calls: set[tuple[str, int, int]] = set()
        outcome.why = _run(target, data, calls, patience)
        outcome.runs += 1
        outcome.bad = data if outcome.why else b""
        if calls - outcome.calls:
            outcome.calls |= calls
            pool = [*pool[-POOL:], data]
    return outcome


def _run(target: Target, data: bytes, calls: set[tuple[str, int, int]], patience: int) -> str:
    signal.alarm(patience)
    try:
        with watched(calls):
            target.run(data)
    except target.raises:
        return ""
    except Exception as error:  # whatever else it is, is what we look for
        return f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    return ""


def main() -> int:
    """Fuzz the targets in turn; 1 when something broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--patience", type=int, default=10)
    parser.add_argument("--memory", type=int, default=1024, metavar="MiB")
    parser.add_argument("--found", type=Path, default=Path("build/fuzz"))
    options = parser.parse_args()
    names, broken = options.targets or list(TARGETS), 0
    print(f"seed {options.seed}", flush=True)
    for name in names:
        outcome = fuzz(TARGETS[name], options.seconds / len(names), random.Random(options.seed), options.patience)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        why = outcome.why or (f"{peak} MiB" if peak > options.memory else "")
        print(
            f"{name:<8} {outcome.runs:>8} inputs {len(outcome.calls):>6} calls {peak:>5} MiB  {why or 'fine'}",
            flush=True,
        )
        if why:
            broken += 1
            options.found.mkdir(parents=True, exist_ok=True)
            (options.found / f"{name}.bin").write_bytes(outcome.bad)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
