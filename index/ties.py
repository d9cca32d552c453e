"""Which parts are one issue, and which issues one subject: the graph under ``index.histories``, whose tables these are.

Issues follow from names that parts share, subjects from ties between issues. Everything here runs inside
the caller's transaction, and looks at nothing but the issues that it is given and those tied to them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from index.database import Connection

SHARING_MAX = 200  # issues that are compared with one: somebody may write the same thousands of times


def issue_of(connection: Connection, part: str) -> int:
    """Put a posted part into the issue that its names say, merging issues; return its number."""
    sql = (
        "SELECT DISTINCT p.issue FROM names n CROSS JOIN names m ON m.kind = n.kind AND m.name = n.name"
        " JOIN postings p ON p.part = m.part WHERE n.part = ? AND n.kind = 'issue' ORDER BY 1"
    )
    found = [n for (n,) in connection.execute(sql, (part,))]
    if found:
        number = found[0]
    else:
        number = connection.execute("INSERT INTO issues (subject) VALUES (0) RETURNING number").fetchone()[0]
        connection.execute("UPDATE issues SET subject = number WHERE number = ?", (number,))
    for other in found[1:]:
        connection.execute("UPDATE postings SET issue = ? WHERE issue = ?", (number, other))
        connection.execute("UPDATE OR IGNORE ties SET one = ? WHERE one = ?", (number, other))
        connection.execute("UPDATE OR IGNORE ties SET other = ? WHERE other = ?", (number, other))
        connection.execute("DELETE FROM ties WHERE ? IN (one, other) OR one = other", (other,))
        connection.execute("DELETE FROM issues WHERE number = ?", (other,))
        connection.execute("DELETE FROM titles WHERE rowid = ?", (other,))
    connection.execute("INSERT OR REPLACE INTO postings VALUES (?, ?)", (part, number))
    return int(number)


def alive(connection: Connection, issues: set[int]) -> set[int]:
    """Drop those of ``issues`` that nothing posts any more; return the others."""
    sql = "SELECT DISTINCT p.issue FROM json_each(?) j JOIN postings p ON p.issue = j.value"
    alive = {n for (n,) in connection.execute(sql, (listed(issues),))}
    connection.execute("DELETE FROM issues WHERE number IN (SELECT value FROM json_each(?))", (listed(issues - alive),))
    return alive


def parts_of(connection: Connection, issues: Iterable[int]) -> list[str]:
    """Return the parts that posted ``issues``."""
    sql = "SELECT p.part FROM json_each(?) j JOIN postings p ON p.issue = j.value"
    return [part for (part,) in connection.execute(sql, (listed(issues),))]


def sharing(connection: Connection, issue: int, kind: str) -> set[int]:
    """The other issues that share a name of ``kind`` with ``issue``."""
    sql = (
        "SELECT DISTINCT q.issue FROM (SELECT DISTINCT n.name FROM postings p JOIN names n ON n.part = p.part"
        " WHERE p.issue = ?1 AND n.kind = ?2) s CROSS JOIN names m ON m.kind = ?2 AND m.name = s.name"
        " JOIN postings q ON q.part = m.part WHERE q.issue <> ?1 ORDER BY q.issue DESC LIMIT ?3"
    )
    return {n for (n,) in connection.execute(sql, (issue, kind, SHARING_MAX))}


def untie(connection: Connection, issues: set[int]) -> set[int]:
    """Cut the ties of ``issues``; return those at the other ends."""
    these = "(SELECT value FROM json_each(?))"
    others = {n for (n,) in connection.execute(f"SELECT other FROM ties WHERE one IN {these}", (listed(issues),))}
    for end in ("one", "other"):
        connection.execute(f"DELETE FROM ties WHERE {end} IN {these}", (listed(issues),))
    return others


def join(connection: Connection, issues: set[int]) -> None:
    """Give the issues of every subject that ``issues`` are of the subject that their ties say."""
    sql = (
        "SELECT number FROM issues WHERE subject IN (SELECT subject FROM issues"
        " WHERE number IN (SELECT value FROM json_each(?)))"
    )
    left = {n for (n,) in connection.execute(sql, (listed(issues),))}
    while left:
        reached, ahead = set[int](), {min(left)}
        while ahead:
            reached |= ahead
            tied = "SELECT other FROM ties WHERE one IN (SELECT value FROM json_each(?))"
            ahead = {n for (n,) in connection.execute(tied, (listed(ahead),))} - reached
        move = "UPDATE issues SET subject = ? WHERE number IN (SELECT value FROM json_each(?))"
        connection.execute(move, (min(reached), listed(reached)))
        left -= reached


def listed(values: Iterable[object]) -> str:
    """Return values as SQLite's ``json_each`` takes them."""
    return json.dumps(list(values))
