"""The picture of a week: what was busy, against the weeks before. Pure; as SVG for the web, as PNG for chats.

One drawing (``drawing``: boxes, lines and words) for both. This week is a bar in blue, the average of the weeks
before a mark in orange: two colours that colour-blind people tell apart, and two shapes. An SVG has the
page's own background and follows light and dark mode; a PNG brings a white card of its own, since nobody knows
what it will lie on. Whoever sees neither reads ``alt``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from statistics import fmean
from xml.sax.saxutils import escape, quoteattr

from bot.card import Picture
from bot.chat.text import clean
from bot.digest.model import Activity, Digest, Pulse
from bot.digest.outside import parted
from bot.digest.sections import once, sums

WIDTH = 720
AREAS = 7
ROW, LEFT, RIGHT, TOP = 26, 150, 500, 92
BARS = 520  # where the small chart of the weeks begins
INK = {"text": ("#1b1f24", "#e8eaed"), "faint": ("#5b6470", "#a3abb5"), "grid": ("#d5d9de", "#4a515a")}
NOW, BEFORE = "#0072B2", "#E69F00"  # Okabe and Ito's blue and orange
LIGHT_NOW = "#56B4E9"  # blue on a dark page
COLOURS = {**INK, "now": (NOW, LIGHT_NOW), "before": (BEFORE, BEFORE)}
SIZES = {"title": 17, "number": 22, "label": 13, "small": 11}


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; ``anchor`` is "start" or "end". ``y`` is the base line."""

    x: float
    y: float
    text: str
    size: str = "label"
    colour: str = "text"
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Drawing:
    """What to draw, in the order of drawing."""

    width: int
    height: int
    shapes: tuple[Box | Words, ...]


def alt(digest: Digest) -> str:
    """Return the picture in words."""
    numbers = ", ".join(f"{count} {name}" for count, name in _numbers(digest))
    busy = [f"{a.area} {a.now} (usually {_usual(a)})" for a in _areas(digest)[:4]]
    mails = f" Mails by area, against the weeks before: {'; '.join(busy)}." if busy else ""
    return f"{numbers}.{mails}"


def drawing(digest: Digest) -> Drawing:
    """Return the picture of a digest."""
    areas = _areas(digest)
    height = TOP + ROW * max(len(areas), 5) + 34
    shapes = (*_headline(digest), *_rows(areas), *_weeks(digest.pulse, height), *_legend(height))
    return Drawing(WIDTH, height, shapes)


def _areas(digest: Digest) -> list[Activity]:
    return [one for one in digest.activity if one.now][:AREAS]


def _usual(one: Activity) -> int:
    return round(fmean(one.before)) if one.before else 0


def _numbers(digest: Digest) -> list[tuple[int, str]]:
    kernel, _ = parted(digest)
    new, newer = sums(kernel)
    return [
        (len(once(kernel.applied)), "applied"),
        (new, "new series"),
        (newer, "in new versions"),
        (len(digest.waiting), "waiting"),
    ]


def _headline(digest: Digest) -> Iterator[Box | Words]:
    for at, (count, name) in enumerate(_numbers(digest)):
        yield Words(16 + at * 130, 36, str(count), "number")
        yield Words(16 + at * 130, 54, name, "small", "faint")
    yield Words(16, TOP - 14, "People's mails by area", "small", "faint")
    yield Words(BARS, TOP - 14, "Mails a week", "small", "faint")


def _rows(areas: Sequence[Activity]) -> Iterator[Box | Words]:
    most = max((max(a.now, _usual(a)) for a in areas), default=1)
    scale = (RIGHT - LEFT - 44) / most
    for at, one in enumerate(areas):
        y = TOP + at * ROW
        yield Words(LEFT - 8, y + 14, one.area, "label", "text", "end")
        yield Box(LEFT, y + 3, max(2.0, one.now * scale), ROW - 12, "now")
        yield Box(LEFT + _usual(one) * scale - 2, y, 4, ROW - 6, "before")
        yield Words(LEFT + max(one.now, _usual(one)) * scale + 8, y + 14, str(one.now), "label")


def _weeks(pulse: Sequence[Pulse], height: int) -> Iterator[Box | Words]:
    most = max((p.mails for p in pulse), default=0) or 1
    base, room = height - 50, height - 50 - TOP
    step = (WIDTH - BARS - 16) / max(len(pulse), 1)
    for at, one in enumerate(pulse):
        tall = one.mails / most * room
        last = at + 1 == len(pulse)
        yield Box(BARS + at * step, base - tall, step - 3, max(tall, 1.0), "now" if last else "grid")
    yield Box(BARS, base, WIDTH - BARS - 18, 1, "faint")
    if pulse:
        yield Words(BARS, base + 14, pulse[0].week[-3:], "small", "faint")
        yield Words(WIDTH - 18, base + 14, pulse[-1].week[-3:], "small", "faint", "end")


def _legend(height: int) -> Iterator[Box | Words]:
    y = height - 14
    yield Box(16, y - 9, 22, 10, "now")
    yield Words(44, y, "this week", "small", "faint")
    yield Box(126, y - 12, 4, 16, "before")
    yield Words(138, y, "average of the weeks before", "small", "faint")


def svg(digest: Digest) -> str:
    """Return the picture for a web page, in its light or dark mode."""
    drawn = drawing(digest)
    light = "".join(f".{name}{{fill:{colours[0]}}}" for name, colours in COLOURS.items())
    dark = "".join(f".{name}{{fill:{colours[1]}}}" for name, colours in COLOURS.items())
    style = f"text{{font-family:system-ui,sans-serif}}{light}@media(prefers-color-scheme:dark){{{dark}}}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawn.width} {drawn.height}" role="img"'
        f" aria-label={quoteattr(clean(alt(digest)))}><title>{escape(clean(alt(digest)))}</title><style>{style}</style>"
        f"{''.join(map(_svg, drawn.shapes))}</svg>"
    )


def _svg(shape: Box | Words) -> str:
    if isinstance(shape, Box):
        size = f'width="{shape.width:.1f}" height="{shape.height:.1f}"'
        return f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" {size} class="{shape.colour}"/>'
    weight = ' font-weight="600"' if shape.size in ("title", "number") else ""
    font = f'font-size="{SIZES[shape.size]}"{weight} text-anchor="{shape.anchor}"'
    return f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" {font} class="{shape.colour}">{escape(clean(shape.text))}</text>'


def png(digest: Digest, zoom: int = 2) -> bytes:
    """Return the picture for a chat, ``zoom`` pixels a point."""
    from PIL import Image, ImageDraw, ImageFont

    drawn = drawing(digest)
    image = Image.new("RGB", (drawn.width * zoom, drawn.height * zoom), "#ffffff")
    brush = ImageDraw.Draw(image)
    for shape in drawn.shapes:
        if isinstance(shape, Box):
            corner = (shape.x * zoom, shape.y * zoom)
            end = ((shape.x + shape.width) * zoom - 1, (shape.y + shape.height) * zoom - 1)
            brush.rectangle((corner, end), fill=COLOURS[shape.colour][0])
        else:
            font = ImageFont.load_default(SIZES[shape.size] * zoom)
            anchor = "ls" if shape.anchor == "start" else "rs"
            at = (shape.x * zoom, shape.y * zoom)
            brush.text(at, clean(shape.text), font=font, anchor=anchor, fill=COLOURS[shape.colour][0])
    stream = BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def picture(digest: Digest) -> Picture:
    """Return the picture as a card has it."""
    return Picture(png(digest), alt(digest), "The week in numbers")
