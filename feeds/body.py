"""A mail's text, cut into blocks by whose words they are and of what sort.

Every line that is not blank ends up in exactly one block, in the order of the mail; only quote marks
are taken off. The order of decisions is the table ``BEGINNINGS``: what begins at a line is looked up
by its first character, and says where it ends. What nobody claims is the sender's own; attributions
go to the quote below them, and ``feeds.prose`` tells prose from code in the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from feeds import attribution, diff, prose, trailers
from index.model import Block, Role

Lines = Sequence[str]
Begins = Callable[[Lines, int], tuple[Role, int] | None]

# How much of a line, and how many lines ahead, are looked at: what is built to be slow stays quick.
LOOK_MAX, AHEAD_MAX = 400, 200
SIGNATURE_MAX = 15  # longer than that, something else follows the signature
BARE_SIGNATURE_MAX = 6
QUOTE = re.compile(" ?>")
MARKS = re.compile(r"^\s?>(?:\s?>)* ?")
LOG_MARK = re.compile(r">> \S*[./]\S*:\d+[:\s]|>> (?:ld|ERROR|error|make|WARNING|warning|rust-lld|modpost)[.:\s]")
FOOTER = re.compile(r"mailing list|unsubscribe|subscri|https?://|@", re.I)
TORN_MIN, TORN_COUNT = 55, 3
ENDED = re.compile(r"[.!?:;]\s*$")
PGP = re.compile(r"-----BEGIN PGP (?P<what>[A-Z ]+)-----")
FENCE = re.compile(r"\s{0,4}(```+|~~~+)")
IN_BODY = re.compile(r"(?:From|Date|Subject|To|Cc|Reply-To):\s")


def split(text: str) -> tuple[Block, ...]:
    """The blocks of a mail's decoded text."""
    lines = text.split("\n")
    seen = [line[:LOOK_MAX] for line in lines]
    roles: list[Role | None] = [None] * len(lines)
    _claim(seen, roles)
    _attribute(seen, roles)
    _mend(seen, roles)
    _tell_prose(seen, roles)
    return tuple(_blocks(lines, roles))


def _claim(lines: Lines, roles: list[Role | None]) -> None:
    """Give a role to everything whose beginning shows what it is."""
    at = 0
    while at < len(lines):
        found = _begins(lines, at) if lines[at] else None
        if not found:
            at += 1
            continue
        role, end = found
        roles[at:end] = [role] * (end - at)
        at = end


def _begins(lines: Lines, at: int) -> tuple[Role, int] | None:
    line = lines[at]
    for begins in BEGINNINGS.get(line[:1], ()):
        if found := begins(lines, at):
            return found
    if ":" in line or line[:1] in "([":
        end = trailers.end(lines, at)
        return (Role.TRAILERS, end) if end > at else None
    return None


def _quote(lines: Lines, at: int) -> tuple[Role, int] | None:
    if not lines[at].startswith((">", " >")):
        return None
    if lines[at].startswith(">> ") and LOG_MARK.match(lines[at]):  # the kernel test robot points at new errors so
        return Role.CODE, at + 1
    return Role.QUOTED, at + 1


def _signature(lines: Lines, at: int) -> tuple[Role, int] | None:
    line = lines[at]
    if line.rstrip("\xa0 ") not in ("--", "- --"):
        return None
    ahead = range(at + 1, min(len(lines), at + AHEAD_MAX))
    end = next((n for n in ahead if QUOTE.match(lines[n]) or attribution.ORIGINAL.match(lines[n])), ahead.stop)
    size = sum(bool(one.strip()) for one in lines[at + 1 : end])
    if line == "--" and size > BARE_SIGNATURE_MAX:
        return None
    if size > SIGNATURE_MAX:
        end = next((n for n in range(at + 1, end) if not lines[n].strip()), end)
    return Role.SIGNATURE, end


def _pgp(lines: Lines, at: int) -> tuple[Role, int] | None:
    match = PGP.match(lines[at])
    if not match:
        return None
    if match["what"] == "SIGNED MESSAGE":
        return Role.SIGNATURE, next((n for n in range(at, min(len(lines), at + 6)) if not lines[n].strip()), at + 1)
    last = f"-----END PGP {match['what']}-----"
    return Role.SIGNATURE, next((n + 1 for n in range(at, len(lines)) if lines[n].startswith(last)), len(lines))


def _footer(lines: Lines, at: int) -> tuple[Role, int] | None:
    """A list's own lines under a row of underscores; Outlook draws the same row over a quoted mail."""
    if len(lines[at].rstrip()) < 20 or lines[at].strip("_ "):
        return None
    below = next((n for n in range(at + 1, len(lines)) if lines[n].strip()), len(lines))
    if below < len(lines) and attribution.copied_header(lines, below) > below:
        return Role.QUOTED, _quoted_mail_end(lines, below)
    near = [line for line in lines[at + 1 : at + 6] if line.strip()]
    return (Role.SIGNATURE, len(lines)) if any(FOOTER.search(line) for line in near) else None


def _original(lines: Lines, at: int) -> tuple[Role, int] | None:
    if not attribution.ORIGINAL.match(lines[at]):
        return None
    return Role.QUOTED, _quoted_mail_end(lines, at + 1)


def _copied(lines: Lines, at: int) -> tuple[Role, int] | None:
    """A copied header: of the patch itself at the very beginning, of a quoted mail elsewhere."""
    leading = not any(line.strip() for line in lines[:at])
    if leading and IN_BODY.match(lines[at]):
        end = next(
            (n for n in range(at, len(lines)) if not IN_BODY.match(lines[n]) and lines[n][:1] not in (" ", "\t")),
            len(lines),
        )
        if end < len(lines) and not lines[end].strip() and not any(line.startswith("Sent:") for line in lines[at:end]):
            return Role.TRAILERS, end
    if attribution.copied_header(lines, at) == at:
        return None
    return Role.QUOTED, _quoted_mail_end(lines, at)


def _quoted_mail_end(lines: Lines, at: int) -> int:
    """A mail quoted without marks goes on to the end; with marks only its header is ours to claim."""
    if sum(line.startswith(">") for line in lines[at : at + AHEAD_MAX]) < 2:
        return len(lines)
    while at < len(lines) and not lines[at].strip():
        at += 1
    return next((n for n in range(at, len(lines)) if not lines[n].strip() or lines[n].startswith(">")), len(lines))


def _rule(lines: Lines, at: int) -> tuple[Role, int] | None:
    return (Role.DIFF, at + 1) if lines[at].rstrip() in ("---", "- ---") else None


def _diff(lines: Lines, at: int) -> tuple[Role, int] | None:
    end = diff.end(lines, at)
    return (Role.DIFF, end) if end > at else None


def _stat(lines: Lines, at: int) -> tuple[Role, int] | None:
    end = diff.stat_end(lines, at)
    return (Role.DIFF, end) if end > at else None


def _fence(lines: Lines, at: int) -> tuple[Role, int] | None:
    match = FENCE.match(lines[at])
    if not match:
        return None
    end = next((n + 1 for n in range(at + 1, len(lines)) if lines[n].strip().startswith(match[1])), at)
    inside = lines[at:end]
    return (Role.CODE, end) if end > at and not any(QUOTE.match(line) for line in inside) else None


def _attributed(lines: Lines, at: int) -> tuple[Role, int] | None:
    return (Role.QUOTED, at + 1) if attribution.alone(lines[at]) else None


BEGINNINGS: dict[str, tuple[Begins, ...]] = {
    ">": (_quote,),
    " ": (_quote, _stat, _fence, _original),
    "-": (_diff, _signature, _rule, _pgp, _original, _stat),
    "d": (_diff,),
    "I": (_diff,),
    "@": (_diff,),
    "_": (_footer,),
    "`": (_fence,),
    "~": (_fence,),
    "B": (_original,),
    "F": (_copied,),
    "*": (_copied,),
    "V": (_copied,),
    "D": (_copied,),
    "S": (_copied,),
    "O": (_attributed,),
    "A": (_attributed,),
    "E": (_attributed,),
    "L": (_attributed,),
    "发": (_copied,),
    "差": (_copied,),
    **dict.fromkeys("0123456789", (_stat,)),
}


def _attribute(lines: Lines, roles: list[Role | None]) -> None:
    """Give the lines above each quote that say whose it is to the quote."""
    for at, role in enumerate(roles):
        if role is Role.QUOTED and (at == 0 or roles[at - 1] is not Role.QUOTED):
            begin = attribution.start(lines, at, roles)
            roles[begin:at] = [Role.QUOTED] * (at - begin)


def _mend(lines: Lines, roles: list[Role | None]) -> None:
    """Where a mailer broke the lines of quotes, their ends stand alone between quoted lines: give them back.

    One such line may be a short answer; several of them are broken quotes.
    """
    torn = [
        at
        for at in range(1, len(lines) - 1)
        if roles[at] is None and lines[at].strip() and len(lines[at - 1]) > TORN_MIN
        and roles[at - 1] is Role.QUOTED and roles[at + 1] is Role.QUOTED and not ENDED.search(lines[at - 1])
    ]  # fmt: skip
    if len(torn) >= TORN_COUNT:
        for at in torn:
            roles[at] = Role.QUOTED


def _tell_prose(lines: Lines, roles: list[Role | None]) -> None:
    """Paragraph by paragraph, tell prose from code in what is left."""
    for begin, end in _paragraphs(lines, roles):
        at = begin
        for role, run in prose.sort(lines[begin:end]):
            roles[at : at + len(run)] = [role] * len(run)
            at += len(run)


def _paragraphs(lines: Lines, roles: Sequence[Role | None]) -> Iterator[tuple[int, int]]:
    begin = None
    for at, line in enumerate(lines):
        ours = roles[at] is None and bool(line.strip())
        if ours and begin is None:
            begin = at
        elif not ours and begin is not None:
            yield begin, at
            begin = None
    if begin is not None:
        yield begin, len(lines)


def _blocks(lines: Lines, roles: Iterable[Role | None]) -> Iterator[Block]:
    """Runs of one role; blank lines inside a run stay, between runs they go."""
    run: list[str] = []
    current: Role | None = None
    for line, role in zip(lines, roles, strict=True):
        role = role or (Role.OWN if current is not Role.OWN and line.strip() else None)
        if role and role is not current and line.strip():
            if current is not None:
                yield Block(current, _text(current, run))
            run, current = [], role
        run.append(line)
    if current is not None:
        yield Block(current, _text(current, run))


def _text(role: Role, run: Sequence[str]) -> str:
    if role is Role.QUOTED:
        run = [MARKS.sub("", line, count=1) for line in run]
    return "\n".join(run).strip("\n").rstrip()
