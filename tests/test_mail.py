"""A mail from bytes to a part."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.errors import Unreadable
from feeds.hypertext import plain
from feeds.mail import Mail, parse, to_part
from feeds.mime import reflow
from index.model import Kind, Role

HEAD = b"From: Ada Quill <ada@example.org>\nMessage-ID: <lamp-1@example.org>\nDate: Mon, 3 Feb 2025 10:00:00 +0100\n"


def mail(header: bytes = b"", body: bytes = b"Hello.\n", head: bytes = HEAD) -> Mail:
    return parse(head + header + b"\n" + body)


def own(header: bytes, body: bytes) -> str:
    return to_part(mail(header, body)).text


def test_a_plain_mail_becomes_a_value() -> None:
    found = mail(b"Subject: [PATCH v2 1/3] lantern:\n light it\nList-Id: Lamps <lamps.lists.example.org>\n")
    assert (found.message_id, found.subject, found.author, found.address) == (
        "lamp-1@example.org", "[PATCH v2 1/3] lantern: light it", "Ada Quill", "ada@example.org",
    )  # fmt: skip
    assert found.date == datetime(2025, 2, 3, 9, 0, tzinfo=UTC)
    assert found.lists == ("lamps",)


def test_a_part_carries_its_address_its_parents_nearest_first_and_its_lists() -> None:
    part = to_part(
        mail(b"In-Reply-To: <c@x>\nReferences: <a@x> <b@x> <c@x> <lamp-1@example.org>\nCc: lamps@lists.example.org\n"),
        labels=("list:mine",),
    )
    assert part.url == "https://lore.kernel.org/all/lamp-1@example.org/"
    assert part.links == ("c@x", "b@x", "a@x")
    assert part.labels == ("reply", "list:lamps", "list:mine", "by:ada")
    assert part.kind is Kind.MAIL


def test_all_that_a_mail_answers_and_is_called_ties_it_to_its_thread() -> None:
    found = to_part(parse(b"Message-ID: <me@x> <also-me@x>\nIn-Reply-To: <a@x>\n <b@x>\nReferences: <root@x>\n\nHi"))
    assert found.links == ("a@x", "root@x", "b@x", "also-me@x")


@pytest.mark.parametrize("answered", ["<ada@example.org>", "Ada's mail <ada@example.org>", "<y>", "<n>"])
def test_an_address_or_a_typed_letter_is_nobodys_parent(answered: str) -> None:
    assert to_part(mail(f"In-Reply-To: {answered}\nReferences: {answered}\n".encode())).links == ()


def test_an_address_is_escaped_where_markup_could_break_on_it() -> None:
    part = to_part(parse(b"Message-ID: <a/b)c|d'e@x>\n\nHi"))
    assert part.url == "https://lore.kernel.org/all/a%2Fb%29c%7Cd%27e@x/"


def test_a_patch_names_its_files_and_symbols() -> None:
    part = to_part(mail(b"Subject: [PATCH] x\n", b"Why.\n---\n@@ -1 +1 @@\n-old_lamp()\n+new_lamp()\n"))
    assert part.symbols == ("old_lamp", "new_lamp")


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (b"Content-Type: text/plain; charset=utf-8\n", "Süße Lampe".encode()),
        (b"Content-Type: text/plain; charset=utf-8\n", "Süße Lampe".encode("cp1252")),
        (b"Content-Type: text/plain; charset=us-ascii\n", "Süße Lampe".encode()),
        (b"Content-Type: text/plain; charset=iso-8859-1\n", "Süße Lampe".encode()),
        (b"Content-Type: text/plain; charset=windows-1252\n", "Süße Lampe".encode("cp1252")),
        (b"Content-Type: text/plain; charset=x-no-such-thing\n", "Süße Lampe".encode()),
        (b"Content-Type: text/plain; charset=unicode_escape\n", "Süße Lampe".encode()),
        (b"", "Süße Lampe".encode()),
        (b"", "Süße Lampe".encode("latin-1")),
        (b"Content-Transfer-Encoding: quoted-printable\n", b"S=C3=BC=C3=9Fe La=\nmpe"),
        (b"Content-Transfer-Encoding: base64\n", b"U8O8w59lIExhbXBl"),
        (b"Content-Type: text/plain; charset=utf-16le\n", "Süße Lampe".encode("utf-16le")),
    ],
)
def test_text_is_read_whatever_it_claims_to_be(header: bytes, body: bytes) -> None:
    assert own(header, body) == "Süße Lampe"


@pytest.mark.parametrize(("charset", "text"), [("iso-2022-jp", "ランプの光"), ("gb2312", "灯光"), ("euc-kr", "등불")])
def test_asian_character_sets_are_read(charset: str, text: str) -> None:
    assert own(f"Content-Type: text/plain; charset={charset}\n".encode(), text.encode(charset)) == text


def test_broken_base64_gives_what_can_be_read_of_it() -> None:
    packed = b"VGhlIGxhbXAgaXMgbGl0IGFuZCB0aGUgbmlnaHQgaXMgbG9uZyBlbm91Z2guCg=="
    assert own(b"Content-Transfer-Encoding: base64\n", packed[:57]).startswith("The lamp is lit and the night is")


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"=?utf-8?Q?S=C3=BC=C3=9Fe?= =?utf-8?Q?_Lampe?=", "Süße Lampe"),
        (b"=?utf-8?B?U8O8?=\n =?utf-8?B?w59l?= Lampe", "Süße Lampe"),
        ("Süße Lampe".encode(), "Süße Lampe"),
        ("Süße Lampe".encode("latin-1"), "Süße Lampe"),
        (b"=?utf-8?B?U8O8w59?= Lampe", "=?utf-8?B?U8O8w59?= Lampe"),
        (b"=?no-such?Q?Lamp?=", "Lamp"),
    ],
)
def test_subjects_are_decoded_or_left_as_they_are(raw: bytes, subject: str) -> None:
    assert mail(b"Subject: " + raw + b"\n").subject in (subject, "Süß Lampe")


def test_a_folded_or_decorated_message_id_is_cleaned() -> None:
    assert parse(b"Message-ID:\n <lamp-2@\n example.org> (added by relay)\n\nHi").message_id == "lamp-2@example.org"


def test_of_a_header_given_twice_the_first_counts() -> None:
    assert mail(b"Message-ID: <other@x>\nSubject: a\nSubject: b\n").subject == "a"


def test_a_mail_without_an_id_gets_one_made_of_its_bytes() -> None:
    raw = b"From: ada@example.org\nSubject: Lamps\n\nHello."
    assert parse(raw).message_id == parse(raw).message_id
    assert parse(raw).message_id.endswith(".invalid")


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"just a text\nof two lines\n", b"From: x\n\n", b"\x00\xff" * 100])
def test_what_is_no_mail_is_unreadable_with_a_reason(raw: bytes) -> None:
    with pytest.raises(Unreadable, match="this is no mail"):
        parse(raw)


def readable(raw: bytes) -> bool:
    """Read it as far as it goes; any error but ``Unreadable`` fails the test."""
    try:
        part = to_part(parse(raw))
    except Unreadable:
        return False
    return not any(set(block.text) & {"\0", "\ud800", "\r"} for block in part.blocks)


@given(st.binary(max_size=600))
def test_any_bytes_are_a_mail_or_unreadable(raw: bytes) -> None:
    assert readable(raw) in (True, False)


FRAGMENTS = st.sampled_from(
    [
        *(b"Subject: ", b"From: ", b"=?utf-8?B?w7w?=", b"=?x?q?=ff?=", b"Date: ", b"\n\n", b"Received: x; "),
        *(b"Content-Type: multipart/mixed; boundary=b\n", b"--b\n", b"--b--\n", b"Content-Type: ;;=\n"),
        *(b"Content-Type: text/html; charset=", b"Content-Transfer-Encoding: base64\n", b"<![x<a", b"<!x"),
        *(b"Message-ID: <a@b>\n", b"\xff\xfe", b"\r\n", b"; format=flowed; delsp=yes", b"charset*=utf-8''%ff"),
        *(b"Content-Type: message/rfc822\n", b'Content-Disposition: attachment; filename*0="x\n'),
    ]
)


@given(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=20)), max_size=30))
def test_any_heap_of_mail_fragments_is_a_mail_or_unreadable(pieces: list[bytes]) -> None:
    raw = b"Message-ID: <a@b>\n" + b"".join(pieces)
    assert readable(raw)


def received(*dates: str) -> bytes:
    return "".join(f"Received: by relay; {date}\n" for date in dates).encode()


def dated(date: str, *hops: str, newest: datetime | None = None) -> datetime | None:
    head = b"From: ada@example.org\nMessage-ID: <a@b>\n" + received(*hops)
    return parse(head + f"Date: {date}\n\nHi".encode(), newest=newest).date


THEN = datetime(2025, 2, 3, 9, 0, tzinfo=UTC)


def test_a_date_in_the_future_gives_way_to_the_first_hop() -> None:
    hops = ("Mon, 3 Feb 2025 09:05:00 +0000", "Mon, 3 Feb 2025 10:00:00 +0100")
    assert dated("Sat, 3 Feb 2040 10:00:00 +0100", *hops) == THEN


def test_a_date_before_mail_gives_way_to_the_first_hop() -> None:
    assert dated("Thu, 1 Jan 1970 00:00:00 +0000", "Mon, 3 Feb 2025 09:00:00 +0000") == THEN


def test_a_mail_that_a_moderator_held_back_keeps_its_date() -> None:
    hops = ("Wed, 1 Jul 2026 09:00:00 +0000", "Mon, 3 Feb 2025 09:00:10 +0000")
    assert dated("Mon, 3 Feb 2025 10:00:00 +0100", *hops) == THEN


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2025", "Fri, 31 Feb 9999 25:00:00 +9999"])
def test_without_any_believable_date_there_is_none(date: str) -> None:
    assert dated(date) is None


def test_a_date_after_now_is_not_believed_where_no_hop_is_known() -> None:
    assert dated("Sat, 3 Feb 2040 10:00:00 +0100", newest=THEN) is None


@pytest.mark.parametrize(
    ("subject", "labels"),
    [
        ("[PATCH 1/2] x", {"patch"}),
        ("[RFC PATCH v2 0/9] x", {"cover", "rfc"}),
        ("[PATCH RESEND] x", {"patch", "resend"}),
        ("[GIT PULL] x", {"pull"}),
        ("Re: [PATCH 1/2] x", {"reply"}),
        ("AW: [GIT PULL] x", {"reply"}),
        ("a question", set()),
    ],
)
def test_labels_say_what_a_mail_is(subject: str, labels: set[str]) -> None:
    assert set(mail(f"Subject: {subject}\n".encode()).labels) == labels


@pytest.mark.parametrize(
    ("sender", "bot"),
    [
        ("kernel test robot <lkp@intel.com>", True),
        ("syzbot <syzbot+0a1b2c@syzkaller.appspotmail.com>", True),
        ('"tip-bot2 for Ada Quill" <tip-bot2@linutronix.de>', True),
        ("patchwork-bot+lamps@kernel.org", True),
        ("Sashiko <sashiko-bot@kernel.org>", True),
        ("Ada Talbot <acourbot@example.org>", False),
        ("Bo Abbot <bo@example.org>", False),
    ],
)
def test_bots_are_known_by_address_or_name(sender: str, bot: bool) -> None:
    assert ("bot" in parse(f"From: {sender}\nMessage-ID: <a@b>\n\nHi".encode()).labels) is bot


def test_a_list_that_rewrites_the_sender_does_not_hide_the_writer() -> None:
    raw = b"From: \"'Ada Quill' via lamps\" <lamps@googlegroups.com>\nX-Original-From: Ada Quill <ada@example.org>\n"
    assert parse(raw + b"Message-ID: <a@b>\n\nHi").author == "Ada Quill"


def test_a_nameless_sender_goes_by_the_local_part() -> None:
    assert parse(b"From: ada.quill@example.org\nMessage-ID: <a@b>\n\nHi").author == "ada.quill"


def parts(*leaves: tuple[str, str], kind: str = "mixed") -> bytes:
    inside = "".join(f"--b\n{header}\n\n{text}\n" for header, text in leaves)
    return f"Content-Type: multipart/{kind}; boundary=b\n\n{inside}--b--\n".encode()


def test_of_alternatives_the_plain_text_is_taken() -> None:
    body = parts(("Content-Type: text/html", "<b>rich</b>"), ("Content-Type: text/plain", "plain"), kind="alternative")
    assert to_part(parse(HEAD + body)).text == "plain"


def test_html_alone_is_read_as_text_with_its_quotes_marked() -> None:
    html = "<style>x</style><p>One<br>two</p><blockquote>Three</blockquote><ul><li>Four</li></ul><pre>a\n  b</pre>"
    found = to_part(mail(b"Content-Type: text/html\n", html.encode()))
    assert found.quoted == "Three"
    assert "One\ntwo" in found.text
    assert "- Four" in found.text


def test_an_attached_patch_is_a_diff_and_an_attached_log_is_code() -> None:
    body = parts(
        ("Content-Type: text/plain", "See the lamp."),
        ('Content-Type: text/x-patch; name="lamp.patch"\nContent-Disposition: attachment', "+light();"),
        ("Content-Type: text/plain\nContent-Disposition: attachment", "a log"),
        ("Content-Type: image/png\nContent-Transfer-Encoding: base64", "AAAA"),
    )
    assert [block.role for block in parse(HEAD + body).blocks] == [Role.OWN, Role.DIFF, Role.CODE]


def test_a_multipart_without_its_boundary_is_read_as_text() -> None:
    assert "Still here." in own(b"Content-Type: multipart/mixed\n", b"Still here.\n")


def test_flowed_lines_become_paragraphs_again() -> None:
    assert reflow("The lamp \nis lit.\n> Is \n> it?\n-- \nAda") == "The lamp is lit.\n> Is it?\n-- \nAda"


def test_flowed_lines_of_languages_without_blanks_join_without_one() -> None:
    body = "光 \nる。\n".encode()
    assert own(b"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\n", body) == "光る。"


def test_a_patch_sent_as_flowed_text_keeps_its_lines() -> None:
    body = b"diff --git a/x b/x\n@@ -1 +1 @@\n-a \n+b\n"
    assert mail(b"Content-Type: text/plain; format=flowed\n", body).blocks[0].text.endswith("-a \n+b")


@pytest.mark.parametrize("unit", ["<", "<a", "<!", "<!--", "&#", "<a b=", "</", "<blockquote>", "<![", '<a b="'])
def test_no_html_makes_it_slow_or_fail(unit: str) -> None:
    began = time.process_time()
    plain(unit * 60_000)
    assert time.process_time() - began < 2


@given(st.text(alphabet='<>/!-ab &;="\n', max_size=80))
def test_words_outside_of_tags_are_kept(text: str) -> None:
    assert "lamp" in plain(f"{text}><body><p>lamp")
