"""Which Matrix events are heard, as whose words, in which thread."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import Act
from bot.chat.matrix_events import Place, after_join, creators, incoming, target, verifies
from bot.chat.matrix_memory import Said

ME = "@krab:example.org"
PLACE = Place("!room:example.org", ME, "Krab", 5)


def event(body: object = "hello", **content: object) -> dict[str, Any]:
    return {
        "type": "m.room.message",
        "event_id": "$1",
        "sender": "@ann:example.org",
        "content": {"msgtype": "m.text", "body": body, **content},
    }


def pill(user: str, label: str) -> str:
    return f'<a href="https://matrix.to/#/{user}">{label}</a>: why?'


def heard(body: str, **content: object) -> tuple[str, bool]:
    message = incoming(event(body, **content), PLACE)
    assert message
    return message.text, message.mentioned


def test_a_message_is_its_own_thread_until_it_is_in_one() -> None:
    message = incoming(event(), PLACE)
    assert message
    assert (message.key, message.thread, message.in_thread) == ("$1", "$1", False)
    assert (message.service, message.channel, message.user) == ("matrix", "!room:example.org", "@ann:example.org")


def test_a_message_in_a_thread_belongs_to_its_root() -> None:
    message = incoming(event(**{"m.relates_to": {"rel_type": "m.thread", "event_id": "$root"}}), PLACE)
    assert message
    assert (message.key, message.thread, message.in_thread) == ("$1", "$root", True)


@pytest.mark.parametrize(("members", "direct"), [(1, False), (2, True), (3, False)])
def test_a_room_of_two_is_a_conversation_with_the_bot(members: int, direct: bool) -> None:
    message = incoming(event(), Place("!r", ME, "Krab", members))
    assert message
    assert message.direct is direct


@pytest.mark.parametrize(
    "body",
    [
        "Krab: why?",
        "krab, why?",
        "@Krab why?",
        "@krab: why?",
        "@krab:example.org why?",
        "@krab:example.org: why?",
        "why? @krab:example.org",
        "!krab why?",
        "!KRAB: why?",
    ],
)
def test_a_name_or_the_prefix_addresses_the_bot_and_is_taken_out(body: str) -> None:
    assert heard(body) == ("why?", True)


@pytest.mark.parametrize(
    "body",
    [
        "krab is only a word",
        "look at Krab: it sleeps",
        "!krabbe what",
        "@krabbe: why?",
        "@krab:example.org.uk why?",
        "krabs: why?",
    ],
)
def test_a_word_that_only_looks_like_the_name_does_not(body: str) -> None:
    assert heard(body) == (body, False)


def test_a_listed_mention_is_enough_and_changes_no_word() -> None:
    assert heard("is Krab right?", **{"m.mentions": {"user_ids": [ME]}}) == ("is Krab right?", True)


def test_a_mention_of_somebody_else_is_not_ours() -> None:
    assert heard("why?", **{"m.mentions": {"user_ids": ["@bob:example.org"]}}) == ("why?", False)


@pytest.mark.parametrize("user", [ME, "%40krab%3Aexample.org"])
def test_a_pill_addresses_the_bot_and_its_label_is_taken_out(user: str) -> None:
    assert heard("The Krab: why?", formatted_body=pill(user, "The Krab")) == ("why?", True)


def test_a_pill_of_somebody_else_is_not_ours() -> None:
    assert heard("Bob: why?", formatted_body=pill("@bob:example.org", "Bob")) == ("Bob: why?", False)


def test_a_pill_in_a_quoted_reply_is_somebody_elses_mention() -> None:
    assert heard("why?", formatted_body=f"<mx-reply>{pill(ME, 'Krab')}</mx-reply>why?") == ("why?", False)


def test_the_quotation_before_a_reply_is_not_part_of_the_question() -> None:
    relation = {"m.in_reply_to": {"event_id": "$0"}}
    body = "> <@bob:example.org> krab: earlier\n> more\n\nand now?"
    assert heard(body, **{"m.relates_to": relation}) == ("and now?", False)


def test_a_quotation_that_is_no_reply_stays() -> None:
    assert heard("> <@bob:example.org> said\n\nso?")[0] == "> <@bob:example.org> said\n\nso?"


def test_line_breaks_of_a_question_without_a_name_stay() -> None:
    assert heard("!krab one\ntwo")[0] == "one\ntwo"


@pytest.mark.parametrize(
    "unheard",
    [
        event(msgtype="m.notice"),
        event(msgtype="m.emote"),
        event(msgtype="m.image"),
        event() | {"sender": ME},
        event() | {"type": "m.room.encrypted"},
        event() | {"content": {}},
        event(**{"m.new_content": {"body": "x"}}),
        event(**{"m.relates_to": {"rel_type": "m.replace", "event_id": "$0"}}),
        event(**{"m.relates_to": {"rel_type": "m.reference", "event_id": "$0"}}),
        {},
    ],
)
def test_notices_own_and_other_events_are_not_heard(unheard: dict[str, Any]) -> None:
    assert incoming(unheard, PLACE) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["body", "formatted_body", "msgtype", "m.relates_to", "m.mentions", "m.new_content"])


@given(st.dictionaries(FIELDS, JSON), st.dictionaries(st.sampled_from(["event_id", "sender", "type", "content"]), JSON))
def test_no_event_however_wrong_raises(content: dict[str, Any], outside: dict[str, Any]) -> None:
    incoming(event(**content) | outside, PLACE)
    after_join([event(**content) | outside], ME)


@given(st.text(max_size=200), st.text(max_size=400))
def test_no_text_raises_and_the_command_always_addresses(body: str, formatted: str) -> None:
    incoming(event(body, formatted_body=formatted), PLACE)
    assert heard(f"!krab {body}")[1]


def test_a_long_text_full_of_half_links_is_read_at_once() -> None:
    assert heard("why?", formatted_body='<a href="https://matrix.to/#/' * 2000) == ("why?", False)


def member(membership: str, before: str | None, key: str = ME) -> dict[str, Any]:
    unsigned = {"prev_content": {"membership": before}} if before else {}
    content = {"membership": membership}
    return {"type": "m.room.member", "event_id": "$j", "state_key": key, "content": content, "unsigned": unsigned}


def test_what_was_written_before_the_last_joining_is_left_out() -> None:
    events = [event("a"), member("join", "invite"), event("b"), member("leave", "join"), member("join", None)]
    assert after_join([*events, event("c")], ME) == ([event("c")], "$j")


@pytest.mark.parametrize("other", [member("join", "join"), member("join", "invite", "@ann:example.org")])
def test_a_new_display_name_or_another_person_is_no_joining_of_ours(other: dict[str, Any]) -> None:
    events = [event("a"), other, event("b")]
    assert after_join(events, ME) == (events, "")


SAID = Said("$answer", "!room:example.org", "$1", "$1", 0, "$root")


def reaction(key: object, about: str = "$answer") -> dict[str, Any]:
    relation = {"rel_type": "m.annotation", "event_id": about, "key": key}
    return {"type": "m.reaction", "event_id": "$r", "sender": "@ann:example.org", "content": {"m.relates_to": relation}}


def edited(body: str, first: str = "$1", **new: object) -> dict[str, Any]:
    content = {"msgtype": "m.text", "body": body, **new}
    relation = {"rel_type": "m.replace", "event_id": first}
    whole = event(f"* {body}", **{"m.new_content": content, "m.relates_to": relation})
    return {**whole, "event_id": "$edit"}


@pytest.mark.parametrize(
    ("body", "command", "text"),
    [
        ("!krab series nova core", "series", "nova core"),
        ("!krab Help", "help", ""),
        ("!krab: watch 12", "watch", "12"),
        ("!krab", "", ""),
        ("!krab   why", "why", ""),
        ("!krab 12 monkeys?", "", "12 monkeys?"),
        ("!krab what's that?", "", "what's that?"),
    ],
)
def test_the_prefix_makes_the_first_word_a_command(body: str, command: str, text: str) -> None:
    message = incoming(event(body), PLACE)
    assert message
    assert (message.command, message.text, message.mentioned) == (command, text, True)


@pytest.mark.parametrize(
    ("emoji", "name"),
    [("👍", "helpful"), ("👍️", "helpful"), ("👎🏽", "unhelpful"), ("✅", "resolved"), ("🙋‍♀️", "people")],
)
def test_a_reaction_to_an_answer_is_about_its_question(emoji: str, name: str) -> None:
    message = incoming(reaction(emoji), PLACE, SAID)
    assert message
    assert (message.act, message.thread, message.in_thread) == (Act(name, "$1"), "$root", True)


@pytest.mark.parametrize("key", ["🎉", "", None, 1, "👍👍"])
def test_any_other_reaction_means_nothing(key: object) -> None:
    assert incoming(reaction(key), PLACE, SAID) is None


def test_a_reaction_to_what_is_not_ours_means_nothing() -> None:
    assert incoming(reaction("👍"), PLACE) is None


def test_an_edit_is_what_the_message_says_now() -> None:
    message = incoming(edited("krab: why?"), PLACE)
    assert message
    assert (message.key, message.edits, message.thread, message.text) == ("$edit", "$1", "$1", "why?")
    assert message.mentioned


def test_an_edit_of_what_was_answered_is_for_us_and_stays_in_its_thread() -> None:
    message = incoming(edited("and why?"), PLACE, SAID)
    assert message
    assert (message.mentioned, message.thread, message.in_thread) == (True, "$root", True)


def test_an_edit_of_other_talk_is_not_for_us() -> None:
    message = incoming(edited("and why?"), PLACE)
    assert message
    assert not message.mentioned


def test_an_edit_to_something_that_is_no_text_is_not_heard() -> None:
    assert incoming(edited("x", msgtype="m.image"), PLACE) is None


def test_reactions_and_edits_name_what_they_are_about() -> None:
    assert [target(e) for e in (reaction("👍"), edited("x"), event(), {})] == ["$answer", "$1", "", ""]


def test_who_has_the_power_moderates() -> None:
    place = Place("!r", ME, "Krab", 5, frozenset({"@ann:example.org"}))
    message = incoming(event(), place)
    assert message
    assert message.moderator
    assert not (incoming(event(), PLACE) or message).moderator


def made(version: object, **more: object) -> dict[str, Any]:
    return {"type": "m.room.create", "sender": "@ann:x", "content": {"room_version": version, **more}}


def test_who_made_a_room_of_today_has_power_in_it_whatever_the_levels_say() -> None:
    assert creators(made("12", additional_creators=["@bob:x", 1])) == {"@ann:x", "@bob:x"}
    assert creators(made("12")) == {"@ann:x"}


@pytest.mark.parametrize("event", [made("11"), made("org.example.1"), {}, {"content": {}}, made(None)])
def test_who_made_an_older_room_has_not(event: dict[str, Any]) -> None:
    assert creators(event) == frozenset()


def test_verifications_are_told_from_other_talk() -> None:
    request = event("please", msgtype="m.key.verification.request")
    start = {"type": "m.key.verification.start"}
    assert [verifies(e) for e in (request, start, event(), {})] == [True, True, False, False]
