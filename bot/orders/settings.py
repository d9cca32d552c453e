"""``settings``: how krab behaves in this channel; ``settings mode=threads only_questions=on`` changes it."""

from __future__ import annotations

import asyncio

from bot.card import Card, Field, FieldKind, Form, Line, Section, Span, Style, note
from bot.channels import SWITCHES, Manner, Mode, Unclear, typed
from bot.chat import Act, Incoming, Reply
from bot.orders import Context, Order, Who

MODES = {
    Mode.OFF: "Off: commands only",
    Mode.MENTIONS: "When I am named, and in my own threads",
    Mode.ROOT_POSTS: "Every message that begins a thread",
    Mode.THREADS: "Those, and messages in threads",
}
EXAMPLES = ("settings", "settings mode=root_posts only_questions=on only_cited=on", "settings mode=off")


async def run(incoming: Incoming, reply: Reply, context: Context) -> None:
    """Change what was said; or show what is, with a form where there are forms."""
    channel = (incoming.act.value if incoming.act else "") or incoming.channel
    manner = await asyncio.to_thread(context.channels.manner, incoming.service, channel)
    if incoming.direct and not incoming.act:
        await reply.card(note("Between the two of us I always answer. Settings are for channels: type this there."))
        return
    if incoming.act is None and not incoming.text.strip():
        await reply.ask(form(manner, channel))
        return
    try:
        wanted = submitted(incoming.act) if incoming.act else typed(incoming.text, manner)
    except Unclear as problem:
        await reply.card(note(str(problem), EXAMPLES[1]), private=True)
        return
    await asyncio.to_thread(context.channels.put, incoming.service, channel, wanted, incoming.user)
    await reply.card(card(wanted))


def form(manner: Manner, channel: str) -> Form:
    """Return the form with what is set now."""
    on = tuple(name for name in SWITCHES if getattr(manner, name))
    modes = tuple((mode.value, words) for mode, words in MODES.items())
    fields = (
        Field("mode", "I answer", FieldKind.CHOICE, modes, (manner.mode.value,), "type: settings mode=root_posts"),
        Field(
            "switches",
            "And",
            FieldKind.CHOICES,
            tuple(SWITCHES.items()),
            on,
            "type: settings only_questions=on only_cited=off private=off",
            optional=True,
        ),
    )
    return Form("How I behave in this channel", "settings", fields, channel)


def submitted(act: Act) -> Manner:
    """Return what was filled in. Raises ``Unclear``."""
    told = dict(act.fields)
    switches = (f"{name}={'on' if name in told.get('switches', ()) else 'off'}" for name in SWITCHES)
    return typed(" ".join([f"mode={''.join(told.get('mode', ()))}", *switches]), Manner())


def card(manner: Manner) -> Card:
    """Return how krab behaves, in words."""
    lines: list[Line] = [(Span("mode", Style.CODE), Span(f" {manner.mode.value}: {MODES[manner.mode]}"))]
    for name, words in SWITCHES.items():
        state = "on" if getattr(manner, name) else "off"
        lines.append((Span(name, Style.CODE), Span(f" {state}: {words}")))
    return Card("In this channel", (Section(tuple(lines), bullets=True),), hint=EXAMPLES[1])


ORDER = Order(
    "settings",
    "how I behave in this channel",
    run,
    EXAMPLES,
    who=Who.MODERATORS,
    acts=("settings",),
    spoken=True,
)
