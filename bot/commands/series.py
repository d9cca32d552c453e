"""``krab series``: a patch series by its words or the Message-ID of any mail of it.

What is said of it is what mails say, each with its address: nothing is concluded but that a newer version
supersedes an older one, and that all parts are applied when every one of them was said to be.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from datetime import datetime

from bot.chat.text import one_line, shorten
from bot.series import REVIEWS, count, day, extent, lookup, signers, state, summary
from bot.settings import Settings
from bot.wiring.krab import Krab
from bot.wiring.opening import opened
from feeds.applied import where
from index.history import History, Version
from index.model import Event

QUOTE = 160


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print the best match in full, the others in a line each."""
    asked = " ".join(options.words).strip()
    with opened(settings) as krab:
        found = lookup(krab.index.histories, asked)
        view = Shown(krab, krab.index.histories.newest())
        if options.json:
            print(json.dumps(view.json(asked, found), ensure_ascii=False))
        elif found:
            print("\n".join([*view.lines(found[0]), *view.others(found[1:])]))
        else:
            print(f"no series found{view.until}")
    return 0


class Shown:
    """Histories as a person or a program reads them. ``newest`` is up to when mail was read."""

    def __init__(self, krab: Krab, newest: datetime | None) -> None:
        self._krab = krab
        self._newest = newest
        self.until = f" in the mail read, up to {day(newest)}" if newest else ""

    # For a person

    def lines(self, history: History) -> list[str]:
        """Return a history in full, the newest version first."""
        title = one_line(history.title)
        said = [title, f"by {one_line(history.newest.author)}, {count(history)}; {summary(history, self._newest)}"]
        versions = zip(history.versions, (*history.versions[1:], None), strict=True)
        for version, newer in reversed(list(versions)):
            said += ["", *self._version(version, newer)]
        return said

    def _version(self, version: Version, newer: Version | None) -> list[str]:
        parts = "" if version.expected == 1 else f", {version.seen} of {version.expected} parts read"
        after = f", superseded by {newer.label}" if newer else ""
        said = [f"{version.label}  {day(version.date)}{parts}{after}", f"    {self._url(version.root)}"]
        for kind, verb in REVIEWS.items():
            for name, mails in signers(version, kind):
                more = f", and in {len(mails) - 1} more" if len(mails) > 1 else ""
                said += [f"    {verb} {name}: {self._url(mails[0])}{more}"]
        for event in version.applied:
            quote = shorten(one_line(event.quote), QUOTE)
            bot = ", as a bot says" if self._bot(event.part) else ""
            said.append(f"    applied{_where(event)} by {one_line(event.who)} on {day(event.when)}{bot}: “{quote}”")
            said.append(f"        {self._url(event.part)}")
        return said

    def others(self, histories: Iterable[History]) -> list[str]:
        """Return what else was found, a line each."""
        said = [
            f"  {one_line(h.title)} ({one_line(h.newest.author)}, {day(h.newest.date)}, {count(h)})\n"
            f"    {self._url(h.newest.root)}"
            for h in histories
        ]
        return ["", "also found:", *said] if said else []

    # For a program

    def json(self, asked: str, found: list[History]) -> dict[str, object]:
        """Return everything ``--json`` prints."""
        return {
            "query": asked,
            "as_of": self._newest.date().isoformat() if self._newest else None,
            "series": self._history(found[0]) if found else None,
            "others": [self._head(history) for history in found[1:]],
        }

    def _head(self, history: History) -> dict[str, object]:
        newest = history.newest
        return {
            "id": history.subject,
            "title": history.title,
            "author": newest.author,
            "newest": newest.label,
            "date": _iso(newest.date),
            "url": self._url(newest.root),
            "versions": len(history.versions),
        }

    def _history(self, history: History) -> dict[str, object]:
        fate, version = state(history)
        versions = zip(history.versions, (*history.versions[1:], None), strict=True)
        return {
            **self._head(history),
            "state": {"is": fate, "version": version.label, "summary": summary(history, self._newest)},
            "versions": [self._one(one, newer) for one, newer in versions],
        }

    def _one(self, version: Version, newer: Version | None) -> dict[str, object]:
        return {
            "version": version.label,
            "number": version.number,
            "date": _iso(version.date),
            "id": version.root,
            "url": self._url(version.root),
            "title": version.title,
            "author": version.author,
            "parts": {"expected": version.expected, "seen": version.seen},
            "superseded_by": newer.label if newer else None,
            "applied": extent(version),
            "reviews": [self._event(e) for e in version.events if e.kind in REVIEWS],
            "applied_by": [{**self._event(e), **_place(e)} for e in version.applied],
        }

    def _event(self, event: Event) -> dict[str, object]:
        return {
            "kind": event.kind,
            "who": event.who,
            "date": _iso(event.when),
            "id": event.part,
            "url": self._url(event.part),
            "quote": event.quote,
            "bot": self._bot(event.part),
        }

    def _url(self, id_: str) -> str:
        part = self._krab.index.part(id_)
        return part.url if part else id_

    def _bot(self, id_: str) -> bool:
        part = self._krab.index.part(id_)
        return part is not None and "bot" in part.labels


def _place(event: Event) -> dict[str, object]:
    told = where(event.detail)
    return {"tree": told.tree or None, "parts": told.parts or None, "commit": told.commit or None}


def _where(event: Event) -> str:
    told = where(event.detail)
    words = (f" {told.parts}" if told.parts else "", f" to {told.tree}" if told.tree else "")
    return f"{''.join(words)}{f' as {told.commit[:12]}' if told.commit else ''}"


def _iso(when: datetime | None) -> str | None:
    return when.date().isoformat() if when else None
