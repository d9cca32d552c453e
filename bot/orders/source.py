"""``source …``: sources added, paused, resumed, removed and polled from chat.

Only sources on the network can be added here: a folder on krab's own machine is told of where that machine
is looked after.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping, Sequence

from bot.admin import Refusal
from bot.card import Button, Card, Field, FieldKind, Form, Section, note, words
from bot.chat import Act, Incoming, Reply
from bot.orders import Context, Order, Who
from bot.settings import SettingsError, source
from feeds.errors import FeedError
from feeds.kinds import Source
from feeds.trial import Trial

KINDS = {"lore": "a mailing list on lore.kernel.org", "feed": "a blog's RSS or Atom feed", "pages": "reference pages"}
FILTERS = (("all", "everything"), ("relevant", "what is on my subject"))
FORM = Form(
    "Add a source",
    "source-add",
    (
        Field("name", "Name", hint="what people type, such as my-blog"),
        Field("kind", "Kind", FieldKind.CHOICE, tuple(KINDS.items()), ("feed",)),
        Field("url", "Address", hint="https://…"),
        Field(
            "filter", "Keep", FieldKind.CHOICE, (("all", "everything"), ("relevant", "what is about Rust")), ("all",)
        ),
        Field("every", "Ask every", hint="15m, 2h, 1d; empty: as often as it changes", optional=True),
    ),
    submit="Try and add",
)
EXAMPLES = (
    "source add my-blog feed https://example.org/feed relevant every 2h",
    "source pause my-blog",
    "source resume my-blog",
    "source poll my-blog",
    "source remove my-blog",
)


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Do what was told, or say why not."""
    by = f"{incoming.service}:{incoming.user}"
    act = incoming.act
    typed = _typed(incoming.text) if act is None else _acted(act)
    if not typed:
        await reply.ask(FORM)
        return
    await reply.working("on it…")
    try:
        await reply.card(await asyncio.to_thread(_done, typed, by, context))
    except (Refusal, SettingsError, FeedError) as error:
        await reply.card(note(f"That was not done: {error}", EXAMPLES[0]))


def _typed(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quotation mark without its partner
        return text.split()


def _acted(act: Act) -> list[str]:
    if act.name == "source-remove":
        return ["remove", act.value, "now"]
    told = {name: values[0] if values else "" for name, values in act.fields}
    every = ["every", told["every"]] if told.get("every") else []
    return ["add", *(told.get(key, "").strip() for key in ("name", "kind", "url", "filter")), *every] if told else []


def _done(typed: Sequence[str], by: str, context: Context) -> Card:
    action, *rest = typed
    name = rest[0] if rest else ""
    if action == "add":
        made = _source(rest)
        return _added(made, context.admin.add(made, by))
    if action == "remove" and rest[1:] != ["now"]:
        return _sure(name, context.admin.holds(name))
    if action == "remove":
        return note(f"{name} is removed, with {context.admin.remove(name, by):,} items that only it had brought.")
    if action not in ("pause", "resume", "poll"):
        raise Refusal(f"there is no {action!r}: it is add, pause, resume, poll or remove")
    getattr(context.admin, action)(name, by)
    said = {"pause": "is not asked any more", "resume": "is asked again", "poll": "is asked within seconds"}
    return note(f"{name} {said[action]}.", "“sources” shows how each is doing.")


def _source(rest: Sequence[str]) -> Source:
    if len(rest) < 3:
        raise Refusal("a source needs a name, a kind and an address")
    name, kind, url, *more = rest
    if kind not in KINDS:
        raise Refusal(f"from a chat a source's kind is one of {', '.join(KINDS)}")
    table: dict[str, object] = {"name": name, "kind": kind, "url": url.strip("<>")}
    return source({**table, **_options(more)})


def _options(more: Sequence[str]) -> Mapping[str, object]:
    told: dict[str, object] = {"filter": "relevant"} if "relevant" in more else {}
    if "every" in more[:-1]:
        told["every"] = more[list(more).index("every") + 1]
    if private := [word for word in more if word.startswith(("slack:", "matrix:"))]:
        told["private"] = private
    return told


def _added(made: Source, trial: Trial) -> Card:
    found = f"{made.name} is added and is read from now on."
    first = f"Its first {trial.items:,} items, {trial.relevant:,} of them on my subject, begin with"
    return Card(sections=(Section((words(found),)), Section(tuple(map(words, trial.titles)), first, bullets=True)))


def _sure(name: str, items: int) -> Card:
    said = f"That removes {name} and {items:,} items that only it has brought. They come back only by reading it again."
    button = Button("Remove", "source-remove", name, danger=True)
    return Card(sections=(Section((words(said),)),), buttons=(button,), hint=f"To do it: source remove {name} now")


ORDER = Order(
    "source", "add, pause, resume, poll or remove a source", run, EXAMPLES, Who.ADMINS, ("source-add", "source-remove")
)
