"""A web site over invented mail: what the tests of the page and of the browser stand on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from bot.model import Answer, Citation, Question, Sentence, Status
from bot.web import Limits, SourceRow, StatusView, make_app
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

ROWS = (
    SourceRow("rust-for-linux", "lore", "https://lists.example.org/teapot", "ok", DAY, "", DAY, 48210),
    SourceRow("kettle-devel", "lore", "https://lists.example.org/kettle", "stalled", DAY, "", DAY, 1203),
    SourceRow(
        "vendor-blog", "feed", "https://blog.example.org/feed", "failing", None, "503 from blog.example.org", DAY, 0
    ),
    SourceRow("notes", "notes", "", "ok", DAY, "", None, 61),
)
READY = StatusView(49474, 9120, 131004, DAY, "all-MiniLM-L6-v2/int8", "0.1.0", ready=True)


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
        part=PARTS.get,
        sources=lambda: ROWS,
        status=lambda: status,
        allowed_hosts=allowed_hosts,
        limits=limits,
    )
