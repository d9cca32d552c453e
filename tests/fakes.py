"""Small stand-ins that several tests share: each does what it is told and remembers what it was asked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.card import Card, Form
from bot.chat import Handler, Parcel, Profile
from bot.digest.model import Digest
from bot.digest.span import Span, week
from bot.model import Answer, Citation, Progress, Question, Sentence, Status, silent
from index.model import Kind

NOON = datetime(2025, 7, 8, 12, 0, tzinfo=UTC)


def citation(n: int = 1, **changes: object) -> Citation:
    """A citation of a mail that nobody wrote; ``changes`` replace its fields."""
    fields: dict[str, object] = {
        "n": n,
        "id": f"{n}.frog@pond.example",
        "url": f"https://pond.example/list/{n}.frog@pond.example/",
        "title": f"[PATCH v3 {n}/9] rust: lily: add a leaf",
        "author": "Ada Frog",
        "date": NOON,
        "quote": "A leaf must outlive the frog that sits on it.",
        "kind": Kind.MAIL,
    }
    return Citation(**{**fields, **changes})  # type: ignore[arg-type]


def answered(text: str = "A leaf outlives its frog.", *sources: Citation) -> Answer:
    """An answer of one sentence that rests on all of its sources."""
    found = sources or (citation(),)
    sentence = Sentence(text, tuple(source.n for source in found))
    return Answer(Status.ANSWERED, (sentence,), found, as_of=NOON)


@dataclass
class FakeAnswerer:
    """Answers every question with ``answer``, after ``delay`` seconds, or raises ``error``."""

    answer: Answer = field(default_factory=answered)
    delay: float = 0.0
    error: Exception | None = None
    asked: list[Question] = field(default_factory=list)

    def __call__(self, question: Question, _: Progress = silent) -> Answer:
        self.asked.append(question)
        time.sleep(self.delay)
        if self.error:
            raise self.error
        return self.answer


@dataclass
class FakeReply:
    """A ``Reply`` that keeps what it was given; ``broken`` fails to deliver anything."""

    broken: bool = False
    said: list[Answer | Card | Form | str] = field(default_factory=list)
    worked: int = 0
    words: list[str] = field(default_factory=list)  # what ``working`` said
    private: list[bool] = field(default_factory=list)  # of each answer and card

    async def working(self, words: str = "") -> None:
        self.worked += 1
        self.words.append(words)

    async def answer(self, answer: Answer, *, private: bool = False) -> None:
        self._deliver(answer)
        self.private.append(private)

    async def card(self, card: Card, *, private: bool = False) -> None:
        self._deliver(card)
        self.private.append(private)

    async def text(self, text: str) -> None:
        self._deliver(text)

    async def ask(self, form: Form) -> None:
        self._deliver(form)

    async def moderates(self) -> bool:
        return False

    def _deliver(self, what: Answer | Card | Form | str) -> None:
        if self.broken:
            raise ConnectionError("the line is cut")
        self.said.append(what)


@dataclass
class FakeChat:
    """A service that shows each key once; ``errors`` are raised first, one a call."""

    name: str = "slack"
    errors: list[Exception] = field(default_factory=list)
    shown: dict[str, Parcel] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    async def run(self, handler: Handler) -> None:
        raise NotImplementedError

    async def send(self, parcel: Parcel) -> str:
        self.calls.append(parcel.key)
        if self.errors:
            raise self.errors.pop(0)
        self.shown.setdefault(parcel.key, parcel)
        return f"ref of {parcel.key}"

    async def profile(self, user: str) -> Profile:
        return Profile(user)


@dataclass
class FakeClock:
    """A clock that stands still until it is moved (seconds)."""

    seconds: float = NOON.timestamp()

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def time(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class FakeDigester:
    """Makes digests in which nothing happened; ``mails`` tells the corrected one from the first."""

    kept: dict[tuple[str, tuple[str, ...]], Digest] = field(default_factory=dict)
    composed: int = 0

    def fresh(self, span: Span, topics: Sequence[str] = ()) -> Digest:
        self.composed += 1
        return Digest(span.week, span.begin, span.end, self.composed, 0, 0, tuple(topics))

    def publish(self, span: Span, topics: Sequence[str] = ()) -> Digest:
        return self.kept.setdefault((span.week, tuple(topics)), self.fresh(span, topics))

    def published(self, span: Span) -> bool:
        return (span.week, ()) in self.kept

    def correct(self, span: Span, topics: Sequence[str] = ()) -> Digest:
        self.kept[span.week, tuple(topics)] = made = self.fresh(span, topics)
        return made

    def latest(self) -> Span:
        return week("2025-W27")
