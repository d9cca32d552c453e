"""What one mail tells of a patch series."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.mail import parse
from feeds.series import changelog, earlier, events
from feeds.subject import parse as subject
from index.model import Part
from tests.series_mail import ADA, BO, mail, raw

V3 = subject("[PATCH v3 0/2] pond: leaves")


def kinds(part: Part) -> list[str]:
    return [event.kind for event in part.events if event.kind not in ("issue", "same", "near")]


def names(part: Part, kind: str) -> set[str]:
    return {event.detail for event in part.events if event.kind == kind}


# What is posted


def test_a_patch_is_posted_as_what_its_subject_says() -> None:
    part = mail("a", "[PATCH v3 2/17] pond: add a leaf")
    (posted,) = (event for event in part.events if event.kind == "posted")
    assert (posted.who, posted.part, posted.quote) == ("Ada Quill", "a@pond.example", part.title)
    assert posted.detail == "v3 2/17"


def test_a_pull_request_is_a_subject_of_its_own() -> None:
    part = mail("a", "[GIT PULL] pond updates", to="other")
    assert kinds(part) == ["posted"]
    assert names(part, "same") == {"mail:a@pond.example"}


def test_talk_tells_nothing() -> None:
    assert mail("a", "Re: [PATCH] pond: add a leaf", "I like frogs.\n", to="p").events == ()


def test_a_bots_patch_is_nobodys() -> None:
    assert kinds(mail("a", "[PATCH AUTOSEL 6.1 1/9] pond: add a leaf")) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("20250708120000.1234-1-ada@pond.example", "20250708120000.1234-12-ada@pond.example"),
        ("20250708-leaf-v3-0-0123456789ab@pond.example", "20250708-leaf-v3-4-0123456789ab@pond.example"),
        ("cover.1700000000.git.ada@pond.example", f"{'0123abcd' * 5}.1700000000.git.ada@pond.example"),
    ],
)
def test_the_parts_of_one_sending_share_a_name(one: str, other: str) -> None:
    found = names(mail(one, "[PATCH v3 0/9] pond: leaves"), "issue") & names(
        mail(other, "[PATCH v3 4/9] pond"), "issue"
    )
    assert found


def test_parts_that_were_sent_one_by_one_share_their_place_in_the_thread() -> None:
    cover, patch = mail("c", "[PATCH v3 0/2] pond: leaves"), mail("p", "[PATCH v3 1/2] pond: a leaf", to="c")
    assert names(cover, "issue") & names(patch, "issue")


def test_parts_whose_ids_a_mailer_made_up_share_the_minute_they_were_sent_in() -> None:
    cover = mail("0101-aa-0000@mailer.example", "[PATCH 0/2] pond: leaves")
    patch = mail("0101-bb-0000@mailer.example", "[PATCH 1/2] pond: a leaf", to="what-git-called-it")
    later = mail("0101-cc-0000@mailer.example", "[PATCH 1/2] pond: a reed", day=1)
    assert names(cover, "issue") & names(patch, "issue")
    assert not names(cover, "issue") & names(later, "issue")


def test_parts_with_ids_of_gits_own_need_no_minute() -> None:
    one, other = "20250708120000.1234-0-ada@pond.example", "20250708120001.4321-1-ada@pond.example"
    assert not names(mail(one, "[PATCH 0/2] pond: leaves"), "issue") & names(mail(other, "[PATCH 1/2] mud"), "issue")


LISTS = "v2 -> v3: Count the newts as well.\nv1 -> v2: Say why frogs are green.\n"


@pytest.mark.parametrize(
    "newer",
    [
        f"---\nv3 -> v4: Say it better.\n{LISTS}\n pond.rs |  2 ++\n",
        "Changes in v3:\n- Count the newts as well.\nChanges in v2:\n- Say why frogs are green.\n---\n mud.rs | 1 +\n",
    ],
)
def test_lists_of_changes_that_are_carried_along_tie_versions(newer: str) -> None:
    old = mail("a", "[PATCH v3] pond: ask the frog", f"Green.\n\n---\n{LISTS}\n pond.rs |  9 ++\n 1 file\n")
    new = mail("b", "[PATCH v4] pond: look it up", newer)
    assert (names(old, "same") & names(new, "same")) != set()


@pytest.mark.parametrize(
    ("sender", "newer"),
    [
        (BO, LISTS),
        (ADA, "v2 -> v3: Count the newts as well.\n"),
        (ADA, "v2 -> v3: Count the newts as well.\nv1 -> v2: Something else altogether.\n"),
    ],
    ids=["somebody else's", "one alone", "another before it"],
)
def test_lists_of_changes_that_are_alike_by_chance_tie_nothing(sender: str, newer: str) -> None:
    old = mail("a", "[PATCH v3] pond: ask the frog", LISTS)
    assert not names(old, "same") & names(mail("b", "[PATCH v4] mud: drain it", newer, sender=sender), "same")


def test_short_lists_of_changes_tie_nothing() -> None:
    assert list(changelog("v2 -> v3: rebase\nv1 -> v2: fix a typo\n")) == []


def test_a_first_version_is_not_of_what_it_replies_to() -> None:
    assert "ada quill:old@pond.example" not in names(mail("a", "[PATCH] pond: leaf", to="old"), "same")
    assert "ada quill:old@pond.example" in names(mail("a", "[PATCH v2] pond: leaf", to="old"), "same")


def test_a_change_id_is_a_name_with_its_words() -> None:
    part = mail("a", "[PATCH v3 0/2] pond: leaves", "Why.\n\nchange-id: 20250101-leaf-0123\n")
    assert ("change-id: 20250101-leaf-0123", "change-id:20250101-leaf-0123") in {
        (event.quote, event.detail) for event in part.events
    }


@pytest.mark.parametrize(
    "text",
    [
        "- Link to v2: https://lore.kernel.org/r/old@pond.example",
        "v2: https://lore.kernel.org/pond/old@pond.example/",
        "v2 is here:\n    https://lore.kernel.org/all/old@pond.example/T/#t",
        "Changes since v2:\nhttps://lore.kernel.org/r/old@pond.example/",
        "RFC: https://lore.kernel.org/all/old@pond.example/",
        "Changes since v2 [1]:\n- more mud\n\n[1] https://lore.kernel.org/all/old@pond.example/",
        "I sent this as an RFC [2] before.\n\nLink: https://lore.kernel.org/all/old@pond.example/ [2]",
        "Previous version: https://patch.msgid.link/old@pond.example",
    ],
)
def test_an_earlier_version_is_known_by_the_address_that_is_given(text: str) -> None:
    assert [id_ for id_, _ in earlier(text, V3)] == ["old@pond.example"]


@pytest.mark.parametrize(
    "text",
    [
        "This stands on https://lore.kernel.org/all/old@pond.example/",
        "It needs the mud series [1].\n\n[1] https://lore.kernel.org/all/old@pond.example/",
        "v3: https://lore.kernel.org/all/old@pond.example/",
        "v4: https://lore.kernel.org/all/old@pond.example/",
        "This is based on Bo's v2 leaves:\nhttps://lore.kernel.org/all/old@pond.example/",
        "v2: https://pond.example/old@pond.example/",
    ],
)
def test_another_address_is_no_earlier_version(text: str) -> None:
    assert list(earlier(text, V3)) == []


def test_where_two_series_became_one_neither_is_taken_for_the_other() -> None:
    text = "mud:\n  v2: https://lore.kernel.org/all/m@x/\nreed:\n  v2: https://lore.kernel.org/all/r@x/\n"
    assert list(earlier(text, V3)) == []


# What replies do


@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("Reviewed-by: Bo Reed <bo@pond.example>", ["reviewed"]),
        ("Acked-by: Bo Reed <bo@other.example>", ["acked"]),
        ("Tested-by: B. Reed <bo@pond.example>", ["tested"]),
        ("Reviewed-and-tested-by: Bo Reed <bo@pond.example>", ["reviewed", "tested"]),
        ("Reviewed-by: Reed, Bo (Pond Inc.) <b@x.example>", ["reviewed"]),
        ("Nacked-by: Bo Reed <bo@pond.example>", ["nacked"]),
        ("NAK.", ["nacked"]),
        ("From my side, NAK. Frogs need leaves.", ["nacked"]),
        ("Reviewed-by: Ada Quill <ada@pond.example>", []),
        ("> Reviewed-by: Bo Reed <bo@pond.example>", []),
        ('So I would put "NAK because of mud".', []),
        ("Signed-off-by: Bo Reed <bo@pond.example>", []),
        ("It would get my Reviewed-by: then.", []),
    ],
)
def test_a_reply_signs_for_its_sender_and_nobody_else(line: str, done: list[str]) -> None:
    assert kinds(mail("a", "Re: [PATCH] pond: leaf", f"Fine.\n\n{line}\n", sender=BO, to="p")) == done


def test_a_bots_signature_is_no_review() -> None:
    bot = "kernel test robot <lkp@intel.com>"
    body = "Tested-by: kernel test robot <lkp@intel.com>\n"
    assert kinds(mail("a", "Re: [PATCH] pond: leaf", body, sender=bot, to="p")) == []


def test_what_a_reply_does_is_about_the_mail_it_answers() -> None:
    part = mail("a", "Re: [PATCH] pond: leaf", "Applied to pond-next, thanks!\n", sender=ADA, to="cover p")
    (done,) = part.events
    assert (done.kind, done.subject, done.part) == ("applied", "p@pond.example", "a@pond.example")
    assert (done.quote, done.detail) == ("Applied to pond-next, thanks!", "pond-next")


def test_a_mail_that_answers_nothing_does_nothing() -> None:
    assert mail("a", "Leaves", "Applied to pond-next, thanks!\n").events == ()


@pytest.mark.parametrize(
    "body",
    [
        f"Changes{' ' * 60_000}v2\n",
        "\n" * 60_000 + "Applied to\n" + "\n" * 60_000,
        "v2: [1]\n" * 8_000,
        "v1 -> v2: leaves\n" * 5_000,
        "v1 -> v2:" + "\n \t" * 30_000,
        "Applied, " * 8_000,
        "- " * 40_000 + "v2",
        "change-id:" * 8_000,
        "Reviewed-by: " * 8_000,
        "NAK, " * 10_000,
        "applied to " * 6_000,
        "[1/2] x\n" * 10_000 + "Applied.\n",
    ],
)
@pytest.mark.parametrize("title", ["[PATCH v3] pond: leaf", "Re: [PATCH v3 1/2] pond: leaf"])
def test_no_heap_of_words_makes_a_mail_slow(body: str, title: str) -> None:
    found = parse(raw("a", title, body, to="p"))
    started = time.process_time()
    events(found)
    assert time.process_time() - started < 1.0


@given(st.text(max_size=200), st.text(max_size=400))
def test_any_mail_can_be_asked(title: str, body: str) -> None:
    mail("a", f"[PATCH v2 0/2] {title.splitlines()[0] if title.split() else ''}".strip(), body)
