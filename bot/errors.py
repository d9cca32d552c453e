"""Errors that end a command with one clear line, and the place where foreign ones become such."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


class CommandError(Exception):
    """A command can't go on. ``str(error)`` says why and what to do; ``status`` is the exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def translated() -> Iterator[None]:
    """Turn every error that a person can do something about into a ``CommandError``."""
    from bot.evaluation import QuestionFileError
    from bot.settings import SettingsError
    from feeds.errors import FeedError
    from index.errors import IndexProblem

    try:
        yield
    except SettingsError as error:
        raise CommandError(str(error), 2) from error
    except (IndexProblem, FeedError, QuestionFileError) as error:
        raise CommandError(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise CommandError(f"the database does not work: {error}; `krab doctor` says more") from error
    except BrokenPipeError:
        raise  # nothing is wrong: who reads our output has seen enough
    except OSError as error:
        name = f" {error.filename}" if error.filename else ""
        raise CommandError(f"{error.strerror or error}{name}; check the path, its owner and free space") from error
