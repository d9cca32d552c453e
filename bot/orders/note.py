"""``note …``: curators write what the sources don't say, and it is answered from at once, as a note."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.admin import Refusal
from bot.card import Card, Field, FieldKind, Form, Section, note, words
from bot.chat import Act, Incoming, Reply
from bot.notebook import Draft
from bot.orders import Context, Order, Who

TYPED = "note add Which tree? | We build from the 6.18 tree. | https://wiki.example.org/17"
EXAMPLES = (
    "note",
    TYPED,
    "note list",
    "note show which-tree-do-we-build-from",
    "note remove which-tree-do-we-build-from",
)


def form(draft: Draft | None = None, name: str = "") -> Form:
    """Return the form for a note, with what stands there already."""
    old = draft or Draft("", "")
    fields = (
        Field("title", "The question it answers", initial=(old.title,) if old.title else ()),
        Field("text", "The answer", FieldKind.TEXT, (), (old.text,) if old.text else (), "sentences that stand alone"),
        Field("asks", "Other ways to ask it", FieldKind.TEXT, (), ("\n".join(old.asks),) if old.asks else (),
              "one a line", optional=True),
        Field(
            "sources", "Where it is from", initial=(" ".join(old.sources),) if old.sources else (), hint="addresses",
            optional=True,
        ),
    )  # fmt: skip
    return Form("Write a note", "note-save", fields, name, "Keep")


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Show the form, or do what was typed or sent."""
    action, _, rest = incoming.text.strip().partition(" ")
    act = incoming.act
    try:
        if act and act.name == "note-about":
            await reply.ask(form(Draft(await asyncio.to_thread(_question, act.value, context), "")))
        elif not act and not action:
            await reply.ask(form())
        elif not act and action == "edit":
            await reply.ask(form(await asyncio.to_thread(context.notes.show, rest.strip()), rest.strip()))
        else:
            done = _saved if act else _typed
            await reply.card(await asyncio.to_thread(done, incoming, context))
    except Refusal as refusal:
        await reply.card(note(f"That was not done: {refusal}", TYPED))


def _question(value: str, context: Context) -> str:
    service, _, key = value.partition(" ")
    asked = context.state.answered(service, key)
    return asked.text if asked else ""


def _saved(incoming: Incoming, context: Context) -> Card:
    act = incoming.act or Act("")
    told: Mapping[str, str] = {name: values[0] if values else "" for name, values in act.fields}
    kept = context.notes.show(act.value).tags if act.value else ()
    sources, asks = tuple(told.get("sources", "").split()), tuple(filter(None, told.get("asks", "").splitlines()))
    draft = Draft(told.get("title", ""), told.get("text", ""), sources, kept, asks)
    return _kept(draft, incoming, context, act.value)


def _typed(incoming: Incoming, context: Context) -> Card:
    action, _, rest = incoming.text.strip().partition(" ")
    name, by = rest.strip(), f"{incoming.service}:{incoming.user}"
    if action == "list":
        return _list(context.notes.names())
    if action == "show":
        draft = context.notes.show(name)
        return Card(draft.title, (Section((words(draft.text), *map(words, draft.sources))),), hint=f"note edit {name}")
    if action == "remove":
        return note(f"The note {context.notes.remove(name, by)} is removed.")
    if action != "add":
        raise Refusal(f"there is no “{action}”: it is add, edit, list, show or remove")
    title, text, sources = ([part.strip() for part in rest.split("|")] + ["", "", ""])[:3]
    return _kept(Draft(title, text, tuple(url.strip("<>") for url in sources.split())), incoming, context, "")


def _kept(draft: Draft, incoming: Incoming, context: Context, name: str) -> Card:
    kept = context.notes.write(draft, f"{incoming.service}:{incoming.user}", context.clock(), name=name)
    return note(f"The note {kept} is kept, and I answer from it now.", f"note show {kept}")


def _list(names: list[str]) -> Card:
    if not names:
        return note("There are no notes of your own yet.", TYPED)
    return Card("Notes", (Section(tuple(map(words, names)), bullets=True),), hint="note show NAME")


ORDER = Order("note", "write down what the sources don't say", run, EXAMPLES, Who.CURATORS, ("note-save", "note-about"))
