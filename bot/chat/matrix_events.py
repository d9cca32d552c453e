"""Matrix events as ``Incoming``: what counts as a question, who is meant, which thread it is in.

Rules of this file: pure; takes the event as the homeserver sent it, where any field may be missing
or of any type, and never raises on it. A message is heard when it is plain ``m.text`` by somebody
else, an edit of one included, a reaction when it is to something we said and means something;
notices, emotes and whatever else relates to another event otherwise than by a thread are not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from bot.chat import Act, Incoming
from bot.chat.matrix_memory import Said

Raw = Mapping[str, object]

COMMAND = re.compile(r"!krab(?=[\s:,]|$)[:,]?", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_][\w-]*")
REACTIONS = {"👍": "helpful", "👎": "unhelpful", "✅": "resolved", "🙋": "people"}
# How an emoji is drawn: as a picture, in a colour of skin, as a man or a woman.
DRAWN = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|\u200d[♀♂]")
# Bounded repeats: an event is 64 KiB of somebody else's text.
PILL = re.compile(
    r"""<a\s[^>]{0,200}?href=["']https://matrix\.to/#/([^"'?/]{1,400})[^"']{0,400}["'][^>]{0,200}>([^<]{0,255})</a>""",
    re.IGNORECASE,
)
QUOTED_REPLY = re.compile(r"<mx-reply>.*?</mx-reply>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A room as the bot stands in it: its own user id, its name there, how many are in it, who moderates."""

    room: str
    me: str
    name: str
    members: int
    moderators: frozenset[str] = frozenset()


def target(event: Raw) -> str:
    """The event that a reaction or an edit is about, "" for anything else."""
    relation = _mapping(_mapping(event.get("content")).get("m.relates_to"))
    return _text(relation.get("event_id")) if relation.get("rel_type") in ("m.annotation", "m.replace") else ""


def incoming(event: Raw, place: Place, earlier: Said | None = None) -> Incoming | None:
    """The message as everybody else in krab knows it, or None when it is not for hearing.

    ``earlier`` is what we said ourselves that the event is about: what a reaction is to, or the answer to
    the message that is edited.
    """
    key, user = _text(event.get("event_id")), _text(event.get("sender"))
    if not (key and user) or user == place.me:
        return None
    if event.get("type") == "m.reaction":
        return _reaction(event, place, earlier)
    content = _mapping(event.get("content"))
    relation = _mapping(content.get("m.relates_to"))
    if not _heard(event, content, relation):
        return None
    if relation.get("rel_type") == "m.replace":
        return _edit(event, place, earlier)
    root = _text(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else ""
    text, mentioned, command = _addressed(content, place, replies="m.in_reply_to" in relation)
    return Incoming(
        service="matrix",
        channel=place.room,
        thread=root or key,
        key=key,
        user=user,
        text=text,
        direct=place.members == 2,
        mentioned=mentioned,
        in_thread=bool(root),
        command=command,
        moderator=user in place.moderators,
    )


def _edit(event: Raw, place: Place, earlier: Said | None) -> Incoming | None:
    """An edited message: what it says now, meant for us if we answered what it said before."""
    content, first = _mapping(_mapping(event.get("content")).get("m.new_content")), target(event)
    if content.get("msgtype") != "m.text" or not first:
        return None
    text, mentioned, command = _addressed(content, place, replies=False)
    thread = earlier.thread if earlier else first
    return Incoming(
        service="matrix",
        channel=place.room,
        thread=thread,
        key=_text(event.get("event_id")),
        user=_text(event.get("sender")),
        text=text,
        direct=place.members == 2,
        mentioned=mentioned or earlier is not None,
        in_thread=thread != first,
        command=command,
        moderator=_text(event.get("sender")) in place.moderators,
        edits=first,
    )


def _reaction(event: Raw, place: Place, earlier: Said | None) -> Incoming | None:
    relation = _mapping(_mapping(event.get("content")).get("m.relates_to"))
    name = REACTIONS.get(DRAWN.sub("", _text(relation.get("key"))))
    if not name or earlier is None or relation.get("rel_type") != "m.annotation":
        return None
    user = _text(event.get("sender"))
    return Incoming(
        service="matrix",
        channel=place.room,
        thread=earlier.thread,
        key=_text(event.get("event_id")),
        user=user,
        text="",
        direct=place.members == 2,
        in_thread=True,
        act=Act(name, earlier.cause),
        moderator=user in place.moderators,
    )


def after_join(events: Sequence[Raw], me: str) -> tuple[Sequence[Raw], str]:
    """The events that came after ``me`` joined last, and the id of that join ("" when it isn't among them).

    A changed display name is a join event as well, and is told by what came before it.
    """
    for position in range(len(events) - 1, -1, -1):
        if _joins(events[position], me):
            return events[position + 1 :], _text(events[position].get("event_id"))
    return events, ""


def creators(event: Raw) -> frozenset[str]:
    """Who made a room and so has power above all levels in it; since room version 12 there are such people."""
    content = _mapping(event.get("content"))
    version, more = str(content.get("room_version", "1")), content.get("additional_creators")
    if not version.isdecimal() or int(version) < 12:
        return frozenset()
    others = [user for user in more if isinstance(user, str)] if isinstance(more, list) else []
    return frozenset([_text(event.get("sender")), *others])


def verifies(event: Raw) -> bool:
    """Whether the event belongs to a verification, in a room or between devices."""
    kinds = (event.get("type"), _mapping(event.get("content")).get("msgtype"))
    return any(_text(kind).startswith("m.key.verification.") for kind in kinds)


def _joins(event: Raw, me: str) -> bool:
    if event.get("type") != "m.room.member" or event.get("state_key") != me:
        return False
    before = _mapping(_mapping(event.get("unsigned")).get("prev_content"))
    return _mapping(event.get("content")).get("membership") == "join" != before.get("membership")


def _heard(event: Raw, content: Raw, relation: Raw) -> bool:
    return (
        event.get("type") == "m.room.message"
        and content.get("msgtype") == "m.text"
        and ("m.new_content" in content) == (relation.get("rel_type") == "m.replace")
        and relation.get("rel_type") in (None, "m.thread", "m.replace")
    )


def _addressed(content: Raw, place: Place, *, replies: bool) -> tuple[str, bool, str]:
    """The text with our own name taken out, whether it was meant for us, and the command it is, if it is one."""
    body = _text(content.get("body"))
    body = (_without_quote(body) if replies else body).strip()
    if prefix := COMMAND.match(body):
        return _commanded(body[prefix.end() :].strip())
    pills = _pills(_text(content.get("formatted_body")), place.me)
    named = re.compile(_names(place) + "".join(rf"|{_label(p)}" for p in pills), re.IGNORECASE)
    rest = named.sub(" ", body)
    mentions = _mapping(content.get("m.mentions")).get("user_ids")
    listed = isinstance(mentions, list) and place.me in mentions
    return " ".join(rest.split()) if rest != body else body, bool(pills) or listed or rest != body, ""


def _commanded(said: str) -> tuple[str, bool, str]:
    word = WORD.match(said)
    if not word or said[word.end() :][:1] not in (" ", "\t", ""):
        return said, True, ""
    return said[word.end() :].strip(), True, word.group().lower()


def _names(place: Place) -> str:
    """What we are called without a pill: "name:" and "@name" at the start, our user id anywhere."""
    localpart = place.me[1:].partition(":")[0]
    name = "|".join(re.escape(n) for n in sorted({place.name, localpart} - {""}, key=len, reverse=True))
    return rf"{re.escape(place.me)}(?![\w-]|[.:]\w)[:,]?|^(?:@(?:{name})[:,]?|(?:{name})[:,])(?=\s|$)"


def _label(pill: str) -> str:
    return rf"(?<!\w)@?{re.escape(pill)}(?!\w)[:,]?"


def _pills(formatted: str, me: str) -> list[str]:
    """The labels under which the text links to us."""
    own = QUOTED_REPLY.sub("", formatted)
    labels = [html.unescape(label).strip().lstrip("@") for user, label in PILL.findall(own) if unquote(user) == me]
    return [label or me for label in labels]


def _without_quote(body: str) -> str:
    """A reply's text without the quotation that older clients put before it."""
    if not body.startswith(("> <@", "> * <@")):
        return body
    lines = body.split("\n")
    kept = next((i for i, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[kept:])


def _mapping(value: object) -> Raw:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
