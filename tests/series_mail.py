"""Mails of patch series that nobody sent, for the tests of what is made of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime

from feeds.mail import parse, to_part
from index.model import Part
from tests.index_fixtures import NOON

ADA = "Ada Quill <ada@pond.example>"
BO = "Bo Reed <bo@pond.example>"


def raw(
    id_: str, subject: str, body: str = "", *, sender: str = ADA, to: str = "", day: int = 0, headers: str = ""
) -> bytes:
    """A mail; ``to`` is what it replies to, nearest last; ``id_`` and ``to`` get a host when they have none."""
    ids = [one if "@" in one else f"{one}@pond.example" for one in (id_, *to.split())]
    replies = f"In-Reply-To: <{ids[-1]}>\nReferences: {' '.join(f'<{one}>' for one in ids[1:])}\n" if to else ""
    date = format_datetime(when(day))
    head = f"Message-ID: <{ids[0]}>\nFrom: {sender}\nDate: {date}\nSubject: {subject}\n{replies}{headers}"
    return f"{head}Content-Type: text/plain; charset=utf-8\n\n{body}".encode("utf-8", "surrogatepass")


def mail(id_: str, subject: str, body: str = "", **more: object) -> Part:
    """The same as a part."""
    return to_part(parse(raw(id_, subject, body, **more)))  # type: ignore[arg-type]


def when(day: int) -> datetime:
    """Noon, some days after the first."""
    return NOON + timedelta(days=day)


def series(version: int, title: str, patches: list[str], *, day: int, sender: str = ADA, body: str = "") -> list[Part]:
    """A cover letter and its patches as one sending; their ids are ``v3-0@pond.example`` and so on."""
    tag = f"PATCH v{version}" if version > 1 else "PATCH"
    name = title.split()[-1]
    cover = mail(f"{name}-v{version}-0", f"[{tag} 0/{len(patches)}] {title}", body, sender=sender, day=day)
    rest = [
        mail(
            f"{name}-v{version}-{n}",
            f"[{tag} {n}/{len(patches)}] {patch}",
            to=f"{name}-v{version}-0",
            sender=sender,
            day=day,
        )
        for n, patch in enumerate(patches, 1)
    ]
    return [cover, *rest]
