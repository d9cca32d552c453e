"""The words that issues are found by, and BM25 over them: part of the tables of ``index.histories``.

The sums are done by the database, so what is found does not depend on which one it is. Everything here that
writes runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from index.database import Connection, Listed
from index.lexical import stemmer, words

MIGRATION = """
DROP TABLE IF EXISTS titles;
CREATE TABLE titles (
    issue INTEGER PRIMARY KEY,
    length INTEGER NOT NULL
);
CREATE TABLE title_words (
    word TEXT NOT NULL,
    issue INTEGER NOT NULL,
    weight REAL NOT NULL,
    PRIMARY KEY (word, issue)
) WITHOUT ROWID;
CREATE INDEX title_words_by_issue ON title_words (issue)
"""
WEIGHTS = (3.0, 1.0, 2.0)  # of a word in the title, in the titles of its other parts, in the author's name
# BM25 with k1 = 1.2 and b = 0.75; a word that most titles have counts next to nothing.
FIND = """
SELECT w.issue, sum((CASE WHEN 2 * a.n < :rows THEN ln((:rows - a.n + 0.5) / (a.n + 0.5)) ELSE 0.000001 END)
    * 2.2 * w.weight / (w.weight + 0.3 + 0.9 * t.length / :mean)) AS score
FROM (SELECT word, count(*) AS n FROM title_words WHERE word IN (SELECT value FROM texts(:words)) GROUP BY word) a
CROSS JOIN title_words w ON w.word = a.word JOIN titles t ON t.issue = w.issue
GROUP BY w.issue ORDER BY score DESC, w.issue DESC LIMIT :most
"""


class Titles:
    """The tables ``titles`` and ``title_words``."""

    def __init__(self) -> None:
        self._stem = stemmer()

    def write(self, connection: Connection, issue: int, texts: tuple[str, str, str]) -> None:
        """Have an issue found by its title, its other titles and its author; it must not be there yet."""
        weighed: dict[str, float] = {}
        length = 0
        for text, weight in zip(texts, WEIGHTS, strict=True):
            terms = self._terms(text)
            length += len(terms)
            for term in terms:
                weighed[term] = weighed.get(term, 0.0) + weight
        connection.execute("INSERT INTO titles VALUES (?, ?)", (issue, length))
        rows = [(word, issue, weight) for word, weight in weighed.items()]
        connection.executemany("INSERT INTO title_words VALUES (?, ?, ?)", rows)

    def remove(self, connection: Connection, issues: Iterable[int]) -> None:
        """Have issues found no more."""
        gone = Listed(issues)
        for table in ("titles", "title_words"):
            connection.execute(f"DELETE FROM {table} WHERE issue IN (SELECT value FROM numbers(?))", (gone,))

    def find(self, connection: Connection, asked: Sequence[str], most: int) -> list[int]:
        """Return at most ``most`` issues that have one of the words ``asked``, best first."""
        count, length = connection.execute("SELECT count(*), coalesce(sum(length), 0) FROM titles").fetchone()
        if not length:
            return []
        stems = Listed(dict.fromkeys(term for word in asked for term in self._terms(word)))
        values = {"rows": float(count), "mean": float(length) / count, "words": stems, "most": most}
        found = connection.execute(FIND, values).fetchall()
        # Equal sums may differ in their last digit, by the order in which they were added up.
        return [issue for issue, _ in sorted(found, key=lambda row: (-round(row[1], 9), -row[0]))]

    def _terms(self, text: str) -> list[str]:
        return [term for word in words(text) for term in self._stem.analyze(word)]
