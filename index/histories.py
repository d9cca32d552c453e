"""What happened to a thing over time: events by subject, and the versions of each. Owns its tables.

Events come with the parts (``Part.events``). Some kinds of them are no happenings but names, in
``detail``, that a ``posted`` part goes by:

    issue   parts that share one were issued together, as one version
    same    parts that share one are about one subject
    near    issues that share one are compared by ``kin``, which the caller brings
    known   what others call the part: a part that answers nothing posted, but is ``about`` that name,
            belongs to the last version before it that has it

So an issue is a set of parts, a subject a set of issues joined by ties; both follow from what is known,
not from the order in which it came. All other events name the part that they answer as their subject:
they belong to it, or to the nearest posted part that their own part answers. A part that is read
again changes nothing unless a better parser (``codec.FORMAT``) read it, or it is no mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from index import codec, ties
from index.database import Connection, Database, Listed
from index.history import History, history, labelled, place
from index.model import Event, Kind, Part
from index.titles import MIGRATION, Titles

MIGRATIONS = (
    """
CREATE TABLE postings (
    part TEXT PRIMARY KEY,
    issue INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX postings_by_issue ON postings (issue);
CREATE TABLE issues (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    subject INTEGER NOT NULL
);
CREATE INDEX issues_by_subject ON issues (subject);
CREATE TABLE ties (
    one INTEGER NOT NULL,
    other INTEGER NOT NULL,
    PRIMARY KEY (one, other)
) WITHOUT ROWID;
CREATE TABLE names (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    part TEXT NOT NULL,
    PRIMARY KEY (kind, name, part)
) WITHOUT ROWID;
CREATE INDEX names_by_part ON names (part, kind);
CREATE TABLE happenings (
    part TEXT NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    date INTEGER,
    quote TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (part, place)
) WITHOUT ROWID;
CREATE TABLE answers (
    part TEXT NOT NULL,
    target TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (part, target)
) WITHOUT ROWID;
CREATE INDEX answers_by_target ON answers (target);
CREATE TABLE told (
    part TEXT PRIMARY KEY,
    format INTEGER NOT NULL,
    date INTEGER
) WITHOUT ROWID;
CREATE INDEX told_by_date ON told (date);
CREATE VIRTUAL TABLE titles USING fts5 (title, others, who, tokenize = 'porter unicode61')
""",
    MIGRATION,
)
NAMES = ("issue", "same", "near", "known", "about")
POSTED = "posted"
WORD = re.compile(r"\w+")
WORDS_MAX = 30
FOUND_AT_ONCE = 100
NEAR, FAR = 3, 3  # of the parts that a part answers: the nearest, and those at the root of it all
# Words that people ask with, and that no title is found by.
SMALL = frozenset(
    "a an and any are as at be been by can did do does for from get gets got has have how in into is it its latest"
    " newest of on or the their there this to was were what when where which who whose why will with yet about happened"
    " history state status still current currently anyone someone already version versions series patch patches"
    " patchset applied merged accepted landed reviewed superseded posted sent upstream mainline tree".split()
)

# CROSS JOIN: the few rows asked for lead, or SQLite may walk through all names of a kind.
SUBJECTS = """
SELECT j.value, coalesce(
    (SELECT i.subject FROM postings p JOIN issues i ON i.number = p.issue WHERE p.part = j.value),
    (SELECT i.subject FROM answers a JOIN postings p ON p.part = a.target JOIN issues i ON i.number = p.issue
     WHERE a.part = j.value ORDER BY a.place LIMIT 1),
    (SELECT i.subject FROM names n CROSS JOIN names m ON m.kind = 'known' AND m.name = n.name
     JOIN postings p ON p.part = m.part JOIN issues i ON i.number = p.issue
     WHERE n.part = j.value AND n.kind = 'about' ORDER BY i.number DESC LIMIT 1))
FROM texts(?) j
"""
HAPPENED = """
SELECT h.part, h.kind, h.who, h.date, h.part, h.quote, h.detail, a.target
FROM texts(?) j CROSS JOIN answers a ON a.target = j.value CROSS JOIN happenings h ON h.part = a.part
WHERE NOT EXISTS
    (SELECT 1 FROM answers b JOIN postings p ON p.part = b.target WHERE b.part = a.part AND b.place < a.place)
ORDER BY j.key, h.part, h.place
"""
TOLD = """
SELECT h.part, h.kind, h.who, h.date, h.part, h.quote, h.detail, m.part
FROM texts(?) j CROSS JOIN names m ON m.part = j.value AND m.kind = 'known'
CROSS JOIN names n ON n.kind = 'about' AND n.name = m.name JOIN happenings h ON h.part = n.part
WHERE NOT EXISTS (SELECT 1 FROM answers b JOIN postings p ON p.part = b.target WHERE b.part = n.part)
ORDER BY j.key, h.part, h.place
"""

Kin = Callable[[Sequence[Event], Sequence[Event]], bool]


def strangers(one: Sequence[Event], other: Sequence[Event]) -> bool:
    """Nobody is kin by looks."""
    return False


class Histories:
    """The tables of events. ``kin`` says whether two issues, given by their posted events, are one subject's."""

    def __init__(self, database: Database, kin: Kin = strangers) -> None:
        self._database = database
        self._kin = kin
        self._titles = Titles()
        database.migrate("histories", MIGRATIONS)
        self._fill_titles()

    def _fill_titles(self) -> None:
        """Write what issues are found by that an older krab stored, once."""
        sql = "SELECT number FROM issues WHERE NOT EXISTS (SELECT 1 FROM titles)"
        if self._database.connection().execute(f"{sql} LIMIT 1").fetchone():
            with self._database.write() as connection:
                _entitle(connection, self._titles, {number for (number,) in connection.execute(sql).fetchall()})

    # In

    def put(self, parts: Iterable[Part]) -> None:
        """Keep the parts' events; all of them or none."""
        with self._database.write() as connection:
            changed: set[int] = set()
            posted: dict[str, bool] = {}
            for part in parts:
                if _due(connection, part):
                    changed |= _forget(connection, [part.id])
                    _write(connection, part)
                    posted[part.id] = any(event.kind == POSTED for event in part.events)
            self._settle(connection, [id_ for id_, does in posted.items() if does], changed)

    def remove(self, ids: Iterable[str]) -> None:
        """Forget what these parts told."""
        if gone := list(ids):
            with self._database.write() as connection:
                self._settle(connection, [], _forget(connection, gone))

    def _settle(self, connection: Connection, posted: Sequence[str], changed: set[int]) -> None:
        """Bring issues and subjects up to what is known, as far as it has changed."""
        again = ties.parts_of(connection, changed)
        connection.execute("DELETE FROM postings WHERE issue IN (SELECT value FROM numbers(?))", (Listed(changed),))
        touched = {ties.issue_of(connection, part) for part in (*again, *posted)}
        touched = ties.alive(connection, changed | touched) & touched
        partners = ties.untie(connection, changed | touched)
        for issue in touched:
            partners |= self._tie(connection, issue)
        ties.join(connection, touched | partners)
        _entitle(connection, self._titles, changed | touched)

    def _tie(self, connection: Connection, issue: int) -> set[int]:
        known = {issue: _posted(connection, issue)}
        same = ties.sharing(connection, issue, "same")
        near = ties.sharing(connection, issue, "near") - same
        near = {n for n in near if self._kin(known[issue], _posted(connection, n))}
        rows = [pair for other in same | near for pair in ((issue, other), (other, issue))]
        connection.executemany("INSERT INTO ties VALUES (?, ?) ON CONFLICT (one, other) DO NOTHING", rows)
        return same | near

    # Out

    def of(self, part: str) -> History | None:
        """Return the history that ``part`` posted, or is an event or an answer of."""
        number = self.subjects([part]).get(part)
        return None if number is None else self.history(number)

    def subjects(self, parts: Sequence[str]) -> dict[str, int]:
        """Return the numbers of the histories that ``parts`` posted, or are events or answers of."""
        rows = self._database.connection().execute(SUBJECTS, (Listed(parts),))
        return {part: number for part, number in rows if number is not None}

    def telling(self, parts: Sequence[str], kinds: Iterable[str]) -> set[str]:
        """Return those of ``parts`` that tell an event of one of ``kinds``."""
        sql = (
            "SELECT DISTINCT h.part FROM texts(?) j CROSS JOIN happenings h ON h.part = j.value"
            " WHERE h.kind IN (SELECT value FROM texts(?))"
        )
        return {part for (part,) in self._database.connection().execute(sql, (Listed(parts), Listed(kinds)))}

    def history(self, number: int) -> History:
        """Return the history that ``subjects`` gave this number."""
        return _history(self._database.connection(), number)

    def newest(self) -> datetime | None:
        """Return the date of the newest mail: what happened later is not known."""
        return codec.moment(self._database.connection().execute("SELECT max(date) FROM told").fetchone()[0])

    def who(self, kind: str, until: datetime) -> set[str]:
        """Return everybody who did something of ``kind`` before ``until``."""
        sql = "SELECT DISTINCT who FROM happenings WHERE kind = ? AND date < ?"
        return {who for (who,) in self._database.connection().execute(sql, (kind, codec.seconds(until)))}

    def firsts(self, kind: str) -> list[tuple[str, datetime]]:
        """Return when everybody did something of ``kind`` for the first time."""
        sql = "SELECT who, min(date) FROM happenings WHERE kind = ? AND date IS NOT NULL GROUP BY who ORDER BY who"
        rows = self._database.connection().execute(sql, (kind,))
        return [(who, when) for who, date in rows if (when := codec.moment(date))]

    def find(self, words: str, k: int = 5) -> list[History]:
        """Return at most ``k`` histories whose titles or authors match ``words`` best."""
        asked = [w for w in dict.fromkeys(WORD.findall(words.lower())) if w not in SMALL][:WORDS_MAX]
        if not asked:
            return []
        connection = self._database.connection()
        found = self._titles.find(connection, asked, FOUND_AT_ONCE)
        sql = "SELECT i.subject FROM numbers(?) j CROSS JOIN issues i ON i.number = j.value ORDER BY j.key"
        best = list(dict.fromkeys(subject for (subject,) in connection.execute(sql, (Listed(found),))))[:k]
        return [_history(connection, subject) for subject in best]


def _due(connection: Connection, part: Part) -> bool:
    row = connection.execute("SELECT format FROM told WHERE part = ?", (part.id,)).fetchone()
    return row is None or part.kind is not Kind.MAIL or row[0] < codec.FORMAT


def _forget(connection: Connection, ids: Sequence[str]) -> set[int]:
    """Remove what parts told; return the issues that they were of."""
    these = "(SELECT value FROM texts(?))"
    told = Listed(i for (i,) in connection.execute(f"SELECT part FROM told WHERE part IN {these}", (Listed(ids),)))
    if not told:
        return set()
    changed = {n for (n,) in connection.execute(f"SELECT issue FROM postings WHERE part IN {these}", (told,))}
    for table in ("names", "happenings", "answers", "told", "postings"):
        connection.execute(f"DELETE FROM {table} WHERE part IN {these}", (told,))
    return changed


def _write(connection: Connection, part: Part) -> None:
    names = [(e.kind, e.detail, part.id) for e in part.events if e.kind in NAMES]
    events = [e for e in part.events if e.kind not in NAMES]
    date = codec.seconds(part.date) if part.kind is Kind.MAIL else None
    connection.execute("INSERT INTO told VALUES (?, ?, ?)", (part.id, codec.FORMAT, date))
    connection.executemany("INSERT INTO names VALUES (?, ?, ?) ON CONFLICT (kind, name, part) DO NOTHING", names)
    rows = [(part.id, n, e.kind, e.who, codec.seconds(e.when), e.quote, e.detail) for n, e in enumerate(events)]
    connection.executemany("INSERT INTO happenings VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    links = part.links if len(part.links) <= NEAR + FAR else (*part.links[:NEAR], *part.links[-FAR:])
    targets = dict.fromkeys((*(e.subject for e in events if e.subject != part.id), *links))
    if not any(e.kind == POSTED for e in events):
        answers = [(part.id, target, n) for n, target in enumerate(targets)]
        connection.executemany("INSERT INTO answers VALUES (?, ?, ?)", answers)


def _entitle(connection: Connection, titles: Titles, issues: set[int]) -> None:
    """Write what ``issues`` are found by."""
    titles.remove(connection, issues)
    for issue in issues:
        if posted := sorted(_posted(connection, issue), key=place):
            others = "\n".join(dict.fromkeys(event.quote for event in posted[1:]))
            titles.write(connection, issue, (posted[0].quote, others, posted[0].who))


def _posted(connection: Connection, issue: int) -> tuple[Event, ...]:
    sql = (
        "SELECT h.part, h.kind, h.who, h.date, h.part, h.quote, h.detail FROM postings p"
        " JOIN happenings h ON h.part = p.part WHERE p.issue = ? AND h.kind = ? ORDER BY h.part"
    )
    return tuple(_event(row) for row in connection.execute(sql, (issue, POSTED)))


def _history(connection: Connection, subject: int) -> History:
    sql = (
        "SELECT i.number, h.part, h.kind, h.who, h.date, h.part, h.quote, h.detail FROM issues i"
        " JOIN postings p ON p.issue = i.number JOIN happenings h ON h.part = p.part WHERE i.subject = ? AND h.kind = ?"
        " ORDER BY i.number, h.part"
    )
    posted = labelled((issue, _event(tuple(row))) for issue, *row in connection.execute(sql, (subject, POSTED)))
    return history(posted, _happened(connection, posted))


def _happened(connection: Connection, posted: dict[str, list[Event]]) -> dict[str, list[Event]]:
    """What happened to posted parts, by the label that they have."""
    labels = {event.part: label for label, some in posted.items() for event in some}
    dates = {event.part: event.when for some in posted.values() for event in some}
    found: dict[str, list[Event]] = {}
    for *row, target in connection.execute(HAPPENED, (Listed(labels),)):
        found.setdefault(labels[target], []).append(_event(tuple(row)))
    last: dict[Event, str] = {}
    for *row, target in connection.execute(TOLD, (Listed(labels),)):
        event = _event(tuple(row))
        last[event] = max(last.get(event, ""), target, key=lambda part: _before(dates.get(part), event.when))
    for event, target in last.items():
        found.setdefault(labels[target], []).append(event)
    return found


def _before(date: datetime | None, when: datetime | None) -> float:
    """A key that puts the last date before ``when`` on top, and those after it below all."""
    if date is None:
        return float("-inf")
    return date.timestamp() if when is None or date <= when else -date.timestamp()


def _event(row: tuple[str, str, str, int | None, str, str, str]) -> Event:
    subject, kind, who, date, part, quote, detail = row
    return Event(subject, kind, who, codec.moment(date), part, quote, detail)
