"""Which posts concern us: memory safety, Rust, the Linux kernel. Pure, and explainable by its table.

A subject's weight counts once when the post names it, again when the title does, and again when the post
comes back to it (three times or more). Four points are enough: a post about the subject has them at
once, one that mentions it in passing has not.

A mail says more plainly what it is about: by the list it went to, by the files it touches, by its subject.
Of a list that is about other things as well, ``filter = "relevant"`` keeps such mail.
"""

from __future__ import annotations

import re

from index.model import Kind, Part

ENOUGH = 4
OFTEN = 3
_SUBJECTS = (
    (4, r"memory[- ](?:un)?safe(?:ty)?"),
    (4, r"linux[- ]kernel|rust[- ]for[- ]linux|kernel module"),
    (3, r"rust(?:c|acean|aceans|lang|ls|up)?"),
    (3, r"borrow[- ]checker|cargo"),
    (2, r"use[- ]after[- ]free|double[- ]free|dangling pointers?|data races?"),
    (2, r"(?:heap|stack|buffer|integer)[- ]overflows?|out[- ]of[- ]bounds|memory corruption|type confusion"),
    (2, r"memory tagging|kasan|addresssanitizer|hwasan|control[- ]flow integrity"),
    (2, r"linux|kernels?"),
    (1, r"unsafe code|c\+\+|drivers?|fuzz(?:ing|er|ers)|syzkaller|bounds checks?|sandbox(?:ing)?"),
)
SUBJECTS = tuple((weight, re.compile(rf"(?<![\w-])(?:{words})(?![\w+])", re.IGNORECASE)) for weight, words in _SUBJECTS)


RUST_LIST = "list:rust-for-linux"
RUST_FILE = re.compile(r"(?:^|/)rust/|\.rs$|(?:^|/)rust_|_rust[_.]")
RUST_SUBJECT = re.compile(r"\brust", re.IGNORECASE)


def relevant(part: Part) -> bool:
    """Whether a post or a mail belongs into an index about Rust in the kernel."""
    return rust_mail(part) if part.kind is Kind.MAIL else score(part) >= ENOUGH


def rust_mail(part: Part) -> bool:
    """Whether a mail's header, its diff's paths or its subject name Rust."""
    touched = any(RUST_FILE.search(path) for path in part.files)
    return RUST_LIST in part.labels or touched or bool(RUST_SUBJECT.search(part.title))


def score(part: Part) -> int:
    """The points of a post; see the table."""
    return sum(weight * _times(subject, part) for weight, subject in SUBJECTS)


def _times(subject: re.Pattern[str], part: Part) -> int:
    in_title = bool(subject.search(part.title))
    in_text = sum(1 for _ in subject.finditer(part.text))
    return int(in_title or in_text > 0) + int(in_title) + int(in_text >= OFTEN)
