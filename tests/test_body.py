"""Whose words the lines of a mail are."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.body import split
from index.model import Role

PATCH = """\
From: Ada Quill <ada@example.org>

The lantern driver kept its lamp lit after unbind.

Turn it off in remove().

Fixes: 0123456789ab ("lantern: light it")
Signed-off-by: Ada Quill <ada@example.org>
---
v2 -> v3:
 - Spell lamp with an a (Bo)

 drivers/lantern/lamp.rs | 4 ++--
 1 file changed, 2 insertions(+), 2 deletions(-)

diff --git a/drivers/lantern/lamp.rs b/drivers/lantern/lamp.rs
index 111111111111..222222222222 100644
--- a/drivers/lantern/lamp.rs
+++ b/drivers/lantern/lamp.rs
@@ -1,4 +1,4 @@ impl Lamp {
 fn glow() {}
--- $
++- item

 fn dim() {}
-- $
2.47.0
""".replace("$", "")


def roles(text: str) -> list[tuple[str, str]]:
    return [(block.role.value, block.text) for block in split(text)]


def of(text: str, role: Role) -> str:
    return "\n\n".join(block.text for block in split(text) if block.role is role)


def test_a_patch_falls_into_message_trailers_changelog_and_diff() -> None:
    assert [role for role, _ in roles(PATCH)] == [
        "trailers", "own", "trailers", "diff", "own", "diff", "signature",
    ]  # fmt: skip


def test_the_changelog_below_the_rule_is_the_authors_prose() -> None:
    assert of(PATCH, Role.OWN).endswith("v2 -> v3:\n - Spell lamp with an a (Bo)")


def test_a_removed_line_of_dashes_inside_a_hunk_is_no_signature() -> None:
    assert of(PATCH, Role.SIGNATURE) == "-- \n2.47.0"


def test_an_attribution_belongs_to_the_quote_below_it() -> None:
    text = "On Mon, 3 Feb 2025 at 10:01, Bo Reed <bo@example.org> wrote:\n> Why a lamp?\n\nBecause it is dark."
    assert roles(text) == [
        ("quoted", "On Mon, 3 Feb 2025 at 10:01, Bo Reed <bo@example.org> wrote:\nWhy a lamp?"),
        ("own", "Because it is dark."),
    ]


def test_an_attribution_may_take_several_lines() -> None:
    text = "Hello,\n\nOn Monday, February 3rd, 2025\nBo Reed (of the lamps)\n<bo@example.org> wrote:\n\n> Why?\n\nSo."
    assert of(text, Role.OWN) == "Hello,\n\nSo."


def test_an_attribution_is_known_in_other_languages() -> None:
    german = "Am 03.02.25 um 10:01 schrieb Bo Reed:\n> Warum?\n\nDarum."
    french = "Le lun. 3 févr. 2025 à 10:01, Bo Reed <bo@example.org> a écrit :\n> Pourquoi ?\n\nVoilà."
    japanese = "2025年2月3日(月) 10:01 Bo Reed <bo@example.org>:\n> なぜ?\n\nだから。"
    assert [of(text, Role.OWN) for text in (german, french, japanese)] == ["Darum.", "Voilà.", "だから。"]


def test_an_attribution_is_seen_across_what_was_cut() -> None:
    assert of('"Bo Reed" <bo@example.org> writes:\n\n[...]\n\n> Why?\n\nSo.', Role.OWN) == "So."


def test_a_sentence_that_introduces_a_quote_stays_the_writers() -> None:
    assert of("I think the point is this:\n> Why?\n\nSo.", Role.OWN).startswith("I think the point")


def test_quote_marks_of_every_depth_are_taken_off() -> None:
    assert roles("> one\n>> two\n> > three\n >four") == [("quoted", "one\ntwo\nthree\nfour")]


def test_ends_of_quoted_lines_that_a_mailer_broke_off_go_back_to_the_quote() -> None:
    long = "> " + "a lamp that shines for ever " * 3
    text = "\n".join(f"{long}\nword{n}" for n in range(4)) + f"\n{long}\n\nMy answer."
    assert of(text, Role.OWN) == "My answer."


def test_everything_below_an_original_message_line_is_quoted() -> None:
    text = "Agreed.\n\n-----Original Message-----\nFrom: Bo\nSent: Monday\nTo: Ada\n\nShall we?\n"
    assert roles(text)[0] == ("own", "Agreed.")
    assert roles(text)[1][0] == "quoted"
    assert "Shall we?" in roles(text)[1][1]


def test_a_copied_header_begins_a_quote() -> None:
    text = "Agreed.\n\nFrom: Bo <bo@example.org>\nSent: Monday\nTo: Ada\nSubject: Lamps\n\nShall we?"
    assert [role for role, _ in roles(text)] == ["own", "quoted"]


def test_code_between_prose_is_told_apart() -> None:
    text = "Then this one is better:\n\n    fn glow(&self) -> Result {\n        self.lamp.on()?;\n    }\n\nIs it not?"
    assert [role for role, _ in roles(text)] == ["own", "code", "own"]


def test_an_indented_paragraph_of_prose_is_prose() -> None:
    text = "    The lamp is on when the driver is bound, and it\n    must be off when it is not."
    assert [role for role, _ in roles(text)] == ["own"]


def test_lists_are_prose_however_deep_they_stand() -> None:
    text = "We should have:\n\n    - a lamp for every driver;\n    - one for the keeper;\n"
    assert of(text, Role.CODE) == ""


def test_logs_and_tables_are_code() -> None:
    log = "[   12.345678] lantern: probe failed\n[   12.345999] lantern: call trace:"
    table = "name      count    size\nlamp      12       40\nwick      3        7"
    assert [role for role, _ in roles(f"{log}\n\nand\n\n{table}")] == ["code", "own", "code"]


def test_fenced_lines_are_code() -> None:
    assert [role for role, _ in roles("Look:\n```rust\nplain words in a fence\n```\nSee?")] == ["own", "code", "own"]


def test_a_shortlog_is_no_prose() -> None:
    assert roles("Ada Quill (2):\n  lantern: add it\n  lantern: light it")[0][0] == "code"


def test_marks_of_the_test_robot_are_no_quotes() -> None:
    assert roles(">> drivers/lantern/lamp.c:12:3: warning: unused lamp")[0][0] == "code"


def test_a_signature_ends_where_a_quote_begins() -> None:
    text = "Yes.\n-- \nAda\nOn Mon, 3 Feb 2025, Bo wrote:\n> Why?"
    assert [role for role, _ in roles(text)] == ["own", "signature", "quoted"]


def test_a_list_footer_is_a_signature() -> None:
    text = "Yes.\n\n_______________________________________________\nlamps mailing list\nlamps@lists.example.org"
    assert [role for role, _ in roles(text)] == ["own", "signature"]


def test_pgp_armour_is_a_signature() -> None:
    text = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nTruly mine.\n"
        "-----BEGIN PGP SIGNATURE-----\n\nAbCd\n-----END PGP SIGNATURE-----\n"
    )
    assert [role for role, _ in roles(text)] == ["signature", "own", "signature"]


def test_notes_between_trailers_stay_prose() -> None:
    text = (
        "Signed-off-by: Ada Quill <ada@example.org>\n[ Reworded the title. - Bo ]\nSigned-off-by: Bo <bo@example.org>"
    )
    assert of(text, Role.OWN) == "[ Reworded the title. - Bo ]"


def test_a_word_with_a_colon_is_no_trailer() -> None:
    assert of("Link: see the lamp\nFixes: nothing at all", Role.TRAILERS) == ""


def test_a_merge_shown_with_two_columns_is_a_diff() -> None:
    head = "diff --cc lamp.rs\nindex 111111,222222..333333\n--- a/lamp.rs\n+++ b/lamp.rs\n"
    text = head + "@@@ -1,1 -1,1 +1,2 @@@\n  a\n++b\n\nDone."
    assert [role for role, _ in roles(text)] == ["diff", "own"]


def test_a_diff_whose_lines_a_mailer_broke_stays_one() -> None:
    text = "@@ -1,2 +1,3 @@\n fn glow()\n+    a very long line of code that goes on and\non()\n+    next\n end\n\nDone."
    assert [role for role, _ in roles(text)] == ["diff", "own"]


def test_a_hunk_shortened_by_hand_ends_before_the_next_paragraph() -> None:
    text = "@@ -1,20 +1,20 @@\n fn glow()\n+    shine();\n\nThat would do."
    assert of(text, Role.OWN) == "That would do."


def test_lines_longer_than_are_looked_at_are_kept_whole() -> None:
    text = " " * 1000 + "word " * 1000 + "end"
    assert split(text)[0].text.endswith("word end")


@pytest.mark.parametrize(
    "line", [" " * 50_000 + ":", "a." * 30_000, "Cc: " + " " * 50_000, "=>" * 30_000, "a\t" * 30_000, "> " * 30_000]
)
def test_no_line_makes_it_slow(line: str) -> None:
    began = time.process_time()
    split(line)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "lines", ["-----Original Message-----\n\n> a\n", "-- \n\na\n", "--\n", "```a\n", "From: x\n\n"]
)
def test_no_heap_of_lines_makes_it_slow(lines: str) -> None:
    began = time.process_time()
    split(lines * 10_000)
    assert time.process_time() - began < 5


LINES = st.lists(
    st.one_of(
        st.text(alphabet=st.characters(blacklist_characters="\n\r", blacklist_categories=["Cs", "Cc"]), max_size=60),
        st.sampled_from(PATCH.splitlines()),
        st.sampled_from(
            ["> quoted", ">> deeper", "-- ", "---", "-----Original Message-----", "```", "From: a", "Sent: b"]
        ),
        st.sampled_from(["On Mon, 3 Feb 2025, Bo <bo@example.org> wrote:", "    if (lamp) {", "To: c", "_" * 40]),
    ),
    max_size=40,
)


def bare(text: str) -> list[str]:
    """The visible words without quote marks."""
    return re.sub(r"[>\s]+", " ", text).split()


@given(LINES)
def test_every_line_is_in_exactly_one_block_in_order(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert bare("\n".join(block.text for block in split(text))) == bare(text)


@given(LINES)
def test_neighbouring_blocks_differ_and_own_ones_say_something(lines: list[str]) -> None:
    blocks = split("\n".join(lines))
    assert all(block.role is not after.role for block, after in pairwise(blocks))
    assert all(block.text.strip() for block in blocks if block.role is Role.OWN)
