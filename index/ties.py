"""Which parts are one issue, and which issues one subject: the graph under ``index.histories``, whose tables these are.

Issues follow from names that parts share, subjects from ties between issues. Everything here runs inside
the caller's transaction, and looks at nothing but the issues that it is given and those tied to them.
"""

from __future__ import annotations

from collections.abc import Iterable

from index.database import Connection, Listed

_KNOWN = "ON CONFLICT (one, other) DO NOTHING"
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
        connection.execute(f"INSERT INTO ties SELECT ?, other FROM ties WHERE one = ? {_KNOWN}", (number, other))
        connection.execute(f"INSERT INTO ties SELECT one, ? FROM ties WHERE other = ? {_KNOWN}", (number, other))
        connection.execute("DELETE FROM ties WHERE ? IN (one, other) OR one = other", (other,))
        connection.execute("DELETE FROM issues WHERE number = ?", (other,))
    sql = "INSERT INTO postings VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET issue = excluded.issue"
    connection.execute(sql, (part, number))
    return int(number)


def alive(connection: Connection, issues: set[int]) -> set[int]:
    """Drop those of ``issues`` that nothing posts any more; return the others."""
    sql = "SELECT DISTINCT p.issue FROM numbers(?) j JOIN postings p ON p.issue = j.value"
    alive = {n for (n,) in connection.execute(sql, (Listed(issues),))}
    connection.execute("DELETE FROM issues WHERE number IN (SELECT value FROM numbers(?))", (Listed(issues - alive),))
    return alive


def parts_of(connection: Connection, issues: Iterable[int]) -> list[str]:
    """Return the parts that posted ``issues``."""
    sql = "SELECT p.part FROM numbers(?) j JOIN postings p ON p.issue = j.value"
    return [part for (part,) in connection.execute(sql, (Listed(issues),))]


def sharing(connection: Connection, issue: int, kind: str) -> set[int]:
    """The other issues that share a name of ``kind`` with ``issue``."""
    sql = (
        "SELECT DISTINCT q.issue FROM (SELECT DISTINCT n.name FROM postings p JOIN names n ON n.part = p.part"
        " WHERE p.issue = :issue AND n.kind = :kind) s CROSS JOIN names m ON m.kind = :kind AND m.name = s.name"
        " JOIN postings q ON q.part = m.part WHERE q.issue <> :issue ORDER BY q.issue DESC LIMIT :most"
    )
    return {n for (n,) in connection.execute(sql, {"issue": issue, "kind": kind, "most": SHARING_MAX})}


def untie(connection: Connection, issues: set[int]) -> set[int]:
    """Cut the ties of ``issues``; return those at the other ends."""
    these = "(SELECT value FROM numbers(?))"
    others = {n for (n,) in connection.execute(f"SELECT other FROM ties WHERE one IN {these}", (Listed(issues),))}
    for end in ("one", "other"):
        connection.execute(f"DELETE FROM ties WHERE {end} IN {these}", (Listed(issues),))
    return others


def join(connection: Connection, issues: set[int]) -> None:
    """Give the issues of every subject that ``issues`` are of the subject that their ties say."""
    sql = (
        "SELECT number FROM issues WHERE subject IN (SELECT subject FROM issues"
        " WHERE number IN (SELECT value FROM numbers(?)))"
    )
    left = {n for (n,) in connection.execute(sql, (Listed(issues),))}
    while left:
        reached, ahead = set[int](), {min(left)}
        while ahead:
            reached |= ahead
            tied = "SELECT other FROM ties WHERE one IN (SELECT value FROM numbers(?))"
            ahead = {n for (n,) in connection.execute(tied, (Listed(ahead),))} - reached
        move = "UPDATE issues SET subject = ? WHERE number IN (SELECT value FROM numbers(?))"
        connection.execute(move, (min(reached), Listed(reached)))
        left -= reached
