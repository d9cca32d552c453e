"""What krab shows that is not an answer: help, lists, settings, digests, series. Values only, no markup.

Commands and the digest make cards; each chat adapter, the web page and the terminal render them in their own
markup. What only some services have (buttons, forms) always has a way in words too: a card's ``hint`` says it.

A ``Span`` with a ``url`` is a link; whoever makes the card takes it from the source he cites or from
krab's own web page. Words of others go into spans as they are: escaping is the renderer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    """How a span is set, where the surface can."""

    PLAIN = "plain"
    STRONG = "strong"
    CODE = "code"  # identifiers, commands, addresses to type
    FAINT = "faint"  # dates, counts, remarks


@dataclass(frozen=True, slots=True)
class Span:
    """A run of words on one line."""

    text: str
    style: Style = Style.PLAIN
    url: str = ""


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading. ``bullets`` are list items; ``folded`` is how many more there were than are shown."""

    lines: tuple[Line, ...]
    heading: str = ""
    bullets: bool = False
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Button:
    """``act`` and ``value`` come back as an ``Act`` when it is pressed; ``value`` names a row, it carries no data."""

    label: str
    act: str
    value: str = ""
    danger: bool = False  # asked again before it is done


class FieldKind(StrEnum):
    """What a form's field takes."""

    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"  # several of the options


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form. ``options`` are (value, label); ``initial`` is what stands there at first."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    options: tuple[tuple[str, str], ...] = ()
    initial: tuple[str, ...] = ()
    hint: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """Fields to fill in; what is submitted comes back as an ``Act`` with ``fields``."""

    title: str
    act: str
    fields: tuple[Field, ...]
    value: str = ""
    submit: str = "Save"


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with the words that stand for it."""

    png: bytes
    alt: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A whole message. ``hint`` is the last line, in krab's own words: what to type next."""

    title: str = ""
    sections: tuple[Section, ...] = ()
    buttons: tuple[Button, ...] = ()
    picture: Picture | None = None
    hint: str = ""


def words(text: str) -> Line:
    """Return a line of plain words."""
    return (Span(text),)


def note(text: str, hint: str = "") -> Card:
    """Return a card that says one thing."""
    return Card(sections=(Section((words(text),)),), hint=hint)
