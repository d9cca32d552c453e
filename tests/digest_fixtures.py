"""A week in a pond: mails that nobody sent, an index that holds them, and the digest of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from bot.digest.collect import collect
from bot.digest.compose import compose
from bot.digest.model import Digest
from bot.digest.span import week
from feeds.kinship import kin
from index.catalog import Catalog
from index.histories import Histories
from index.model import Part
from index.sqlite import Sqlite
from tests.index_fixtures import post
from tests.series_mail import ADA, BO, mail, series, when

CY = "Cy Newt <cy@mud.example>"
DEE = "Dee Toad <dee@mud.example>"
ROBOT = "kernel test robot <lkp@intel.com>"
THIS = week("2025-W28")  # when(-1) … when(5): the first day of the fixtures' mails is Tuesday, 8 July 2025
NOTES = (
    "This series adds leaves that outlive the frogs which sit on them.\n\n---\nChanges in v2:\n"
    "- Count the frogs before a leaf sinks.\n- Fix typos.\n"
    "- Link to v1: https://lore.kernel.org/r/leaves-v1-0@pond.example\n"
)
V1 = series(1, "rust: pond: leaves", ["rust: pond: add a leaf", "rust: pond: count frogs"], day=-9)
V2 = series(2, "rust: pond: leaves", ["rust: pond: add a leaf", "rust: pond: count frogs"], day=0, body=NOTES)
NEW = mail(
    "reeds", "[PATCH] rust: reed: bend in the wind", "Make reeds bend in the wind instead of breaking.\n", sender=CY
)
OBJECTS = mail(
    "no", "Re: [PATCH v2 1/2] rust: pond: add a leaf", "I don't think a leaf should count the frogs on its own.\n",
    sender=BO, to="leaves-v2-0 leaves-v2-1", day=1,
)  # fmt: skip
AGREES = mail(
    "yes", "Re: [PATCH v2 1/2] rust: pond: add a leaf", "I agree that frogs must be counted by the pond.\n",
    sender=DEE, to="leaves-v2-0 no", day=1,
)  # fmt: skip
ANSWER = mail(
    "so", "Re: [PATCH v2 1/2] rust: pond: add a leaf", "Frogs jump, so each leaf has to count them itself.\n",
    to="leaves-v2-0 yes", day=2,
)  # fmt: skip
MACHINE = mail(
    "beep", "Re: [PATCH v2 2/2] rust: pond: count frogs", "I don't think this builds. All warnings below are new.\n",
    sender=ROBOT, to="leaves-v2-0 leaves-v2-2", day=2,
)  # fmt: skip
TAKEN = mail(
    "took", "Re: [PATCH] rust: reed: bend in the wind", "Applied to pond-next, thanks!\n", sender=BO, to="reeds", day=3
)
SILENT = mail(
    "mud", "[PATCH] rust: mud: settle down", "Let mud settle before frogs dive into the pond.\n", sender=DEE, day=-20
)
WEEK: tuple[Part, ...] = (*V1, *V2, NEW, OBJECTS, AGREES, ANSWER, MACHINE, TAKEN, SILENT)


@contextmanager
def read(folder: Path, parts: Sequence[Part]) -> Iterator[tuple[Catalog, Histories]]:
    """An index of ``parts``, without vectors."""
    with closing(Sqlite(folder / "krab.db")) as database:
        catalog, histories = Catalog(database), Histories(database, kin)
        catalog.put(parts, "pond")
        histories.put(parts)
        yield catalog, histories


def digested(folder: Path, parts: Sequence[Part] = WEEK) -> Digest:
    """The digest of this week over ``parts``."""
    with read(folder, parts) as (catalog, histories):
        return compose(collect(catalog, histories, THIS))


def article(id_: str, text: str, date: datetime | None = None) -> Part:
    """A post about memory safety."""
    return post(f"https://pond.example/{id_}", text, title="Memory safety in Rust kernels", date=date or when(1))


__all__ = ["ADA", "BO", "WEEK", "article", "digested", "mail", "read", "when"]
