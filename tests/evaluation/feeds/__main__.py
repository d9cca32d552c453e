"""The measurements of reading, each a command: ``python -m tests.evaluation.feeds NAME… --shared DIR``.

    threads  our documents against public-inbox's own threads, over all real mail
    inbox    the real mail from a real public-inbox, by git and over HTTP; bursts between polls, restarts
    posts    30 days of polling all posts as feeds and pages from a site with faults, in simulated time
    suite    all feeds of three readers' suites, here and with feedparser alone
    store    10,000 mails of an epoch parsed, threaded and stored: mails a second, memory

``threads`` and ``inbox`` need Debian's public-inbox (see tests/public_inbox.py).
"""

from __future__ import annotations

import argparse
import os
import time
from importlib import import_module
from pathlib import Path

from tests.evaluation.feeds.real import Real

NAMES = ("threads", "inbox", "posts", "store", "suite")


def main() -> None:
    """Run what is named; everything when nothing is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME")
    parser.add_argument("--shared", type=Path, default=os.environ.get("KRAB_SHARED", "../shared"))
    parser.add_argument("--work", type=Path, default=Path("build/feeds"))
    options = parser.parse_args()
    if not (options.shared / "data").is_dir():
        raise SystemExit("the real data is absent: name a folder with data/ by --shared or KRAB_SHARED")
    real = Real(options.shared.resolve(), options.work.resolve())
    for name in options.names or NAMES:
        print(f"\n== {name}", flush=True)
        started = time.monotonic()
        import_module(f"tests.evaluation.feeds.{name}").run(real)
        print(f"({time.monotonic() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
