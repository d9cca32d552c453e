"""Moves everything from one store to another while krab serves. The tables are copied by ``index.moving``.

Nothing but the tables says how far it is, so it may be broken off anywhere and begun again: a copy that is not
complete is marked as such, and nobody else writes to it. The end is three steps, of which each can follow a crash
of the one before: what is read from is marked as moved, the copy as complete, and a file says where it is. Who was
about to write waits for that file (``bot.databases.Following``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from bot.settings import STORE_URL, moved_to
from index.database import Connection
from index.errors import Unusable
from index.moving import Compared, Movable, Standing, catch_up, empty, shared

Pair = tuple[Movable, Movable]
Say = Callable[[str], None]
FEW = 100  # changes that may be left for the time when nobody can write
PASSES = 20


def move(pairs: Sequence[Pair], data: Path, url: str, say: Say) -> list[Compared]:
    """Copy, catch up, verify and switch; what each table is like. Raises ``Unusable``."""
    if moved_to(data) == url:
        raise Unusable(f"everything was moved there already: {data / STORE_URL} says so")
    for source, target in pairs:
        _begin(source, target)
    for source, target in pairs:
        _follow(source, target, say)
    compared = _switch(pairs, say)
    for _, target in pairs:
        with target.write() as connection:
            target.mark(connection, Standing.LIVE)
    _say_where(data / STORE_URL, url)
    return compared


def _begin(source: Movable, target: Movable) -> None:
    there = target.standing()
    if source.standing() is Standing.COPY:
        raise Unusable("what is to be moved is itself an unfinished copy: finish that first")
    if source.standing() is Standing.MOVED and there is not Standing.COPY and empty(target):
        raise Unusable("this was moved before: [store] url, or the file store-url, must say where it is now")
    if source.standing() is Standing.LIVE and there is Standing.LIVE and not empty(target):
        raise Unusable("something is in the new store already: name an empty database or directory")
    if source.standing() is Standing.LIVE:
        with target.write() as connection:
            target.mark(connection, Standing.COPY)


def _follow(source: Movable, target: Movable, say: Say) -> None:
    """Copy until little is left to copy."""
    for _ in range(PASSES if source.standing() is Standing.LIVE else 0):
        with source.snapshot() as reading:
            left = sum(table.changes for table in catch_up(reading, target, shared(source, target), say))
        if left <= FEW:
            return


def _switch(pairs: Sequence[Pair], say: Say) -> list[Compared]:
    """Copy the rest while nobody can write, verify, and mark what was read from as moved."""
    compared: list[Compared] = []
    with ExitStack() as stack:
        writing = [(source, target) for source, target in pairs if source.standing() is Standing.LIVE]
        held: list[tuple[Movable, Connection]] = []
        for source, target in writing:
            connection = stack.enter_context(source.write())
            held.append((source, connection))
            compared += _equal(connection, source, target, say)
        for source, connection in held:
            source.mark(connection, Standing.MOVED)
    return compared


def _equal(connection: Connection, source: Movable, target: Movable, say: Say) -> list[Compared]:
    """Copy what is left, until a pass finds nothing."""
    tables = shared(source, target)
    for _ in range(PASSES):
        compared = catch_up(connection, target, tables, say)
        if not any(table.changes for table in compared):
            for table in tables:
                if table.numbered:
                    target.go_on(table, source.highest(table))
            return compared
    raise Unusable("the copy does not become equal to what it is a copy of; nothing was switched")


def _say_where(file: Path, url: str) -> None:
    unfinished = file.with_name(f".{file.name}")
    unfinished.touch(mode=0o600)
    unfinished.chmod(0o600)
    unfinished.write_text(f"{url}\n", encoding="utf-8")
    unfinished.replace(file)
