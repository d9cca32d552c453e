"""What a reply says for its sender: Reviewed-by, Acked-by, Tested-by, and a NAK.

A line counts when it stands outside quotes and the sender signs for himself; what somebody carries
over from others ("Acked-by: Bo, in the last round") is theirs to say. Bots sign for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.model import Block, Role

KINDS = {
    "reviewed": "reviewed",
    "reviewd": "reviewed",
    "acked": "acked",
    "tested": "tested",
    "nacked": "nacked",
    "naked": "nacked",
}
TRAILER = re.compile(
    r"^[ \t]{0,3}(?P<line>(?P<key>(?:Reviewe?d|Acked|Tested|Nacked|Naked)(?:-and-(?:reviewed|acked|tested)){0,2})-by:"
    r"[ \t]*(?P<value>[^\n]+))$",
    re.I | re.M,
)
REFUSED = re.compile(r"(?:^|[.!?:,]\s+)(?P<word>NA(?:C)?K)(?=[.,!;:\s]|$)(?!\s+because)", re.M)
ADDRESS = re.compile(r"<([^<>\s]+@[^<>\s]+)>|(\S+@[^\s<>]+)")
ASIDE = re.compile(r"\s*\([^()]*\)|[\"'*]")


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed (``reviewed``, ``acked``, ``tested``, ``nacked``), and the words of it."""

    kind: str
    quote: str


def signatures(blocks: tuple[Block, ...], author: str, address: str) -> Iterator[Signed]:
    """Yield what the sender signs in his own name, each kind once."""
    seen: set[str] = set()
    for block in blocks:
        if block.role in (Role.OWN, Role.TRAILERS):
            for signed in _in(block, author, address):
                if signed.kind not in seen:
                    seen.add(signed.kind)
                    yield signed


def _in(block: Block, author: str, address: str) -> Iterator[Signed]:
    for match in TRAILER.finditer(block.text):
        if is_by(match["value"], author, address):
            for key in match["key"].lower().split("-and-"):
                yield Signed(KINDS[key], match["line"].strip())
    if block.role is Role.OWN and (refused := REFUSED.search(block.text)):
        yield Signed("nacked", _line(block.text, refused.start("word")))


def is_by(value: str, author: str, address: str) -> bool:
    """Whether a trailer's value names the sender: by his address, or by his name."""
    if found := ADDRESS.search(value):
        if (found[1] or found[2]).lower() == address.lower():
            return True
        value = value[: found.start()]
    name = plain_name(value)
    return bool(name) and name == plain_name(author)


def plain_name(name: str) -> str:
    """A person's name as it is compared: without asides ("(Company)"), case and order of "Last, First"."""
    last, comma, first = ASIDE.sub("", name).strip().casefold().partition(", ")
    return " ".join((f"{first} {last}" if comma else last).split())


def _line(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)].strip()
