"""What the pages show, and how values become words: templates in, HTML out, nothing looked up.

Every string that reaches a page is escaped by Jinja and freed of control and direction-changing
characters; an address becomes a link only when it is http(s). Times are UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.model import Citation, Status
from bot.weblink import weblink
from index.model import Kind

EXAMPLES = (
    "Why does a DMA allocation need a bound device?",
    "What does pin-init do?",
    "Which Rust drivers are in the kernel?",
    "How much did memory-safety bugs drop in Android?",
    "Who maintains the Rust block layer bindings?",
)
STATUSES = {
    Status.ANSWERED: ("Answered", "Every sentence stands on the sources numbered behind it."),
    Status.WEAK: ("Weak evidence", "The closest I found. It may not answer the question."),
    Status.NOT_FOUND: ("Not in my sources", "Nothing I have read supports an answer, so I give none."),
    Status.OUT_OF_SCOPE: ("Outside my subject", "I know about Rust in the Linux kernel, and memory safety."),
}
KINDS = {Kind.MAIL: "Mail", Kind.POST: "Post", Kind.PAGE: "Page", Kind.NOTE: "Curated note"}
DAYS = 30  # that a source's small chart shows
_TONES = {
    "good": {"ok", "fresh", "healthy", "ready", "up to date"},
    "bad": {"failing", "failed", "error", "stalled", "refused", "behind"},
}
# Control characters but tab and newline; those that turn the direction of what follows; lone surrogates.
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source and its health. ``state`` is one word or two for a person: "ok", "stalled", "failing" …

    ``lag`` is the seconds since it was last read well, ``habit`` those between two changes of it, as a rule;
    ``left_out`` counts what its filter kept out of the index. ``readers`` are the only channels that may know of it,
    as patterns of ``service:channel``; without any, everybody may.
    """

    name: str
    kind: str
    url: str
    state: str
    last_success: datetime | None = None
    last_error: str = ""
    next_poll: datetime | None = None
    parts: int = 0
    lag: float | None = None
    habit: float | None = None
    left_out: int = 0
    readers: tuple[str, ...] = ()
    days: tuple[int, ...] = ()  # items a day, oldest first, by the dates they bear

    @property
    def bars(self) -> tuple[tuple[int, float], ...]:
        """Return (place, height from 0 to 20) of each day's bar in a small chart; none without items."""
        most = max(self.days, default=0)
        return tuple((n, round(20 * count / most, 1)) for n, count in enumerate(self.days) if count) if most else ()


@dataclass(frozen=True, slots=True)
class StatusView:
    """The whole system in a line. ``why`` is one sentence when it is not ``ready``."""

    parts: int
    documents: int
    passages: int
    newest: datetime | None
    embedder: str
    version: str
    ready: bool
    why: str = ""


def environment() -> Environment:
    """Return the templates with the words they need."""
    loader = FileSystemLoader(str(files("bot") / "templates"))
    env = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    env.filters |= {"day": day, "moment": moment, "thousands": "{:,}".format, "tone": tone}
    env.globals |= {"weblink": weblink, "host": host, "copy_link": copy_link, "ask_link": ask_link}
    env.globals |= {"DAYS": DAYS, "STATUSES": STATUSES, "KINDS": KINDS, "EXAMPLES": EXAMPLES}
    return env


def host(url: str) -> str:
    """Return where a link goes, for a reader: the host's name."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def copy_link(citation: Citation) -> str:
    """Return the address of the local copy, at the quote."""
    return f"/part?{urlencode({'id': citation.id, 'q': citation.quote}, errors='replace')}#quote"


def ask_link(question: str) -> str:
    """Return the address that asks ``question``."""
    return f"/ask?{urlencode({'q': question})}"


def day(when: datetime | None) -> str:
    """Return the day, or a word for none."""
    return when.astimezone(UTC).strftime("%Y-%m-%d") if when else "undated"


def moment(when: datetime | None) -> Markup:
    """Return day and minute in UTC as a ``<time>``, or a dash."""
    if when is None:
        return Markup("–")
    at = when.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), at.strftime("%Y-%m-%d %H:%M"))


def tone(state: str) -> str:
    """Return how a source's state looks: "good", "bad" or "plain"."""
    return next((name for name, words in _TONES.items() if state.lower() in words), "plain")


def _shown(value: object) -> object:
    return _UNSHOWN.sub("", value) if type(value) is str else value
