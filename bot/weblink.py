"""Which addresses may be links, on every surface: those of web pages, as they are, without a name before the host."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_UNFIT = re.compile(r"[\s\x00-\x1f\x7f]")


def weblink(url: str) -> str:
    """Return ``url`` when it may be linked to, else ""."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return ""
    return url if fine and not _UNFIT.search(url) else ""
