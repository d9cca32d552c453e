"""A web site over invented mail: what the tests of the page and of the browser stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from aiohttp import web

from bot import web_digests, web_metrics, web_series
from bot.digest.model import Activity, Applied, Cited, Digest, Discussion, Posting, Pulse
from bot.digest.span import Span, week
from bot.metrics import Metrics, of_sources
from bot.model import Answer, Citation, Question, Sentence, Status
from bot.web import Limits, Shelf, SourceRow, StatusView, make_app
from index.history import History, Version
from index.model import Block, Event, Kind, Part, Reference, Role

DAY = datetime(2025, 7, 8, 14, 3, tzinfo=UTC)
QUOTE = "A mapping must never outlive the binding, so the allocator asks for the bound device"

MAIL = Part(
    id="teapot-3@example.org",
    url="https://lists.example.org/teapot/teapot-3@example.org/",
    title="Re: [PATCH v3 2/5] rust: kettle: tie mappings to the bound device",
    author="Odalys Ferrum",
    date=DAY,
    kind=Kind.MAIL,
    links=("teapot-2@example.org",),
    labels=("patch", "reply"),
    blocks=(
        Block(Role.QUOTED, "Why can this not simply take a reference to the device?\nThe C side does that everywhere."),
        Block(
            Role.OWN,
            "Because a reference keeps the memory of the device alive, and not its binding.\n"
            "After the driver is gone the bus may hand the hardware to another one.\n\n"
            "A mapping must never outlive the binding,\nso the allocator asks for the bound device and the type\n"
            "system carries the proof from there.\n\n"
            "What is left to do:\n - a test for hot removal\n - the same for the pool",
        ),
        Block(Role.CODE, "fn boil(dev: &Device<Bound>, size: usize) -> Result<Mapping> {\n\tMapping::new(dev)\n}"),
        Block(Role.DIFF, "--- a/rust/kettle.rs\n+++ b/rust/kettle.rs\n@@ -1,2 +1,2 @@\n-let old = 1;\n+let new = 2;"),
        Block(Role.TRAILERS, "Reviewed-by: Bram Tinsel <bram@example.org>"),
        Block(Role.SIGNATURE, "Odalys"),
    ),
    events=(Event("kettle", "reviewed", "Bram Tinsel", DAY, "teapot-3@example.org", "Reviewed-by: Bram Tinsel"),),
)
PARENT = Part(
    id="teapot-2@example.org",
    url="https://lists.example.org/teapot/teapot-2@example.org/",
    title="[PATCH v3 2/5] rust: kettle: tie mappings to the bound device",
    author="Bram Tinsel",
    date=DAY,
    kind=Kind.MAIL,
    blocks=(Block(Role.OWN, "Short and plain."),),
)
HOSTILE = Part(
    id="evil@example.org",
    url="javascript:alert(1)",
    title='<script>alert("title")</script>',
    author='<img src=x onerror="alert(2)">',
    date=None,
    kind=Kind.MAIL,
    blocks=(Block(Role.OWN, "</p><script>alert(3)</script> \u202eback\x07wards"), Block(Role.DIFF, "</pre><script>")),
    references=(Reference("<b>bold</b>", "data:text/html,<script>"),),
)

FIRST = Citation(1, MAIL.id, MAIL.url, MAIL.title, MAIL.author, DAY, QUOTE, Kind.MAIL, note="superseded by v4")
SECOND = Citation(
    2,
    "https://blog.example.org/bound",
    "https://blog.example.org/bound",
    "Bound to boil: lifetimes of a kettle driver",
    "Vendor security blog",
    DAY,
    "Once the driver is unbound, touching the hardware is a bug, whoever still holds a pointer.",
    Kind.POST,
)
NOTE = Citation(
    3,
    "note:bound-device",
    "",
    "Bound devices",
    "krab's notes",
    None,
    "The bound state is a type, so forgetting it does not compile.",
    Kind.NOTE,
    references=(Reference("The driver model, chapter 4", "https://docs.example.org/model"),),
)
EVIL = Citation(
    1, HOSTILE.id, HOSTILE.url, HOSTILE.title, HOSTILE.author, None, '"><script>alert(4)</script>', Kind.MAIL
)

ANSWERED = Answer(
    status=Status.ANSWERED,
    sentences=(
        Sentence("A reference keeps the device's memory alive but not its binding to a driver.", (1,)),
        Sentence("A mapping must never outlive that binding, so the allocator asks for the bound device.", (1, 2)),
        Sentence("Because the bound state is a type, forgetting it does not compile.", (3,)),
    ),
    sources=(FIRST, SECOND, NOTE),
    retrieved=(FIRST.id, SECOND.id, NOTE.id),
    as_of=DAY,
    took_ms=12.4,
    confidence=0.81234,
)
WEAK = Answer(
    status=Status.WEAK,
    sentences=(Sentence("A test for hot removal is left to do.", (1,)),),
    sources=(FIRST,),
    remark="Only one message touches this, and it does so in passing.",
    as_of=DAY,
)
NOT_FOUND = Answer(
    status=Status.NOT_FOUND, remark="No message I have read says who brewed it.", nearest=(SECOND, FIRST), as_of=DAY
)
OUT_OF_SCOPE = Answer(status=Status.OUT_OF_SCOPE, remark="That is about gardening.", as_of=DAY)
ATTACK = Answer(
    status=Status.ANSWERED, sentences=(Sentence("<script>alert(0)</script>", (1,)),), sources=(EVIL,), remark="<i>"
)

ANSWERS = {"weak": WEAK, "nothing": NOT_FOUND, "gardening": OUT_OF_SCOPE, "attack": ATTACK}
PARTS = {part.id: part for part in (MAIL, PARENT, HOSTILE)}

BUSY = tuple(120 + (n * 37) % 90 - (60 if n % 7 > 4 else 0) for n in range(30))
ROWS = (
    SourceRow(
        "rust-for-linux", "lore", "https://lists.example.org/teapot", "ok", DAY, "", DAY, 48210, 240.0, days=BUSY
    ),
    SourceRow("kettle-devel", "lore", "https://lists.example.org/kettle", "stalled", DAY, "", DAY, 1203),
    SourceRow(
        "vendor-blog", "feed", "https://blog.example.org/feed", "failing", None, "503 from blog.example.org", DAY, 0
    ),
    SourceRow("notes", "notes", "", "ok", DAY, "", None, 61),
)
READY = StatusView(49474, 9120, 131004, DAY, "all-MiniLM-L6-v2/int8", "0.1.0", ready=True)


def event(kind: str, who: str, day: int, detail: str = "", part: str = MAIL.id) -> Event:
    """Something that happened to the kettle series in July."""
    return Event("kettle", kind, who, datetime(2025, 7, day, 9, 0, tzinfo=UTC), part, MAIL.title, detail)


def version(number: int, day: int, *events: Event) -> Version:
    """A version of the kettle series, posted on a day in July."""
    posted = event("posted", "Odalys Ferrum", day, f"v{number}")
    title = f"[PATCH v{number} 0/5] rust: kettle: tie mappings to the bound device"
    return Version(
        f"v{number}", number, MAIL.id, title, "Odalys Ferrum", posted.when, 5, 5, (MAIL.id,), (posted, *events)
    )


KETTLE = History(
    "teapot-1@example.org",
    (
        version(1, 1, event("nacked", "Bram Tinsel", 2)),
        version(2, 8, event("reviewed", "Bram Tinsel", 9), event("tested", "Ida Kupfer", 11)),
        version(3, 19, event("acked", "Ida Kupfer", 20), event("applied", "Rosa Blech", 24, "kettle-next")),
    ),
)


def find(asked: str) -> tuple[tuple[History, ...], datetime | None]:
    """Find the kettle series, whatever is asked but nothing."""
    return (() if "nothing" in asked else (KETTLE,)), DAY


def cited(text: str) -> Cited:
    """Words with the mail that they stand in."""
    return Cited(text, MAIL.id, MAIL.url, text, "Odalys Ferrum")


DIGEST = Digest(
    week="2025-W28",
    begin=datetime(2025, 7, 7, tzinfo=UTC),
    end=datetime(2025, 7, 14, tzinfo=UTC),
    mails=412,
    threads=57,
    people=64,
    applied=(
        Applied(
            "rust: kettle: tie mappings", "v3", cited("Applied, thanks!"), "Rosa Blech", "kettle-next", "Odalys Ferrum"
        ),
    ),
    discussions=(
        Discussion(
            "Who may boil a kettle?", cited("Who may boil a kettle?"), 23, ("Bram Tinsel", "Ida Kupfer"), 1, "kettle",
            (cited("A mapping must never outlive the binding."),),
        ),
    ),
    new_series=(
        Posting("rust: teapot: add a lid", "v1", cited("rust: teapot: add a lid"), "Ida Kupfer", 4, DAY, "teapot"),
    ),
    activity=(Activity("kettle", 120, (80, 90, 70, 100)), Activity("teapot", 40, (60, 50, 40, 55))),
    pulse=tuple(Pulse(f"2025-W{n}", 300 + 20 * n, n, n // 2) for n in range(21, 29)),
    until=DAY,
)  # fmt: skip


class Archive:
    """Has published one digest, and makes the same of any week."""

    def weeks(self) -> list[tuple[str, datetime]]:
        return [(DIGEST.week, DIGEST.end)]

    def digest(self, span: Span) -> Digest:
        return replace(DIGEST, week=span.week, begin=span.begin, end=span.end)

    def latest(self) -> Span:
        return week(DIGEST.week)


def metrics() -> Metrics:
    """What is told of the invented sources."""
    return Metrics(lambda: of_sources(ROWS))


def answer(question: Question) -> Answer:
    """Give the answer that a word of the question names, else the good one."""
    return next((a for word, a in ANSWERS.items() if word in question.text), ANSWERED)


def site(
    ask: Callable[[Question], Answer] = answer,
    *,
    status: StatusView = READY,
    allowed_hosts: tuple[str, ...] = (),
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> web.Application:
    """Return the application over the invented mail."""
    return make_app(
        ask=ask,
        shelf=Shelf(PARTS.get, lambda: ROWS, lambda: status),
        allowed_hosts=allowed_hosts,
        limits=limits,
        more=lambda queue: (
            web_series.routes(find),
            web_digests.Digests(Archive(), queue.run, "https://krab.example.org").routes,
            web_metrics.routes(metrics().exposition),
        ),
    )
