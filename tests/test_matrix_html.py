"""An answer as Matrix shows it: read back by a strict walk over the tags and attributes the specification allows."""

from __future__ import annotations

import html as markup
from datetime import UTC, datetime
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.matrix_html import BUDGET, harmless, html, messages, words
from bot.model import Answer, Citation, Sentence, Status
from index.model import Kind, Reference

# From the client-server specification, "m.room.message msgtypes".
TAGS = set(
    "del h1 h2 h3 h4 h5 h6 blockquote p a ul ol sup sub li b i u strong em s code hr br div table thead tbody tr th td"
    " caption pre span img details summary".split()
)
ATTRIBUTES = {"a": {"target", "href"}, "ol": {"start"}, "code": {"class"}}
VOID = {"br", "hr", "img"}


class Reader(HTMLParser):
    """Fails on any tag, attribute or nesting that Matrix does not permit; collects links and words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES.get(tag, set())
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("an instruction")


DAY = datetime(2025, 7, 8, tzinfo=UTC)


def citation(n: int = 1, quote: str = "words of the source", **more: object) -> Citation:
    fields = {"url": f"https://lists.example/{n}/", "title": f"Title {n}", "author": "Ann", "note": None}
    fields |= {k: str(v) for k, v in more.items()}
    return Citation(n=n, id=f"{n}@x", date=DAY, quote=quote, kind=Kind.MAIL, **fields)  # type: ignore[arg-type]


def answered(*sentences: Sentence, sources: tuple[Citation, ...] = ()) -> Answer:
    return Answer(Status.ANSWERED, sentences, sources)


def test_every_sentence_carries_its_numbers_as_links_to_its_sources() -> None:
    shown = html(answered(Sentence("It holds.", (1, 2)), sources=(citation(1), citation(2))))
    assert '<p>It holds. <a href="https://lists.example/1/">[1]</a><a href="https://lists.example/2/">[2]</a>' in shown


def test_a_source_is_listed_with_title_author_date_kind_note_and_words() -> None:
    shown = html(answered(Sentence("It holds.", (3,)), sources=(citation(3, note="superseded by v4"),)))
    assert '<ol start="3"><li><a href="https://lists.example/3/">Title 3</a>' in shown
    assert "Ann, 2025-07-08, mail, superseded by v4" in shown
    assert "<blockquote>words of the source</blockquote>" in shown


def test_numbers_that_do_not_follow_each_other_keep_their_numbers() -> None:
    shown = html(answered(Sentence("It holds.", (1, 2, 5)), sources=(citation(1), citation(2), citation(5))))
    assert shown.count("<ol") == 2
    assert '<ol start="5">' in shown


def test_a_refusal_shows_the_remark_and_the_three_nearest() -> None:
    nearest = tuple(citation(n) for n in range(1, 6))
    shown = html(Answer(Status.NOT_FOUND, nearest=nearest, remark="Not in my sources."))
    assert shown.startswith("<p>Not in my sources.</p>")
    assert shown.count("<li>") == 3


def test_a_notes_own_sources_are_linked() -> None:
    note = Citation(1, "n", "", "T", "", None, "q", Kind.NOTE, references=(Reference("Doc", "https://doc.example/"),))
    assert Reader(html(answered(Sentence("S.", (1,)), sources=(note,)))).links == ["https://doc.example/"]


def test_markup_in_a_source_is_shown_as_text() -> None:
    evil = citation(1, quote="<img src=x onerror=y> & </blockquote>", title='"><script>')
    reader = Reader(html(answered(Sentence("<b>bold</b>", (1,)), sources=(evil,))))
    assert {"<b>bold</b> ", '"><script>', "<img src=x onerror=y> & </blockquote>"} <= set(reader.words)


def test_only_plain_web_addresses_become_links() -> None:
    bad = [
        "javascript:alert(1)",
        "https://matrix.to/#/@ann:x",
        "http://",
        "https://a b/",
        "ftp://x/",
        "//x",
        "https://[x",
    ]
    sources = tuple(citation(n, url=url) for n, url in enumerate(bad, 1))
    assert Reader(html(answered(Sentence("S.", (1, 2, 3)), sources=sources))).links == []


def test_nothing_in_a_text_becomes_a_mention() -> None:
    text = "ask @room or https://matrix.to/#/@ann:x or matrix:u/ann:x"
    (message,) = messages(answered(Sentence(text, (1,)), sources=(citation(1, quote=text),)))
    pings = ("@room", "matrix.to", "matrix:u")
    assert [p for p in pings if p in message.body or p in markup.unescape(message.formatted)] == []


def test_ordinary_text_is_not_touched_by_that() -> None:
    assert harmless("@roommate, matrix.tools and matrix: yes") == "@roommate, matrix.tools and matrix: yes"


def test_a_short_answer_is_one_message() -> None:
    assert len(messages(answered(Sentence("It holds.", (1,)), sources=(citation(),)))) == 1


def test_a_long_answer_is_parted_between_sentences_and_each_part_has_its_own_sources() -> None:
    sentences = tuple(Sentence(f"Sentence {n} {'x' * 900}.", (n,)) for n in range(1, 101))
    parts = messages(answered(*sentences, sources=tuple(citation(n) for n in range(1, 101))))
    said = " ".join(p.body for p in parts)
    assert len(parts) > 1
    assert [n for n in range(1, 101) if said.count(f"Sentence {n} ") != 1] == []
    assert [n for n in range(1, 101) if said.count(f"] Title {n} ") != 1] == []
    assert max(p.size for p in parts) <= BUDGET


def test_a_few_words_keep_their_lines() -> None:
    assert words("one <b>\ntwo").formatted == "one &lt;b&gt;<br>two"


HOSTILE = st.text(max_size=60) | st.sampled_from(
    ["<script>", "</p>", "@room", "https://matrix.to/#/@a:b", "\x00\x1b[2J", "\u202e", "\"'&<>", "\ud800", "&lt;b&gt;"]
)
URLS = HOSTILE | st.sampled_from(
    ["https://a.example/", 'https://a.example/"onclick="x', "javascript:x", "http://b.example/?a=1&b=2"]
)
CITATIONS = st.builds(
    Citation,
    n=st.integers(0, 50),
    id=HOSTILE,
    url=URLS,
    title=HOSTILE,
    author=HOSTILE,
    date=st.none() | st.just(DAY),
    quote=HOSTILE,
    kind=st.sampled_from(Kind),
    note=st.none() | HOSTILE,
    references=st.lists(st.builds(Reference, HOSTILE, URLS), max_size=3).map(tuple),
)
ANSWERS = st.builds(
    Answer,
    status=st.sampled_from(Status),
    sentences=st.lists(
        st.builds(Sentence, HOSTILE, st.lists(st.integers(0, 50), max_size=4).map(tuple)), max_size=5
    ).map(tuple),
    sources=st.lists(CITATIONS, max_size=5).map(tuple),
    nearest=st.lists(CITATIONS, max_size=5).map(tuple),
    as_of=st.none() | st.just(DAY),
    remark=HOSTILE,
)


@given(ANSWERS)
@settings(deadline=None)
def test_whatever_the_sources_say_the_markup_is_permitted_and_links_lead_to_sources(answer: Answer) -> None:
    reader = Reader(html(answer))
    cited = (*answer.sources, *answer.nearest)
    assert set(reader.links) <= {c.url for c in cited} | {r.url for c in cited for r in c.references}
    assert [link for link in reader.links if not link.startswith(("http://", "https://"))] == []
    assert "@room" not in "".join(reader.words)


@given(ANSWERS, st.sampled_from(['"', "&", "'", "x", "語", "🦀", "@room "]), st.integers(1, 30_000))
@settings(deadline=None, max_examples=40)
def test_no_message_is_too_large_for_an_event(answer: Answer, letter: str, length: int) -> None:
    long = letter * length
    sentences = (*answer.sentences, Sentence(long, (1,)))
    sources = (
        *answer.sources,
        citation(1, quote=long, title=long, author=long, note=long, url="https://x.example/" + long),
    )
    answer = Answer(answer.status, sentences, sources, answer.nearest, remark=long)
    assert max(message.size for message in messages(answer)) <= BUDGET
    assert (
        max(message.size for message in messages(Answer(Status.NOT_FOUND, nearest=sources * 3, remark=long))) <= BUDGET
    )
    assert words(long).size <= BUDGET
