"""A digest for programs: what ``krab digest --json`` prints. Pure."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.digest.model import Applied, Article, Cited, Digest, Discussion, Mention, Newcomer, Position, Posting, Waiting


def to_json(digest: Digest) -> dict[str, Any]:
    """Return everything of a digest; every line has an ``id``, and what was said stands in ``quote`` or ``text``."""
    return {
        "week": digest.week or None,
        "from": digest.begin.isoformat(),
        "to": digest.end.isoformat(),
        "topics": list(digest.topics),
        "mails": digest.mails,
        "threads": digest.threads,
        "people": digest.people,
        "quiet": digest.quiet,
        "applied": [_applied(one) for one in digest.applied],
        "discussions": [_discussion(one) for one in digest.discussions],
        "security": [_mention(one) for one in digest.security],
        "new_series": [_posting(one) for one in digest.new_series],
        "new_versions": [_posting(one) for one in digest.new_versions],
        "waiting": [_waiting(one) for one in digest.waiting],
        "toolchain": [_mention(one) for one in digest.toolchain],
        "pull_requests": [_mention(one) for one in digest.pulls],
        "newcomers": [_newcomer(one) for one in digest.newcomers],
        "posts": [_article(one) for one in digest.posts],
        "activity": [asdict(one) for one in digest.activity],
        "pulse": [asdict(one) for one in digest.pulse],
        "as_of": _iso(digest.until),
        "stalled": list(digest.stalled),
        "lists": dict(digest.lists),
        "post_sources": list(digest.sources),
    }


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _said(one: Cited) -> dict[str, Any]:
    return {
        "text": one.text,
        "id": one.id,
        "url": one.url,
        "who": one.who,
        "quote": one.quote,
        "bot": one.bot,
        "written_by_model": one.told,
    }


def _posting(one: Posting) -> dict[str, Any]:
    return {
        "title": one.title,
        "version": one.label,
        "id": one.mail.id,
        "url": one.mail.url,
        "author": one.author,
        "parts": one.parts,
        "date": _iso(one.date),
        "area": one.area,
        "replies": one.replies,
        "signed_by": list(one.reviewed),
        "applied": one.merged,
        "fixes": list(one.repair.commits),
        "stable": one.repair.stable,
        "about": [_said(c) for c in one.about],
        "before": one.before.id if one.before else None,
        "changes": [_said(c) for c in one.changes],
        "more_changes": one.more,
        "files_added": list(one.added),
        "files_dropped": list(one.dropped),
    }


def _applied(one: Applied) -> dict[str, Any]:
    return {
        "id": one.mail.id,
        "url": one.mail.url,
        "subject": one.title,
        "version": one.label,
        "author": one.author,
        "by": one.by,
        "tree": one.tree or None,
        "parts": one.which or None,
        "commit": one.commit or None,
        "date": _iso(one.date),
        "quote": one.mail.quote,
        "pull_request": one.pull,
        "also": [mail.id for mail in one.also],
    }


def _discussion(one: Discussion) -> dict[str, Any]:
    return {
        "id": one.first.id,
        "url": one.first.url,
        "title": one.title,
        "version": one.label or None,
        "mails": one.mails,
        "authors": list(one.authors),
        "area": one.area,
        "outcome": one.outcome or None,
        "outcome_shown_by": _said(one.settled) if one.settled else None,
        "changes": [_said(c) for c in one.changes],
        "signed_by": [{"tag": tag, "who": who} for tag, who in one.tags],
        "gist": [_said(c) for c in (*one.gist, *(p.said for p in one.replies))],
        "positions": [_position(p) for p in (*one.positions, *one.replies)],
    }


def _position(one: Position) -> dict[str, Any]:
    return {"stance": one.stance or None, **_said(one.said), "answers": _said(one.to) if one.to else None}


def _mention(one: Mention) -> dict[str, Any]:
    return {
        "title": one.title,
        "id": one.mail.id,
        "url": one.mail.url,
        "author": one.author,
        "state": one.done or None,
        "fixes": list(one.repair.commits),
        "stable": one.repair.stable,
        "stable_from": one.repair.since or None,
        "kind": one.kind or None,
        "fate": one.fate or None,
        "said": _said(one.said) if one.said else None,
    }


def _waiting(one: Waiting) -> dict[str, Any]:
    return {
        "title": one.title,
        "version": one.label,
        "id": one.mail.id,
        "url": one.mail.url,
        "author": one.author,
        "why": one.why,
        "days": one.days,
        "said": _said(one.said) if one.said else None,
    }


def _newcomer(one: Newcomer) -> dict[str, Any]:
    return {"author": one.author, "title": one.title, "id": one.mail.id, "url": one.mail.url, "answered": one.answered}


def _article(one: Article) -> dict[str, Any]:
    return {
        "title": one.title,
        "url": one.mail.url,
        "source": one.source,
        "date": _iso(one.date),
        "gist": [_said(c) for c in one.gist],
    }
