"""Patch series as mail tells of them: what each mail says happened, and what ties versions together.

One mail is looked at at a time, so the order of arrival does not matter; whoever keeps the events
(``index.histories``) joins them. A mail that posts something yields ``posted`` and the names it goes
by, as events whose ``detail`` is the name:

    issue   mails that share one are one posting (the parts of v3)
    same    mails that share one are of one subject (a change-id, the address of v2)
    near    postings that share one are worth comparing: ``feeds.kinship`` decides
    known   what a patch is called where nobody knows its mail: by its author and title

A reply yields what its sender did: reviewed, acked, tested, nacked, applied. Its ``subject`` is the
id of the mail replied to; a notice of a commit says besides what that is ``about``. Nothing is guessed
from one mail about another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING

from feeds import subject as subjects
from feeds.applied import applications
from feeds.signed import plain_name, signatures
from feeds.subject import Subject
from index.model import Event, Role

if TYPE_CHECKING:
    from feeds.mail import Mail

ID_MAX = 400
TEXT_MAX, NOTES_MAX = 100_000, 40
# One sending by git or b4 has one stem; only the ordinal differs.
SENDING = (
    re.compile(r"^(?P<stem>\d{14}\.\d+)-\d+-(?P<rest>.+)$"),
    re.compile(r"^(?P<stem>\d{8}-.+-v\d+)-\d+-(?P<rest>[0-9a-f]{6,}@.+)$"),
    re.compile(r"^(?:cover|[0-9a-f]{40})\.(?P<stem>\d{10})(?P<rest>\.git\..+)$"),
)
CHANGE = re.compile(r"^change-id:\s*(\S+)", re.I | re.M)
ADDRESS = (
    r"<?https?://(?:lore\.kernel\.org/(?:[\w.-]+/)?|lkml\.kernel\.org/r/|patch\.msgid\.link/)"
    r"([^\s/<>()\[\]]+@[^\s/<>()\[\]]+)"
)
VERSION = re.compile(r"\bv(\d+)", re.I)
GAP = r"[ \t]{0,4}"
EARLIER = (
    rf"(?:(?:link|changes?|diff\w*|changelog){GAP}(?:to|since|in|from|of)?{GAP}:?{GAP})?(?:the{GAP})?"
    rf"(?:(?:previous|prior|last|earlier|original|first|old){GAP})?(?:(?:version|posting|patch(?:set|es)?|series){GAP}:?{GAP})?"
    rf"\(?\[?(?P<label>(?:RFC{GAP})?(?:PATCH{GAP})?v\d+\b|RFC\b|(?:previous|prior|last) (?:version|posting))"
)
LINKED = re.compile(rf"^[ \t\-*>\[(]*{EARLIER}[^\n]{{0,40}}?\n?[ \t]{{0,8}}(?:\[\d+\]:? *)?{ADDRESS}", re.I | re.M)
NOTED = re.compile(rf"^[ \t\-*>(]*{EARLIER}[^\n]{{0,30}}\[(?P<note>\d+)\]", re.I | re.M)
SENT_AS = re.compile(r"\b(?P<label>as an RFC|previous (?:RFC|version|posting))\s*\[(?P<note>\d+)\]", re.I)
# "v2 -> v3:", "Changes in v3:": lists of what changed, the old ones carried along from version to version.
CHANGED = re.compile(
    rf"^[ \t\-*>]*(?:(?:changes?|changelog){GAP}(?:since|in|from){GAP}v\d+|v\d+{GAP}[-=]+>{GAP}v\d+){GAP}:?"
    r"(?P<list>[^\n]*)",
    re.I | re.M,
)
PARAGRAPH = re.compile(r"\n[ \t]*\n")
LIST_MIN, LISTS_MAX = 40, 30
FOOTNOTE = rf"^[ \t]*(?:Link:[ \t]*)?(?:\[{{n}}\]:?[ \t]*{ADDRESS}|{ADDRESS}\S*[ \t]*\[{{n}}\])"


def events(mail: Mail) -> tuple[Event, ...]:
    """Return what the mail posts or does."""
    about = subjects.parse(mail.subject)
    posts = {"patch", "cover", "pull"} & set(mail.labels)
    if posts and "bot" not in mail.labels:
        return tuple(_posted(mail, about))
    return tuple(_done(mail, about)) if not posts else ()


def _posted(mail: Mail, about: Subject) -> Iterator[Event]:
    if about.pull or "pull" in mail.labels:
        yield _event(mail, "posted", mail.subject, f"pull {about.label} 1/1")
        yield _event(mail, "same", "", f"mail:{mail.message_id}")
        yield _event(mail, "near", "", f"pull:{plain_name(mail.author)}:{about.plain}")
        return
    yield _event(mail, "posted", mail.subject, f"{about.label} {about.position}/{about.total}")
    yield from (_event(mail, "issue", "", name) for name in _issue(mail, about))
    yield from (_event(mail, "same", quote, name) for name, quote in dict(_same(mail, about)).items())
    yield _event(mail, "near", "", f"by:{plain_name(mail.author)}")
    if about.position <= 1:
        yield _event(mail, "near", "", f"titled:{about.plain}")
    if about.position:
        yield _event(mail, "known", "", _known(mail.author, about))


def _event(mail: Mail, kind: str, quote: str, detail: str) -> Event:
    return Event(mail.message_id, kind, mail.author, mail.date, mail.message_id, quote, detail)


def _known(author: str, about: Subject) -> str:
    return f"patch:{plain_name(author)}:{about.plain}"


def _issue(mail: Mail, about: Subject) -> Iterator[str]:
    """What the parts of one posting have in common: one sending, or one place in one thread."""
    if not about.numbered:  # sent together, perhaps, but each for itself
        return
    version = f"{plain_name(mail.author)}:{about.label}:{about.total}"
    sent = [f"sent:{m['stem']}{m['rest']}" for pattern in SENDING if (m := pattern.match(mail.message_id[:ID_MAX]))]
    yield from sent
    if not sent and mail.date:  # a mailer gave it an id of its own, and its parts may answer an id that nobody has
        minute = int(mail.date.timestamp()) // 60
        yield from (f"minute:{version}:{at}" for at in (minute, minute + 1))
    yield f"thread:{version}:{mail.message_id}"
    if mail.in_reply_to:
        yield f"thread:{version}:{mail.in_reply_to}"


def _same(mail: Mail, about: Subject) -> Iterator[tuple[str, str]]:
    author = plain_name(mail.author)
    yield f"mail:{mail.message_id}", ""
    yield f"{author}:{mail.message_id}", ""
    if about.version > 1:  # a new version sent as a reply; what v1 replies to is another matter
        yield from ((f"{author}:{id_}", "") for id_ in (mail.in_reply_to, *mail.references) if id_)
    if about.position <= 1:
        blocks = [b.text for b in mail.blocks if b.role in (Role.OWN, Role.CODE, Role.TRAILERS)]
        text = "\n".join(blocks)[:TEXT_MAX]
        if change := CHANGE.search(text):
            yield f"change-id:{change[1]}", change[0]
        yield from ((f"mail:{id_}", quote) for id_, quote in earlier(text, about))
        yield from ((f"changes:{author}:{two}", "") for two in changelog("\n\n".join(blocks)[:TEXT_MAX]))


def changelog(text: str) -> Iterator[str]:
    """Yield a name for every two neighbouring lists of changes: versions that carry both along are of one series.

    One list alone may be anybody's ("rebased"), two in a row are not.
    """
    found = list(islice(CHANGED.finditer(text), LISTS_MAX))
    ends = [*(m.start() for m in found[1:]), len(text)]
    lists = [_words(text[m.start("list") : end]) for m, end in zip(found, ends, strict=False)]
    for newer, older in pairwise(lists):
        if min(len(newer), len(older)) and len(newer) + len(older) >= LIST_MIN:
            yield blake2b(f"{newer}\n{older}".encode(), digest_size=12).hexdigest()


def _words(text: str) -> str:
    """A list as it is compared: its words, up to where its paragraph ends."""
    return " ".join(re.findall(r"\w+", PARAGRAPH.split(text.strip(), 1)[0].lower()))


def earlier(text: str, about: Subject) -> Iterator[tuple[str, str]]:
    """Yield (Message-ID, words) of every earlier version that the text gives the address of.

    A number that is given to two addresses says that series were put together: it is passed over.
    """
    found: dict[str, dict[str, str]] = {}
    for label, id_, words in (*_linked(text), *_noted(text)):
        version = VERSION.search(label)
        if _precedes(label, version, about):
            found.setdefault(version[0].lower() if version else label.lower(), {})[id_] = words
    for addresses in found.values():
        if len(addresses) == 1:
            yield from addresses.items()


def _linked(text: str) -> Iterator[tuple[str, str, str]]:
    """(label, Message-ID, words) of "Link to v2: https://…"."""
    for match in LINKED.finditer(text):
        yield match["label"], match[2], match[0].strip()


def _noted(text: str) -> Iterator[tuple[str, str, str]]:
    """The same of "Changes since v2 [1]", whose address stands in a footnote."""
    for match in islice(chain(NOTED.finditer(text), SENT_AS.finditer(text)), NOTES_MAX):
        note = re.search(FOOTNOTE.format(n=match["note"]), text, re.M)
        if note:
            yield match["label"], note[1] or note[2], note[0].strip()


def _precedes(label: str, version: re.Match[str] | None, about: Subject) -> bool:
    if "rfc" in label.lower() and not about.rfc:
        return True
    return int(version[1]) < about.version if version else about.version > 1


def _done(mail: Mail, about: Subject) -> Iterator[Event]:
    target = mail.in_reply_to or next(iter(reversed(mail.references)), "")
    if target and "bot" not in mail.labels:
        for signed in signatures(mail.blocks, mail.author, mail.address):
            yield Event(target, signed.kind, mail.author, mail.date, mail.message_id, signed.quote)
    for one in applications(mail, about):
        if not (target or one.author):
            return
        who = one.who or mail.author
        yield Event(target or mail.message_id, "applied", who, mail.date, mail.message_id, one.quote, one.detail)
        if one.author:
            yield _event(mail, "about", "", _known(one.author, about))
