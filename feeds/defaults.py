"""The sources krab reads when nobody names others.

The list's mail is kept whole; blogs and news are filtered by ``feeds.relevance``. Addresses are those that
the sites themselves announce, as of November 2026; ``krab sources`` shows which of them stopped answering.
"""

from __future__ import annotations

from feeds.kinds import Source

_BLOGS = (
    ("google-security", "https://security.googleblog.com/feeds/posts/default"),  # Android's security team too
    ("project-zero", "https://projectzero.google/feed.xml"),
    ("chromium", "https://blog.chromium.org/feeds/posts/default"),
    ("msrc", "https://msrc.microsoft.com/blog/feed"),
    ("microsoft-security", "https://www.microsoft.com/en-us/security/blog/feed/"),
    ("prossimo", "https://www.memorysafety.org/blog/index.xml"),
    ("rust-blog", "https://blog.rust-lang.org/feed.xml"),
    ("inside-rust", "https://blog.rust-lang.org/inside-rust/feed.xml"),
    ("asahi", "https://asahilinux.org/blog/index.xml"),
    ("lwn", "https://lwn.net/headlines/rss"),
    ("cisa", "https://www.cisa.gov/cybersecurity-advisories/all.xml"),
    ("openssf", "https://openssf.org/feed/"),
    ("trail-of-bits", "https://blog.trailofbits.com/feed/"),
)

BUILTIN: tuple[Source, ...] = (
    Source("rust-for-linux", "lore", "https://lore.kernel.org/rust-for-linux"),
    *(Source(name, "feed", url, filter="relevant") for name, url in _BLOGS),
    Source("rust-for-linux.com", "pages", "https://rust-for-linux.com/"),
    Source("kernel-docs", "pages", "https://docs.kernel.org/rust/index.html"),
)
