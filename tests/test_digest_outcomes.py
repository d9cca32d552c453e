"""What came of a discussion, what a sentence answers, and what became of fixes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.digest.card import card
from bot.digest.gist import idle
from bot.digest.markdown import plain
from bot.digest.model import Digest, Discussion
from bot.digest.outcome import decides
from index.model import Part
from tests.digest_fixtures import CY, DEE, V2, WEEK, digested, mail
from tests.series_mail import BO, series

PATCHES = ["rust: pond: add a leaf", "rust: pond: count frogs"]


def discussed(folder: Path, *more: Part) -> Discussion:
    return digested(folder, [*WEEK, *more]).discussions[0]


def text(digest: Digest) -> str:
    return " ".join(plain(card(digest)).split())


def reply(id_: str, body: str, sender: str = BO, day: int = 2, to: str = "leaves-v2-0") -> Part:
    return mail(id_, "Re: [PATCH v2 0/2] rust: pond: leaves", body, sender=sender, day=day, to=to)


def test_where_nothing_came_of_it_that_is_said(tmp_path: Path) -> None:
    digest = digested(tmp_path)
    assert digest.discussions[0].settled is None
    assert "Outcome: open; last mail: Ada Quill" in text(digest)


def test_a_version_that_followed_is_linked_with_what_changed_in_it(tmp_path: Path) -> None:
    third = series(3, "rust: pond: leaves", PATCHES, day=4, body="Hi.\n\n---\nChanges in v3:\n- Let the pond count.\n")
    one = discussed(tmp_path, *third)
    assert one.settled
    assert (one.outcome, one.settled.id) == ("v3 followed", third[0].id)
    assert [change.text for change in one.changes] == ["Let the pond count."]


def test_what_the_author_decides_is_an_outcome_in_his_own_words(tmp_path: Path) -> None:
    said = "I'll drop the counting of frogs from the leaves of the pond.\n"
    one = discussed(tmp_path, reply("hm", said, V2[0].author + " <ada@pond.example>"))
    assert one.settled
    assert (one.outcome, one.settled.quote) == ("decided", said.strip())


def test_what_somebody_wants_who_decides_nothing_is_no_outcome(tmp_path: Path) -> None:
    said = "I'll drop the counting of frogs from the leaves of the pond.\n"
    assert discussed(tmp_path, reply("hm", said, DEE)).outcome == ""


@pytest.mark.parametrize(
    "said",
    [
        "I'll drop the counting of frogs if nobody needs it in the pond.",
        "Should I say that we agreed to keep all of the frogs?",
        "I will change it in the next version of this series then.",
        "I'll fix the typos in the commit message of the second leaf.",
    ],
)
def test_a_condition_a_question_and_what_nobody_understands_decide_nothing(said: str) -> None:
    assert not decides(said)


def test_tags_of_the_week_are_named_with_the_outcome(tmp_path: Path) -> None:
    tag = reply("tag", "Reviewed-by: Dee Toad <dee@mud.example>\n", DEE)
    assert "; Reviewed-by Dee Toad" in text(digested(tmp_path, [*WEEK, tag]))


def test_an_answer_stands_behind_what_it_answers(tmp_path: Path) -> None:
    asks = reply("ask", "Should every leaf of the pond know its frogs?\n", DEE)
    body = "> Should every leaf of the pond know its frogs?\n\nI would suggest that the pond counts all frogs itself.\n"
    digest = digested(tmp_path, [*WEEK, asks, reply("tell", body, CY, 3, "leaves-v2-0 ask")])
    (to,) = [p.to for p in digest.discussions[0].positions if p.stance == "proposes"]
    assert to
    assert (to.id, to.quote) == (asks.id, "Should every leaf of the pond know its frogs?")


def test_words_that_nobody_wrote_are_never_what_is_answered(tmp_path: Path) -> None:
    body = "> Should every frog be eaten by storks?\n\nI would suggest that the pond counts all frogs itself.\n"
    one = discussed(tmp_path, reply("tell", body, CY))
    assert [p.to for p in one.positions if p.stance == "proposes"] == [None]


def hole(*trailers: str) -> Part:
    body = "Fix a use-after-free of the reed when the frog leaves first.\n\n"
    signed = "\n".join([*trailers, "Signed-off-by: Cy Newt <cy@mud.example>"])
    return mail("hole", "[PATCH] rust: reed: fix use-after-free", body + signed, sender=CY, day=1)


def test_a_fix_says_which_commit_it_repairs_and_since_which_stable_kernel(tmp_path: Path) -> None:
    fix = hole('Fixes: 0123456789ab ("reed: grow")', "Cc: stable@vger.kernel.org # 6.12+")
    (one,) = digested(tmp_path, [*WEEK, fix]).security
    assert (one.repair.commits, one.repair.since) == (("0123456789ab (reed: grow)",), "6.12")
    assert "for stable kernels from 6.12" in text(digested(tmp_path / "again", [*WEEK, fix]))


def test_a_fix_that_nobody_took_is_called_so(tmp_path: Path) -> None:
    assert [one.fate for one in digested(tmp_path, [*WEEK, hole()]).security] == ["no mail says it was applied"]


def test_a_fix_that_was_taken_says_by_whom_and_where_to(tmp_path: Path) -> None:
    took = mail("thx", "Re: [PATCH] rust: reed: fix use-after-free", "Applied to pond-fixes, thanks!\n", sender=BO,
                to="hole", day=2)  # fmt: skip
    (one,) = digested(tmp_path, [*WEEK, hole(), took]).security
    assert one.settled
    assert (one.fate, one.settled.id) == ("applied to pond-fixes by Bo Reed", took.id)


def test_a_wish_for_security_in_a_title_is_no_hole(tmp_path: Path) -> None:
    wish = mail("lsm", "[PATCH] rust: lsm: name the security context", "Name it.\n", sender=CY, day=1)
    assert not digested(tmp_path, [*WEEK, wish]).security


def test_what_a_reviewer_calls_unsound_is_told_as_said_in_review(tmp_path: Path) -> None:
    said = "The leaf API of this pond is unsound for frogs of two threads.\n"
    (one,) = digested(tmp_path, [*WEEK, reply("hole", said)]).security
    assert one.said
    assert (one.kind, one.said.who) == ("review", "Bo Reed")


def test_a_repair_of_the_weeks_before_that_nobody_took_stays_open(tmp_path: Path) -> None:
    said = "Mud may be stirred while a frog still holds an unsafe pointer into the pond.\n"
    old = mail("leak", "[PATCH] rust: mud: fix use-after-free", said, sender=CY, day=-30)
    (one,) = digested(tmp_path, [*WEEK, old]).security
    assert one.said
    assert (one.kind, one.mail.id, one.said.quote) == ("open", old.id, said.strip())


def test_a_repair_that_was_taken_is_no_longer_open(tmp_path: Path) -> None:
    old = mail("leak", "[PATCH] rust: mud: fix use-after-free", "Fix it.\n", sender=CY, day=-30)
    took = mail("thx", "Re: [PATCH] rust: mud: fix use-after-free", "Applied, thanks!\n", sender=BO, to="leak", day=-25)
    assert not digested(tmp_path, [*WEEK, old, took]).security


def test_hardening_of_something_else_than_rust_is_no_news_here(tmp_path: Path) -> None:
    other = mail("cfi", "[PATCH] pond: control-flow integrity", "Add a fence.\n", sender=CY, day=1)
    assert not digested(tmp_path, [*WEEK, other]).security


def test_a_repair_is_listed_with_the_commit_and_the_stable_kernels(tmp_path: Path) -> None:
    trailers = 'Fixes: 0123456789ab ("mud: count")\nCc: stable@vger.kernel.org # 6.6\n'
    body = f"Count.\n\n{trailers}Signed-off-by: Cy Newt <cy@mud.example>\n"
    fix = mail("fix", "[PATCH] rust: mud: count again", body, sender=CY, day=1)
    told = text(digested(tmp_path, [*WEEK, fix]))
    assert "for stable kernels from 6.6; fixes 0123456789ab (mud: count)" in told


def test_words_that_a_reviewer_drafts_are_not_his_opinion(tmp_path: Path) -> None:
    body = "Please say in the comment of the leaf:\n\n    I would suggest that every frog is counted by its own leaf.\n"
    digest = digested(tmp_path, [*WEEK, reply("draft", body, CY)])
    assert "draft@pond.example" not in {p.said.id for p in digest.discussions[0].positions}


def test_nothing_is_a_cue_and_an_answer_at_once(tmp_path: Path) -> None:
    asks = reply("ask", "Should every leaf of the pond know its frogs?\n", DEE)
    body = "> Should every leaf of the pond know its frogs?\n\nI would suggest that the pond counts all frogs itself.\n"
    one = discussed(tmp_path, asks, reply("tell", body, CY, 3, "leaves-v2-0 ask"))
    cues = {p.to.quote for p in (*one.positions, *one.replies) if p.to}
    assert not cues & {p.said.quote for p in one.replies}


def test_who_began_a_discussion_is_named_first(tmp_path: Path) -> None:
    assert discussed(tmp_path).authors[0] == "Ada Quill"


def test_the_end_names_the_lists_that_mails_went_to(tmp_path: Path) -> None:
    listed = mail("l", "[PATCH] rust: reed: float", "Let reeds float.\n", sender=CY, day=1,
                  headers="List-Id: <pond-list.pond.example>\nTo: pond-list@vger.kernel.org\n")  # fmt: skip
    assert "pond-list" in dict(digested(tmp_path, [*WEEK, listed]).lists)


def test_a_reader_is_told_that_no_cve_announcements_were_read(tmp_path: Path) -> None:
    assert "No mail to linux-cve-announce was read" in text(digested(tmp_path))


def test_what_is_unsound_in_a_library_stands_under_security_too(tmp_path: Path) -> None:
    other = mail("lib", "[PATCH libgpiod] bindings: rust: mark raw floats as unsafe", "Mark them.\n", sender=CY, day=1)
    shown = text(digested(tmp_path, [*WEEK, other]))
    assert "fix: libgpiod: bindings: rust: mark raw floats as unsafe" in shown


def test_a_statement_that_shares_no_word_with_an_answer_is_not_what_it_answers(tmp_path: Path) -> None:
    says = reply("says", "The chapter on lilies explains the tides.\n", DEE)
    body = "> The chapter on lilies explains the tides.\n\nI would suggest that ponds count all frogs themselves.\n"
    one = discussed(tmp_path, says, reply("tell", body, CY, 3, "leaves-v2-0 says"))
    assert [p.to for p in one.positions if p.stance == "proposes"] == [None]


def test_a_short_sentence_without_a_reason_is_idle() -> None:
    assert idle("Frogs will most likely know their own pond already.")
    assert not idle("Frogs know their own pond, so nobody has to show it to them.")
