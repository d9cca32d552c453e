"""What a digest says of a week, and what it leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cite import flat, holds
from bot.digest.model import Digest, citations
from bot.digest.sentences import dangles, stands
from bot.digest.stance import stance
from index.model import Part
from tests.digest_fixtures import (
    AGREES,
    ANSWER,
    CY,
    DEE,
    MACHINE,
    NEW,
    OBJECTS,
    SILENT,
    TAKEN,
    V1,
    V2,
    WEEK,
    article,
    digested,
    mail,
)
from tests.series_mail import ADA, BO, series


@pytest.fixture
def digest(tmp_path: Path) -> Digest:
    return digested(tmp_path)


def test_a_new_series_is_told_with_what_it_does(digest: Digest) -> None:
    assert [(one.mail.id, one.author, one.about[0].text) for one in digest.new_series] == [
        (NEW.id, "Cy Newt", "Make reeds bend in the wind instead of breaking.")
    ]


def test_a_new_version_is_told_with_its_authors_changes_and_without_small_talk(digest: Digest) -> None:
    (one,) = digest.new_versions
    assert (one.mail.id, one.label) == (V2[0].id, "v2")
    assert [change.text for change in one.changes] == ["Count the frogs before a leaf sinks."]
    assert one.before
    assert one.before.id == V1[0].id


def test_what_was_applied_is_said_with_tree_and_the_words_for_it(digest: Digest) -> None:
    (one,) = digest.applied
    assert (one.title, one.by, one.tree) == ("rust: reed: bend in the wind", "Bo Reed", "pond-next")
    assert (one.mail.id, one.mail.quote) == (TAKEN.id, "Applied to pond-next, thanks!")


def test_a_discussion_counts_people_and_no_machines(digest: Digest) -> None:
    (one,) = digest.discussions
    assert (one.title, one.mails) == ("rust: pond: leaves", 3)
    assert set(one.authors) == {"Bo Reed", "Dee Toad", "Ada Quill"}


def test_positions_are_kept_apart_with_whose_they_are(digest: Digest) -> None:
    (one,) = digest.discussions
    assert [(p.stance, p.said.id) for p in one.positions] == [("objects", OBJECTS.id), ("agrees", AGREES.id)]


def test_an_author_does_not_object_to_his_own_work(tmp_path: Path) -> None:
    mine = mail("hm", "Re: [PATCH v2 0/2] rust: pond: leaves", "I don't think so.\n", to="leaves-v2-0 no", day=2)
    digest = digested(tmp_path, [*WEEK, mine])
    assert "Ada Quill" not in {p.said.who for d in digest.discussions for p in d.positions}


def test_no_machine_is_quoted_in_a_discussion(digest: Digest) -> None:
    assert MACHINE.id not in {one.id for d in digest.discussions for one in citations(d)}
    assert digest.bots == 1


def test_what_nobody_answered_for_two_weeks_waits(digest: Digest) -> None:
    assert [(one.mail.id, one.why, one.days) for one in digest.waiting] == [(SILENT.id, "no reply", 25)]


def test_what_was_answered_does_not_wait(tmp_path: Path) -> None:
    answer = mail("nice", "Re: [PATCH] rust: mud: settle down", "Nice.\n", sender=BO, to="mud", day=-19)
    assert not digested(tmp_path, [*WEEK, answer]).waiting


def test_a_series_asked_for_again_waits_with_the_words_of_who_asks(tmp_path: Path) -> None:
    ping = mail("ping", "Re: [PATCH] rust: mud: settle down", "Gentle ping.\n", sender=DEE, to="mud", day=2)
    (one,) = digested(tmp_path, [*WEEK, ping]).waiting
    assert (one.why, one.said and one.said.quote) == ("asked again", "Gentle ping.")


def test_a_comment_that_the_next_version_passes_over_is_shown(tmp_path: Path) -> None:
    comment = mail(
        "old", "Re: [PATCH 1/2] rust: pond: add a leaf",
        "I don't think that a leaf can float without any air in it.\n",
        sender=DEE, to="leaves-v1-0 leaves-v1-1", day=-8,
    )  # fmt: skip
    found = [one for one in digested(tmp_path, [*WEEK, comment]).waiting if one.why == "unanswered"]
    assert [(one.mail.id, one.said and one.said.id) for one in found] == [(V2[0].id, comment.id)]


def test_who_posts_for_the_first_time_is_welcomed(digest: Digest) -> None:
    assert [(one.author, one.answered) for one in digest.newcomers] == [("Cy Newt", 1)]


def test_a_soundness_hole_stands_under_security_with_the_sentence_that_says_so(tmp_path: Path) -> None:
    text = "Fix a use-after-free of the reed when the frog leaves first.\n"
    signed = '\nFixes: 0123456789ab ("reed: grow")\nCc: stable@vger.kernel.org\nSigned-off-by: Cy Newt <cy@mud.example>'
    hole = mail("hole", "[PATCH] rust: reed: fix use-after-free", text + signed, sender=CY, day=1)
    (one,) = digested(tmp_path, [*WEEK, hole]).security
    assert one.said
    assert (one.mail.id, one.said.text) == (hole.id, text.strip())
    assert (one.repair.commits, one.repair.stable) == (("0123456789ab (reed: grow)",), True)


def test_an_answer_that_explains_soundness_is_no_hole(tmp_path: Path) -> None:
    text = "Other code of the pond may rely on this leaf for soundness.\n"
    told = mail("why", "Re: [PATCH v2 1/2] rust: pond: add a leaf", text, sender=DEE, to="leaves-v2-0", day=2)
    assert not digested(tmp_path, [*WEEK, told]).security


def test_a_defence_and_a_passing_wish_are_no_positions() -> None:
    said = ["I don't think there is a reasonable alternative to frogs.", "No, but I think we should keep all frogs."]
    assert [stance(one) for one in said] == ["", ""]


def test_an_answer_that_needs_its_parent_is_not_quoted() -> None:
    assert not stands("The same applies to the leaves of the other pond as well.")
    assert stands("Frogs jump, so each leaf has to count the frogs that sit on it.")


@pytest.mark.parametrize(
    "said",
    [
        "I don't think this will work with the current macro of the pond.",
        "We could add a note to make that clearer for all of the frogs.",
        "There is no difference between the two for a frog in the pond.",
        "The name of the leaf should probably be written in green then.",
    ],
)
def test_a_sentence_about_something_that_it_does_not_name_dangles(said: str) -> None:
    assert dangles(said)


def test_a_sentence_that_names_what_it_is_about_does_not_dangle() -> None:
    assert not dangles("Frogs jump, so each leaf has to count the frogs that sit on it.")


def test_a_merge_conflict_names_its_files(tmp_path: Path) -> None:
    body = "Today's linux-next merge of the pond tree got a conflict in:\n\n  rust/pond.rs\n\nbetween commit:\n"
    title = "linux-next: manual merge of the pond tree with the mud tree"
    (one,) = digested(tmp_path, [*WEEK, mail("next", title, body, sender=CY, day=1)]).toolchain
    assert one.files
    assert one.files.quote == "rust/pond.rs"


def test_a_change_of_tools_stands_under_its_own_heading(tmp_path: Path) -> None:
    tool = mail("tool", "[PATCH] rust: support the new bindgen of the pond", "Nothing to see.\n", sender=CY, day=1)
    assert [one.mail.id for one in digested(tmp_path, [*WEEK, tool]).toolchain] == [tool.id]


def test_a_post_that_concerns_us_is_told_in_its_own_words(tmp_path: Path) -> None:
    some = article("a", "Memory safety bugs are most of the frogs that fall into the pond. Rust keeps them out of it.")
    (one,) = digested(tmp_path, [*WEEK, some]).posts
    assert [said.text for said in one.gist] == [
        "Memory safety bugs are most of the frogs that fall into the pond.",
        "Rust keeps them out of it.",
    ][: len(one.gist)]


def test_a_week_without_anything_is_quiet(tmp_path: Path) -> None:
    assert digested(tmp_path, V1).quiet


def test_what_comes_after_the_week_is_not_known_in_it(tmp_path: Path) -> None:
    later = mail(
        "late", "Re: [PATCH v2 0/2] rust: pond: leaves", "Applied, thanks!\n", sender=BO, to="leaves-v2-0", day=9
    )
    assert not any(one.merged for one in digested(tmp_path, [*WEEK, later]).new_versions)


def test_every_quote_stands_in_its_source(digest: Digest) -> None:
    parts = {part.id: part for part in WEEK}
    cited = list(citations(digest))
    assert cited
    assert [c for c in cited if not (holds(c.quote, parts[c.id]) or flat(c.quote) in flat(parts[c.id].title))] == []


def test_the_same_mails_in_another_order_give_the_same_digest(tmp_path: Path) -> None:
    assert digested(tmp_path / "a") == digested(tmp_path / "b", WEEK[::-1])


def test_the_answer_of_the_author_is_part_of_the_talk(digest: Digest) -> None:
    assert ANSWER.author in digest.discussions[0].authors


def test_versions_of_a_week_are_one_discussion_and_its_outcome_is_said(tmp_path: Path) -> None:
    third = series(3, "rust: pond: leaves", ["rust: pond: add a leaf", "rust: pond: count frogs"], day=4)
    (one,) = digested(tmp_path, [*WEEK, *third]).discussions
    assert (one.label, one.outcome) == ("v2", "v3 followed")


def test_what_was_discussed_and_applied_says_where_to(tmp_path: Path) -> None:
    said = "Applied to pond-next, thanks!\n"
    taken = mail("in", "Re: [PATCH v2 0/2] rust: pond: leaves", said, sender=BO, to="leaves-v2-0", day=4)
    (one,) = digested(tmp_path, [*WEEK, taken]).discussions
    assert one.outcome == "applied to pond-next"


def test_a_letter_that_says_nothing_leaves_it_to_its_patches(tmp_path: Path) -> None:
    patches = ["rust: mud: let it settle", "rust: mud: stir it"]
    silent = series(1, "rust: mud", patches, day=1, body="Please review.\n", sender=CY)
    (one,) = [p for p in digested(tmp_path, [*WEEK, *silent]).new_series if p.mail.id == silent[0].id]
    assert [said.text for said in one.about] == ["rust: mud: let it settle", "rust: mud: stir it"]


def test_a_series_of_another_project_is_named_so(tmp_path: Path) -> None:
    other = mail("lib", "[PATCH libpond 1/1] bindings: rust: float", "Let things float.\n", sender=CY, day=1)
    titles = [p.title for p in digested(tmp_path, [*WEEK, other]).new_series]
    assert "libpond: bindings: rust: float" in titles


def test_files_that_came_into_a_series_are_told(tmp_path: Path) -> None:
    def touching(id_: str, subject: str, *paths: str, day: int) -> Part:
        diffs = "".join(f"diff --git a/{p} b/{p}\n--- a/{p}\n+++ b/{p}\n@@ -1 +1 @@\n-a\n+b\n" for p in paths)
        return mail(id_, subject, f"Make it so.\n---\n{diffs}", day=day, sender=CY)

    first = touching("w1", "[PATCH] rust: pond: wade", "rust/pond.rs", day=-9)
    second = touching("w2", "[PATCH v2] rust: pond: wade", "rust/pond.rs", "rust/mud.rs", day=1)
    (one,) = [p for p in digested(tmp_path, [*WEEK, first, second]).new_versions if p.mail.id == second.id]
    assert (one.added, one.dropped) == (("rust/mud.rs",), ())


def test_a_thread_of_another_list_counts_less_when_it_is_not_about_rust(tmp_path: Path) -> None:
    said = [
        mail(f"{topic}-{n}", f"{'Re: ' if n else ''}on {topic}", f"I think the {topic} must be kept clean.\n",
             sender=sender, to=f"{topic}-0" if n else "", day=1)
        for topic in ("rust-ponds", "ponds")
        for n, sender in enumerate((ADA, BO, CY, DEE))
    ]  # fmt: skip
    weights = {d.title: d.weight for d in digested(tmp_path, [*WEEK, *said]).discussions}
    assert weights["on rust-ponds"] > weights["on ponds"]
