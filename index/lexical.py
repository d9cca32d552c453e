"""Words: BM25 over parts: their own words, titles, authors, what they quote and comment on, code; in tantivy.

Like the vectors this is a cache of the catalogue: it can be deleted at any time. A query's words are
OR-ed over the fields; repeated words count repeatedly. Identifiers (``dma_alloc_coherent``) are indexed
whole in ``code`` and in pieces elsewhere.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import Unusable

_WORD = re.compile(r"[^\W_]+")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w]*(?:(?:::|->|\.|/|-)[\w]+)*")
_STEMS = 100_000  # words whose stems are remembered
_HEAP = 64_000_000
_LONGEST = 256  # words of a query that count
_TEXTS = ("body", "title", "author", "quoted", "comments", "code")
# Words that carry no meaning in a question; stemmed forms, as the index has them.
STOP = frozenset(
    "a about after again all also am an and ani any are as at be been befor being but by can could did do doe does"
    " doing done dure each ever few for from get give go had has have he her here him his how i if in into is it its"
    " just know let like make mani me mean more most much my no not now of off on onc one onli or other our out over"
    " own pleas realli s said same say she should so some still such t tell than that the their them then there these"
    " they thing this those through to too under until up us use veri was we were what whats when where which while"
    " who whi will with work would yet you your".split()
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is indexed of a part, under the number of its first passage. ``code`` is identifiers and paths."""

    number: int
    body: str
    title: str = ""
    author: str = ""
    quoted: str = ""
    comments: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """How much a field's BM25 score counts when candidates are looked for (``index.rank`` orders them)."""

    body: float = 1.0
    title: float = 0.3
    author: float = 1.0
    quoted: float = 0.4
    comments: float = 0.3
    code: float = 0.5

    def items(self) -> list[tuple[str, float]]:
        """Return the fields that count."""
        pairs = [(name, getattr(self, name)) for name in _TEXTS]
        return [(name, weight) for name, weight in pairs if weight > 0]


_NOTHING = dict.fromkeys(_TEXTS, 0.0)
BODY_ONLY = Fields(title=0, author=0, quoted=0, comments=0, code=0)


def identifiers(text: str) -> list[str]:
    """Return what looks like code in ``text``: names with ``_``, ``::``, a digit inside, CamelCase, paths."""
    return [word for word in _IDENTIFIER.findall(text) if _codelike(word)]


def _codelike(word: str) -> bool:
    inner = word[1:]
    return any(c in inner for c in "_:/>") or any(c.isupper() for c in inner) or any(c.isdigit() for c in inner)


def words(text: str) -> list[str]:
    """Return the words of ``text``, as they are; ``_`` stands between words."""
    return _WORD.findall(text.replace("_", " "))


def stemmer() -> Any:
    """Return what ``analyze``s words into English stems."""
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.stemmer("english")).build()


class Lexical:
    """The lexical index in ``folder``. Several processes may read; one writes at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = self._open()
        self._stem = stemmer()
        self._stems: dict[str, tuple[str, ...]] = {}
        self._look()

    def _open(self) -> Any:
        import tantivy

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            index = tantivy.Index(self._schema(), path=str(self._folder), reuse=True)
        except (OSError, ValueError):
            index = self._anew()
        lower = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(tantivy.Filter.lowercase()).build()
        index.register_tokenizer("code", lower)
        return index

    def _anew(self) -> Any:
        import tantivy

        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return tantivy.Index(self._schema(), path=str(self._folder), reuse=True)
        except (OSError, ValueError) as error:
            raise Unusable(f"cannot write {self._folder}: {error}; check its owner and free space") from error

    @staticmethod
    def _schema() -> Any:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("number", stored=True, indexed=True, fast=True)
        for name in ("body", "title", "quoted", "comments"):
            builder.add_text_field(name, tokenizer_name="en_stem", index_option="freq")
        builder.add_text_field("author", tokenizer_name="default", index_option="freq")
        builder.add_text_field("code", tokenizer_name="code", index_option="freq")
        return builder.build()

    def update(self, add: Iterable[Entry], remove: Sequence[int]) -> bool:
        """Add and remove entries in one commit. False when another process is writing just now."""
        import tantivy

        try:
            writer = self._index.writer(_HEAP, 1)
        except ValueError:
            return False
        try:
            if remove:  # by query: deletion by term takes a number for a signed one and finds nothing
                writer.delete_documents_by_query(
                    tantivy.Query.term_set_query(self._index.schema, "number", list(remove))
                )
            for entry in add:
                document = tantivy.Document(**{name: getattr(entry, name) for name in _TEXTS})
                document.add_unsigned("number", entry.number)
                writer.add_document(document)
            writer.commit()
        except (OSError, ValueError) as error:
            raise Unusable(f"cannot write {self._folder}: {error}; free some space and run again") from error
        finally:
            writer.wait_merging_threads()
        self._index.reload()
        self._look()
        return True

    def reload(self) -> None:
        """See what other processes have committed. An index that is no longer there begins anew, empty."""
        try:
            self._index.reload()
        except ValueError:
            self._index = self._open()
        self._look()

    def _look(self) -> None:
        """Take a snapshot of what is committed: a searcher, and which entry is at which address.

        Reading a stored field costs more than finding the entry, so addresses are looked up here instead.
        """
        import tantivy

        self._searcher = self._index.searcher()
        every, limit = tantivy.Query.all_query(), self._searcher.num_docs
        hits = self._searcher.search(every, limit=limit, order_by_field="number", count=False).hits if limit else []
        self._at = {(address.segment_ord, address.doc): int(number) for number, address in hits}

    def numbers(self) -> set[int]:
        """Return the numbers of all entries."""
        return set(self._at.values())

    def search(self, text: str, k: int, fields: Fields = Fields()) -> list[tuple[int, float]]:
        """Return at most ``k`` (number, BM25), best first."""
        query = self._query(text, fields)
        if query is None:
            return []
        return list(self._found(query, k))

    def scores(self, text: str, field: str, numbers: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of ``field`` for those of the entries ``numbers`` that hold a word of ``text``."""
        import tantivy

        query = self._query(text, Fields(**{**_NOTHING, field: 1.0}))
        if query is None or not numbers:
            return {}
        among = tantivy.Query.term_set_query(self._index.schema, "number", list(numbers))
        only = tantivy.Query.boolean_query(
            [(tantivy.Occur.Must, query), (tantivy.Occur.Must, tantivy.Query.const_score_query(among, 0.0))]
        )
        return dict(self._found(only, len(numbers)))

    def _found(self, query: Any, k: int) -> Iterator[tuple[int, float]]:
        for score, address in self._searcher.search(query, limit=k, count=False).hits:
            yield self._at[address.segment_ord, address.doc], float(score)

    def terms(self, text: str) -> list[str]:
        """Return the stemmed words of ``text`` as the index has them, in order, repeated ones too."""
        known = self._stems
        if len(known) > _STEMS:
            known.clear()
        found: list[str] = []
        for word in words(text):
            stems = known.get(word)
            if stems is None:
                # An answer looks at hundreds of sentences: most of their words were seen before.
                stems = known[word] = tuple(self._stem.analyze(word))
            found += stems
        return found

    def uses(self, term: str) -> int:
        """Return how many parts use a stemmed word."""
        return int(self._searcher.doc_freq("body", term))

    def rarity(self, term: str) -> float:
        """Return how rare a stemmed word is: BM25's inverse document frequency over parts' own words."""
        holding = self.uses(term)
        return math.log(1 + (self._searcher.num_docs - holding + 0.5) / (holding + 0.5))

    def _query(self, text: str, fields: Fields) -> Any:
        # Term by term: the query parser would take a person's punctuation for its syntax.
        import tantivy

        terms = self.terms(text)
        stems = [term for term in terms if term not in STOP] or terms
        wanted = {
            "author": [word.lower() for word in _WORD.findall(text)],
            "code": [name.lower() for name in identifiers(text)],
        }
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(self._term(name, word), weight))
            for name, weight in fields.items()
            for word in wanted.get(name, stems)[:_LONGEST]
        ]
        return tantivy.Query.boolean_query(clauses) if clauses else None

    def _term(self, name: str, word: str) -> Any:
        import tantivy

        return tantivy.Query.term_query(self._index.schema, name, word)
