"""The picture of growth: search time and memory against the number of vectors, both on logarithmic scales, as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 860, 400
LEFT, TOP, SIDE, FLOOR = 70, 60, 320, 320  # of the first panel; the second begins GAP further right
GAP = 430
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")  # Okabe and Ito's: told apart by colour-blind people too
SHAPES = ("circle", "square", "diamond", "cross")
Point = tuple[str, int, float, float]  # name, vectors, milliseconds, megabytes


def drawing(points: Sequence[Point]) -> str:
    """Return the picture of (name, vectors, milliseconds, megabytes)."""
    names = sorted({name for name, *_ in points})
    body = [
        *_panel("search, p50 in ms", 0, [(n, v, ms) for n, v, ms, _ in points], names),
        *_panel("memory in MB", GAP, [(n, v, mb) for n, v, _, mb in points], names),
        *_legend(names),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="12">'
        "<title>Search time and memory as vectors grow, in the process and on a cluster</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>' + "".join(body) + "</svg>\n"
    )


def _panel(title: str, x: int, values: Sequence[tuple[str, int, float]], names: Sequence[str]) -> Iterator[str]:
    across = _scale([v for _, v, _ in values], x + LEFT, x + LEFT + SIDE)
    up = _scale([value for *_, value in values], FLOOR, TOP)
    yield _words(x + LEFT, TOP - 20, title, weight="bold")
    for tick in _ticks([value for *_, value in values]):
        yield _line(x + LEFT, up(tick), x + LEFT + SIDE, up(tick), "#d5d9de")
        yield _words(x + LEFT - 6, up(tick) + 4, f"{tick:,.10g}", anchor="end")
    for tick in _ticks([v for _, v, _ in values]):
        yield _line(across(tick), TOP, across(tick), FLOOR, "#d5d9de")
        yield _words(across(tick), FLOOR + 16, f"{tick:,.0f}", anchor="middle")
    for name, some in groupby(sorted(values), key=lambda value: value[0]):
        places = [(across(v), up(value)) for _, v, value in some]
        which = names.index(name)
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        yield f'<polyline points="{path}" fill="none" stroke="{COLOURS[which]}" stroke-width="2"/>'
        yield from (_mark(a, b, which) for a, b in places)


def _legend(names: Sequence[str]) -> Iterator[str]:
    for which, name in enumerate(names):
        x = LEFT + which * 180
        yield _mark(x, HEIGHT - 30, which)
        yield _words(x + 12, HEIGHT - 26, name)
    yield _words(WIDTH - 20, HEIGHT - 26, "vectors →", anchor="end")


def _ticks(values: Sequence[float]) -> list[float]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(low, max(high, low + 1) + 1)]


def _scale(values: Sequence[float], low: float, high: float) -> Callable[[float], float]:
    ticks = _ticks(values)
    first, last = math.log10(ticks[0]), math.log10(ticks[-1])
    return lambda value: low + (high - low) * (math.log10(value) - first) / (last - first)


def _mark(x: float, y: float, which: int) -> str:
    shape, colour = SHAPES[which], COLOURS[which]
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
    if shape == "square":
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'
    turn = 45 if shape == "diamond" else 0
    wide, tall = (8, 8) if shape == "diamond" else (10, 3)
    return (
        f'<rect x="{x - wide / 2:.1f}" y="{y - tall / 2:.1f}" width="{wide}" height="{tall}" fill="{colour}"'
        f' transform="rotate({turn} {x:.1f} {y:.1f})"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _words(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="#1b1f24">'
        f"{escape(words)}</text>"
    )
