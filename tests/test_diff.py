"""Files and names that a diff touches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feeds import diff, trailers

CHANGE = """\
diff --git a/drivers/lantern/lamp.rs b/drivers/lantern/wick.rs
--- a/drivers/lantern/lamp.rs
+++ b/drivers/lantern/wick.rs
@@ -1,4 +1,5 @@ impl LampKeeper {
 untouched_name
-    old_lamp(1);
+    /// Plain words of a comment about the light
+    let wick = WickHolder::try_new(CONFIG_LANTERN)?;
+    pr_info!("x");
"""


def test_paths_come_from_heads_and_diffstats_each_once() -> None:
    stat = " drivers/{lantern => torch}/lamp.rs | 3 ++-\n .../cut/short.rs | 1 +\n"
    assert diff.files(stat + CHANGE) == (
        "drivers/lantern/lamp.rs",
        "drivers/lantern/wick.rs",
        "drivers/torch/lamp.rs",
    )


def test_names_come_from_changed_lines_and_hunk_heads() -> None:
    assert diff.symbols(CHANGE) == ("LampKeeper", "old_lamp", "WickHolder", "try_new", "CONFIG_LANTERN", "pr_info")


def test_words_of_a_comment_are_no_names() -> None:
    assert "Plain" not in diff.symbols(CHANGE)


def test_names_are_limited() -> None:
    many = "@@ -1 +1 @@\n" + "".join(f"+name_{n}();\n" for n in range(1000))
    assert len(diff.symbols(many)) == diff.SYMBOLS_MAX


@given(st.text())
def test_any_text_has_files_and_names_without_an_error(text: str) -> None:
    assert isinstance(diff.files(text), tuple)
    assert isinstance(diff.symbols(text), tuple)


def test_trailers_are_read_as_pairs_with_their_continuations() -> None:
    block = 'Fixes: 0123456789ab ("lantern:\n light it")\nReviewed-by: Bo Reed <bo@example.org>'
    assert trailers.parse(block) == (
        ("Fixes", '0123456789ab ("lantern: light it")'),
        ("Reviewed-by", "Bo Reed <bo@example.org>"),
    )
