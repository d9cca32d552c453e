"""Draw cited sentences for a blind reading: ``python -m tests.evaluation.sheet draw|count --data DIR …``.

    draw FILE…  asks the questions of the files, draws sentences at random (seeded), and writes two files: a sheet to
                read (--read, with the words: it stays outside of the project) and one to commit (--sheet: ids alone,
                with an empty verdict each)
    count       counts the verdicts of --sheet

A reader sees question, sentence, quote and source, not what krab thought of them, and writes one of VERDICTS into
the third column: does the quote support the sentence as it stands, and is it on the question's topic?
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot import evaluation
from bot.model import Citation, Sentence, Status
from bot.settings import load
from bot.wiring.opening import opened

VERDICTS = ("good", "off-topic", "unsupported", "unreadable")
_SAID = (Status.ANSWERED, Status.WEAK)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cited sentence of an answer."""

    question: str
    asked: str
    sentence: Sentence
    sources: tuple[Citation, ...]

    @property
    def row(self) -> tuple[str, str]:
        """The question's id, and the source's with a digest of the quote: no words of either."""
        first = self.sources[0]
        digest = hashlib.blake2b(first.quote.encode(), digest_size=6).hexdigest()
        return self.question, f"{first.id}#{digest}"

    @property
    def cited(self) -> str:
        """Every quote and its source, as a reader sees them."""
        return "".join(
            f"   quote:  {s.quote}\n   source: {s.author}, {s.title}, {s.date or ''}, {s.url}\n" for s in self.sources
        )


def sentences(data: str, files: Sequence[Path]) -> Iterator[Drawn]:
    """Yield every cited sentence of the answers to questions that can be answered."""
    with opened(load({}, data=data)) as krab:
        for file in files:
            asked = evaluation.read(file)
            for one, question in zip(asked, evaluation.conversation(asked), strict=True):
                answer = krab.answerer.answer(question)
                by_number = {source.n: source for source in answer.sources}
                if one.answerable and answer.status in _SAID:
                    for s in answer.sentences:
                        cited = tuple(by_number[n] for n in s.citations)
                        yield Drawn(one.id, " / ".join((*question.earlier, one.question)), s, cited)


def draw(options: argparse.Namespace) -> None:
    """Write both files."""
    every = list(sentences(options.data, options.files))
    drawn = random.Random(options.seed).sample(every, min(options.n, len(every)))
    lines = []
    for n, d in enumerate(drawn, 1):
        lines.append(f"{n}. {d.asked}\n   says:   {d.sentence.text}\n{d.cited}")
    options.read.write_text("\n".join(lines), encoding="utf-8")
    with options.sheet.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("question", "source", "verdict"), *((*d.row, "") for d in drawn)])
    print(f"{len(drawn)} of {len(every)} sentences: read {options.read}, write verdicts into {options.sheet}")


def count(options: argparse.Namespace) -> None:
    """Print how many there are of each verdict."""
    with options.sheet.open(encoding="utf-8", newline="") as file:
        verdicts = Counter(row["verdict"] or "unread" for row in csv.DictReader(file))
    unknown = set(verdicts) - {*VERDICTS, "unread"}
    if unknown:
        raise SystemExit(f"unknown verdicts: {', '.join(sorted(unknown))}; write one of {', '.join(VERDICTS)}")
    read = sum(verdicts.values()) - verdicts["unread"]
    print(f"{dict(verdicts)}; good: {verdicts['good']} of {read} read")


def main() -> None:
    """Draw, or count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, does in (("draw", draw), ("count", count)):
        command = commands.add_parser(name)
        command.set_defaults(does=does)
        command.add_argument("--sheet", type=Path, default=Path("tests/evaluation/sheet.csv"))
        if name == "draw":
            command.add_argument("--data", required=True)
            command.add_argument("--read", type=Path, required=True)
            command.add_argument("-n", type=int, default=100)
            command.add_argument("--seed", type=int, default=20261124)
            command.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    options.does(options)


if __name__ == "__main__":
    main()
