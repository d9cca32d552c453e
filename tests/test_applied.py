"""Where a mail says that patches were applied, and where it only sounds like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.applied import applications, claims, where
from feeds.mail import parse
from feeds.subject import parse as subject
from tests.series_mail import raw


def said(
    body: str, title: str = "Re: [PATCH v2 0/4] pond: leaves", sender: str = "Ada <ada@pond.example>"
) -> list[str]:
    mail = parse(raw("answer", title, body, sender=sender, to="cover"))
    return [one.detail for one in applications(mail, subject(mail.subject))]


@pytest.mark.parametrize(
    "sentence",
    [
        "Applied, thanks!",
        "Applied to `pond-next` -- thanks everyone!",
        "Thanks Bo, applied.",
        "Series applied, thanks!",
        "Both patches applied.",
        "With the following changes, applied to pond-next, thanks!",
        "Much better :)  Merged into pond/dev.",
        "Queued for v7.1, thank you!",
        "Pushed this into pond-next, right after the mud patch.",
        "I've applied this patch to pond-fixes as commit 0123abc.",
        "I've gone ahead and merged Bo's patch into pond/dev and will send it along.",
        "I applied the first two patches, I'll wait for word on the rest.",
        "Patches 1 to 3 merged to pond-next, as agreed.",
        "This one was applied to pond-kbuild.",
        "Ok, I took it now, thanks!",
        "Pulled and added to pond.git/fixes, thanks!",
        "Applied (i.e. with the newer mud) to `pond-next`.",
    ],
)
def test_who_says_that_he_has_applied_something_is_believed(sentence: str) -> None:
    assert claims(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "I'll apply this tomorrow.",
        "This can be applied to pond-next.",
        "Please apply this to pond-next.",
        "It applies cleanly to pond-next.",
        "Would you apply this?",
        "Was this applied to pond-next?",
        "Once this series is applied to pond-next, mine follows.",
        "I hope this was applied to the right tree.",
        "I will fix the typo when applied.",
        "I applied these patches to my test tree and they boot.",
        "I've applied the series and run the tests.",
        "I applied this onto the mud branch, can confirm that it floats.",
        "I applied the following diff to make it float.",
        "Applied your suggestion for the next version.",
        "I picked this name because it floats.",
        "I took a look at this series.",
        "I have pushed all my changes here, if it helps.",
        "This patch has not been applied yet.",
        "With this patch applied, the frog sinks.",
        "The rule is applied to leaves.",
        "That is why I picked that one.",
        "[ Applied the nit. - Ada ]",
    ],
)
def test_what_only_sounds_like_it_is_not(sentence: str) -> None:
    assert not claims(sentence)


def test_the_quote_stands_in_the_mail_as_it_is() -> None:
    mail = parse(raw("answer", "Re: [PATCH] pond: leaf", "Hi,\n\nthis patch was applied to\npond-next. Bye.\n", to="p"))
    (one,) = applications(mail, subject(mail.subject))
    assert one.quote == "this patch was applied to\npond-next."


@pytest.mark.parametrize(
    ("sentence", "tree"),
    [
        ("Applied to `pond-next` -- thanks!", "pond-next"),
        ("Applied to the pond tree, thanks.", "pond"),
        ("Applied to mud (for-next/fixes), thanks!", "mud:for-next/fixes"),
        ("Applied to the leaf.v7 branch of the pond/pond.git tree.", "pond/pond.git:leaf.v7"),
        ("Applied to\n\n   https://git.pond.example/pub/ada/pond.git for-next\n\nThanks!", "ada/pond:for-next"),
        ("Applied for now.", ""),
    ],
)
def test_the_tree_is_told_as_it_is_named(sentence: str, tree: str) -> None:
    assert [where(detail).tree for detail in said(sentence)] == [tree]


@pytest.mark.parametrize(
    ("body", "title", "parts"),
    [
        ("Applied to pond-next.", "Re: [PATCH 0/4] pond", ""),
        ("Applied (1-3) to pond-next.", "Re: [PATCH 0/4] pond", "1-3"),
        ("Applied patches 1, 2 and 4.", "Re: [PATCH 0/4] pond", "1-2,4"),
        ("I applied the first two patches.", "Re: [PATCH 0/4] pond", "1-2"),
        ("Applied to pond-next.", "Re: [PATCH 3/4] pond", "3"),
        ("Series applied.", "Re: [PATCH 1/4] pond", ""),
        ("Applied, thanks!\n\n[2/4] pond: leaf\n      commit: 0123abcd\n", "Re: [PATCH 0/4] pond", "2"),
        ("Applied, thanks!\n\n[1/2] pond: a\n  commit: 0123abcd\n[2/2] pond: b\n", "Re: [PATCH 0/2] pond", ""),
        ("Applied, thanks!", "Re: [PATCH] pond", ""),
    ],
)
def test_only_what_was_named_counts_as_applied(body: str, title: str, parts: str) -> None:
    assert [where(detail).parts for detail in said(body, title)] == [parts]


def test_the_commit_is_told_when_there_is_one() -> None:
    body = "Applied, thanks!\n\n[1/1] pond: leaf\n      commit: 0123abcd4567\n"
    assert [where(detail).commit for detail in said(body, "Re: [PATCH] pond: leaf")] == ["0123abcd4567"]


def test_words_of_others_are_not_the_senders() -> None:
    assert said("> Applied to pond-next, thanks!\n\nThat was quick.\n") == []


def test_a_merge_of_trees_is_no_answer_to_a_patch() -> None:
    assert said("I applied this to the mud tree today.", "Re: linux-next: build failure after merge of mud") == []


def test_a_bot_says_it_for_somebody() -> None:
    body = (
        "Hello:\n\nThis series was applied to pond/pond.git (fixes)\nby Bo Reed <bo@pond.example>:\n\n"
        "Here is the summary with links:\n  - [v2,1/2] pond: a\n    https://git.example/c/0123abcd4567\n"
        "  - [v2,2/2] pond: b\n    (no matching commit)\n"
    )
    mail = parse(raw("bot", "Re: [PATCH v2 0/2] pond", body, sender="patchwork-bot+pond@kernel.org", to="cover"))
    (one,) = applications(mail, subject(mail.subject))
    assert (one.who, where(one.detail).tree, where(one.detail).parts) == ("Bo Reed", "pond/pond.git:fixes", "1")


def test_a_merge_notice_names_tree_and_commit() -> None:
    body = (
        "The following commit has been merged into the mud/core branch of tip:\n\nCommit-ID:     0123456789abcdef0123\n"
    )
    mail = parse(raw("tip", "[tip: mud/core] pond: leaf", body, sender="tip-bot2 for Bo <tip-bot2@x.example>", to="p"))
    (one,) = applications(mail, subject(mail.subject))
    assert where(one.detail) == where("tip/mud/core 0123456789abcdef0123")


def test_a_robot_that_tests_applies_nothing() -> None:
    assert said("Applied to pond-next.", sender="kernel test robot <lkp@intel.com>") == []


def test_a_detail_reads_back() -> None:
    told = where("pond-next 1-3,5 0123abcd")
    assert (told.tree, sorted(told.numbers), told.commit) == ("pond-next", [1, 2, 3, 5], "0123abcd")
    assert where("- 0370395") == where("-  0370395")
    assert where("").tree == ""


@given(st.text("aAp .,!?\n\t-[]()/:0123", max_size=400) | st.text(max_size=200))
def test_any_words_are_read(text: str) -> None:
    said(text)
