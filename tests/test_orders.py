"""Chat commands and the buttons under answers, as a person meets them, over a real index."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.card import Card, Form, note
from bot.channels import Channels, Manner, Mode
from bot.chat import Act, Incoming, Parcel
from bot.chat.text import card as as_text
from bot.dispatch import Dispatcher
from bot.feedback import Feedback
from bot.limits import Limits
from bot.model import Answer, Status
from bot.ordering import FAILED, Ordering
from bot.orders import Context, Order, Who, found
from bot.outbox import Outbox
from bot.state import State
from bot.watcher import Watcher
from bot.watches import Watches
from feeds.kinship import kin
from index.engine import Index
from index.model import Batch, Kind
from index.nearness import filed
from index.sqlite import Sqlite
from index.stores.faiss import Faiss
from tests.fakes import FakeAnswerer, FakeClock, FakeReply, answered, citation
from tests.index_fixtures import FakeEmbedder, part
from tests.order_fixtures import context
from tests.series_mail import BO, mail, series

ASK = Incoming("slack", "C1", "100.1", "C1:100.1", "ann", "who holds the leaf?", mentioned=True)
LEAVES = series(1, "pond: green leaves", ["pond: add a leaf", "pond: count frogs"], day=0)
SIGNED = "Reviewed-by: Bo Reed <bo@pond.example>\n"
REVIEW = mail("r1", "Re: [PATCH v1 1/2] pond", SIGNED, sender=BO, to="leaves-v1-1", day=11)
APPLIED = mail("a1", "Re: [PATCH v1 0/2] pond", "Applied to pond-next, thanks!\n", sender=BO, to="leaves-v1-0", day=12)
NOTE = part("n1", "Bo Reed maintains the green leaves of the pond.", kind=Kind.NOTE, title="Who keeps the pond")

Say = Callable[..., Awaitable[str]]


@pytest.fixture
def state() -> Iterator[State]:
    state = State.at(":memory:", clock=FakeClock())
    yield state
    state.close()


@pytest.fixture
def things(tmp_path: Path, state: State) -> Iterator[Context]:
    index = Sqlite(tmp_path / "krab.db")
    memory = Sqlite(tmp_path / "memory.db")
    known = Index(tmp_path, index, FakeEmbedder(), filed(Faiss), kin)
    known.ingest(Batch((*LEAVES, REVIEW, APPLIED, NOTE)), "pond")
    feedback = Feedback(memory, clock=FakeClock())
    clock = FakeClock()
    outbox = Outbox(memory, clock=clock)
    watches = Watches(memory, outbox, clock=clock)
    yield context(
        state,
        index=known,
        feedback=feedback,
        channels=Channels(memory),
        outbox=outbox,
        watches=watches,
        watcher=Watcher(watches, outbox, known, clock=clock),
        forgetters=(state.forget, feedback.forget, watches.forget),
    )
    memory.close()
    index.close()


@pytest.fixture
def krab(state: State, things: Context) -> Dispatcher:
    cited = replace(
        answered("A leaf holds itself.", citation(1, id=LEAVES[0].id)), retrieved=(LEAVES[0].id, "r1@pond.example")
    )
    return Dispatcher(FakeAnswerer(cited), state, ordering=Ordering(found(), things), manner=things.channels.manner)


@pytest.fixture
def say(krab: Dispatcher) -> Say:
    """Says something to krab; everything it showed, as text."""
    number = iter(range(1000))

    async def say(command: str = "", text: str = "", **changes: object) -> str:
        key = str(changes.pop("key", f"key {next(number)}"))
        reply = FakeReply()
        await krab.handle(replace(ASK, key=key, command=command, text=text, **changes), reply)  # type: ignore[arg-type]
        return "\n".join(as_text(s) if isinstance(s, Card) else getattr(s, "text", str(s)) for s in reply.said)

    return say


def act(name: str, value: str = "question", **fields: tuple[str, ...]) -> dict[str, object]:
    return {"act": Act(name, value, tuple(fields.items()))}


async def test_help_lists_every_command_that_the_person_may_use(say: Say) -> None:
    shown = await say("help")
    others = [name for name, order in found().items() if order.who is not Who.ANYBODY]
    assert [name for name in found() if f"- {name} – " not in shown] == others
    assert "- review – " in await say("help", user="root")


@pytest.mark.parametrize("name", found())
async def test_each_command_explains_itself_with_an_example_that_is_its_own(say: Say, name: str) -> None:
    shown = await say("help", name)
    order = found()[name]
    assert order.help[1:] in shown
    assert all(example.split()[0] == name for example in order.examples)


async def test_a_series_is_shown_with_its_reviews_and_who_applied_it(say: Say) -> None:
    shown = await say("series", "green leaves")
    for words in ("pond: green leaves", "v1 applied to pond-next by Bo Reed", "Reviewed by Bo Reed", "Applied to pond"):
        assert words in shown
    assert "I know of no series" in await say("series", "https://lore.kernel.org/all/no@where.example/")


async def test_a_follow_up_knows_which_series_was_looked_up(say: Say, state: State) -> None:
    await say("series", "green leaves")
    follow_up = replace(ASK, key="f", text="is it merged?", in_thread=True, mentioned=False)
    assert state.earlier(follow_up) == ("green leaves",)
    assert state.spoken_in(follow_up)


async def test_search_shows_passages_with_their_addresses(say: Say) -> None:
    assert "https://lore.kernel.org/all/" in await say("search", "count frogs")
    assert "What shall I search for?" in await say("search")


async def test_status_and_sources_say_what_is_wrong(say: Say) -> None:
    assert "mud-blog is failing: it answers 503" in await say("status")
    assert "Given up" not in await say("status", user="root")
    shown = await say("sources")
    assert shown.index("mud-blog failing") < shown.index("pond-list ok")


async def test_the_quoted_words_of_an_answer_are_shown_on_demand(say: Say) -> None:
    assert "I have not answered anything here yet." in await say("why")
    await say(text="who holds the leaf?", key="question")
    for shown in (await say("why"), await say("why", "1"), await say(**act("quotes"))):
        assert "“A leaf must outlive the frog that sits on it.”" in shown
        assert "Ada Frog, 2025-07-08" in shown
    assert "That answer has no source [7]." in await say("why", "7")
    assert "I can't find that answer any more." in await say(**act("quotes", "another"))


async def test_further_sources_are_those_that_the_answer_does_not_cite(say: Say) -> None:
    await say(text="who holds the leaf?", key="question")
    shown = await say(**act("more"))
    assert "r1@pond.example" in shown
    assert LEAVES[0].id not in shown


async def test_people_are_named_with_what_they_did_and_not_notified(say: Say) -> None:
    for shown in (
        await say("people", "green leaves"),
        await say("people", f"https://lore.kernel.org/all/{LEAVES[1].id}/"),
    ):
        assert "Bo Reed – applied 1, reviewed 1, last on 2025-07-20" in shown
        assert "I have notified nobody." in shown
    assert "Bo Reed maintains the green leaves" in await say("people", "who keeps the green leaves?")


async def test_people_can_be_asked_for_under_an_answer(say: Say, things: Context) -> None:
    await say(text="who holds the leaf?", key="question")
    assert "Bo Reed" in await say(**act("people"))
    assert [rating.people for rating in things.feedback.ratings(things.clock())] == [1]


async def test_a_person_has_one_opinion_of_an_answer(say: Say, things: Context) -> None:
    await say(text="who holds the leaf?", key="question")
    for name in ("helpful", "resolved", "unhelpful"):
        assert "noted" in await say(**act(name))
    await say(**act("helpful"), user="bob")
    (rating,) = things.feedback.ratings(things.clock())
    assert (rating.helpful, rating.unhelpful, rating.resolved) == (1, 1, 1)


async def test_feedback_can_be_typed(say: Say, things: Context) -> None:
    await say(text="who holds the leaf?", key="question")
    assert "helpful, unhelpful" in await say("feedback", "so-so")
    assert "noted as helpful" in await say("feedback", "helpful")
    assert things.feedback.ratings(things.clock())[0].helpful == 1


async def test_admins_see_what_was_rated_badly_or_not_answered(say: Say, state: State) -> None:
    assert "Only krab's curators and admins can do that." in await say("review")
    assert "Nothing was rated badly" in await say("review", user="root")
    await say(text="who holds the leaf?", key="question")
    await say(**act("unhelpful"))
    mud = replace(ASK, key="other", text="what is mud?")
    state.claim(mud)
    state.finish(mud, "answered", Answer(Status.NOT_FOUND))
    shown = await say("review", user="root")
    assert "who holds the leaf? (1 unhelpful, 0 helpful)" in shown
    assert "what is mud? (not found)" in shown


async def test_a_private_answer_is_shared_by_its_asker_alone_and_can_be_asked_about(say: Say) -> None:
    await say("ask", "who holds the leaf?", key="question")
    for shown in (await say(**act("share"), user="bob"), await say(**act("quotes"), user="bob")):
        assert "I can't find that answer" in shown
    assert "I have not answered anything here yet." in await say("why", user="bob")
    assert "A leaf holds itself." in await say(**act("share"), key="shared")
    assert "“A leaf must outlive" in await say(**act("quotes", "shared"), user="bob")


async def test_what_was_answered_in_private_is_no_ones_context_but_the_askers(say: Say, state: State) -> None:
    await say("ask", "who holds the leaf?", key="question")
    assert [state.earlier(replace(ASK, key="k", user=user)) for user in ("ann", "bob")] == [(ASK.text,), ()]
    assert [state.spoken_in(replace(ASK, user=user)) for user in ("ann", "bob")] == [True, False]


async def test_an_answer_to_the_command_ask_is_private_and_its_share_is_not(krab: Dispatcher) -> None:
    reply = FakeReply()
    await krab.handle(replace(ASK, command="ask"), reply)
    await krab.handle(replace(ASK, key="2", text="", act=Act("share", ASK.key)), reply)
    assert reply.private == [True, False]


async def test_ask_without_a_question_asks_for_it(krab: Dispatcher) -> None:
    reply = FakeReply()
    await krab.handle(replace(ASK, command="ask", text=""), reply)
    (form,) = reply.said
    assert isinstance(form, Form)
    assert form.act == "ask"


async def test_settings_are_for_moderators_and_are_kept(say: Say, things: Context) -> None:
    assert "Only people who moderate this channel" in await say("settings", "mode=off")
    assert "off: Off: commands only" in await say("settings", "mode=off", moderator=True)
    assert things.channels.manner("slack", "C1").mode is Mode.OFF
    assert await say(text="who holds the leaf?") == ""
    assert "did you mean “private”" in await say("settings", "privat=on", user="root")
    assert "I always answer" in await say("settings", "mode=off", user="root", direct=True)


async def test_settings_can_be_filled_in(krab: Dispatcher, say: Say, things: Context) -> None:
    reply = FakeReply()
    await krab.handle(replace(ASK, command="settings", text="", moderator=True), reply)
    (form,) = reply.said
    assert isinstance(form, Form)
    assert [field.initial for field in form.fields] == [("mentions",), ("only_questions",)]
    await say(**act("settings", form.value, mode=("threads",), switches=("only_cited",)), moderator=True, channel="")
    assert things.channels.manner("slack", "C1") == Manner(Mode.THREADS, only_questions=False, only_cited=True)


async def test_an_order_that_fails_ends_with_a_friendly_word(state: State, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("a bug")

    reply = FakeReply()
    ordering = Ordering({"break": Order("break", "breaks", broken)}, context(state))
    await Dispatcher(FakeAnswerer(), state, ordering=ordering).handle(replace(ASK, command="break"), reply)
    assert reply.said == [FAILED]
    assert [record.message for record in caplog.records] == ["slack: order break failed"]


async def test_a_series_is_watched_listed_paused_and_unwatched(say: Say, things: Context) -> None:
    assert "Which series?" in await say("watch")
    assert "I know of no series" in await say("watch", "quarks")
    assert "Watching “[PATCH 0/2] pond: green leaves” here until 2025-10-06." in await say("watch", "green leaves")
    assert "1 [PATCH 0/2] pond: green leaves (until" in await say("watching")
    assert "(paused, until" in await say("watching", "pause 1")
    assert "(until" in await say(**act("watching_resume", "1"))
    assert "You have no watch 7." in await say("watching", "pause 7")
    assert "Nothing that you may end" in await say("unwatch", "1", user="bob")
    assert "no longer watched" in await say("unwatch", "green")
    assert "You watch nothing here." in await say("watching")
    assert things.outbox.waiting() == 2


async def test_a_moderator_ends_what_others_watch_in_his_channel(say: Say) -> None:
    await say(**act("watch", LEAVES[1].id))
    assert "no longer watched" in await say(**act("unwatch", "1"), user="bob", moderator=True)


async def test_who_wants_to_be_forgotten_is_asked_and_then_forgotten(say: Say, state: State, things: Context) -> None:
    await say(text="who holds the leaf?", key="question")
    await say(**act("helpful"))
    await say("watch", "green leaves")
    assert "Forget me?" in await say("forget")
    assert state.answered("slack", "question")
    assert "Done:" in await say("forget", "me")
    assert state.answered("slack", "question") is None
    assert things.feedback.ratings(things.clock()) == []
    assert things.watches.known("slack", "ann", "C1") == []


async def test_admins_see_what_could_not_be_delivered(say: Say, things: Context) -> None:
    things.outbox.put("slack", Parcel("digest:7", "C9", note("x")))
    things.outbox.dropped(things.outbox.take("slack")[0], "not in the channel")
    assert "digest:7 for C9 (slack), 2025-07-08: not in the channel" in await say("status", user="root")
    assert "Given up" not in await say("status")


async def test_commands_count_as_questions_do_and_buttons_do_not(state: State, things: Context) -> None:
    reply = FakeReply()
    krab = Dispatcher(FakeAnswerer(), state, Limits(per_user=1), ordering=Ordering(found(), things))
    for n in range(2):
        await krab.handle(replace(ASK, key=f"c{n}", command="why", text=""), reply)
    await krab.handle(replace(ASK, key="b", act=Act("quotes", "x")), reply)
    assert [isinstance(said, Card) for said in reply.said] == [True, False, True]
