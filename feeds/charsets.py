"""Bytes into characters, whatever they claim to be.

Mail lies about its character set daily: UTF-8 called ASCII, windows-1252 called UTF-8, names nobody
has heard of. The claimed set is tried strictly, then UTF-8, then windows-1252. What comes out holds no
NUL, no control characters but tab and newline, and no lone surrogates, so that every store and every
renderer takes it.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

# What a name stands for in practice: always a superset of what it says.
MEANT = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf8": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-2022-jp": "iso2022_jp_ext",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso-8859-8",
}
# Python calls these text encodings; no mail means them, and some warn or crawl.
NOT_MEANT = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "unicode_escape", "charmap"}

ONE_BYTE = re.compile(r"$|cp125|iso8859|latin|ascii|koi8|mac")
UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
UNWANTED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]|\x0c")


def decode(data: bytes, charset: str | None) -> str:
    """``data`` as clean text with ``\\n`` line ends; never raises."""
    if charset != "utf-8" and data.isascii() and b"\x1b" not in data and not _shifts(charset):
        return clean(data.decode("ascii"))
    name = _known(charset or "")
    # What happens to be valid UTF-8 is UTF-8, when the name given stands for one byte a character.
    for tried in ("utf-8", name) if ONE_BYTE.match(name) else (name, "utf-8"):
        try:
            return clean(data.decode(tried or "utf-8"))
        except UnicodeError:
            continue
    return clean(data.decode("cp1252" if not UNDEFINED.search(data) else "latin-1"))


def clean(text: str) -> str:
    """``text`` without control characters and lone surrogates, lines ended by ``\\n`` alone."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return UNWANTED.sub("", text) if UNWANTED.search(text) else text


def escaped(value: str, charset: str | None = None) -> str:
    """Text that the email package made of raw bytes (bytes above 127 as lone surrogates)."""
    if value.isascii():
        return clean(value)
    return decode(value.encode("utf-8", "surrogateescape"), charset)


def _shifts(charset: str | None) -> bool:
    """Whether plain ASCII bytes may mean something else (UTF-16, UTF-7, EBCDIC …)."""
    name = _known(charset or "")
    return bool(name) and not _plain(name)


@lru_cache(maxsize=256)
def _plain(name: str) -> bool:
    sample = bytes(range(32, 127))
    try:
        return sample.decode(name) == sample.decode("ascii")
    except UnicodeError:
        return False


@lru_cache(maxsize=256)
def _known(charset: str) -> str:
    """A codec's name that Python knows, or ''."""
    name = charset.strip().strip("\"'").lower()
    name = MEANT.get(name, name)
    try:
        found = codecs.lookup(name).name if name.isascii() and name.isprintable() else ""
        "".encode(found)  # codecs such as "hex" are no text encodings
    except (LookupError, ValueError):
        return ""
    return "" if found in NOT_MEANT else found
