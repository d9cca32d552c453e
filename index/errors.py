"""What can go wrong with what krab knows, split by what the caller does next.

IndexProblem        one clear line for a person
├── Unusable        the data directory or the database can't be used: wrong place, no room, no permission
│   ├── Lost        the database server is away: what was being stored may have to be done again
│   └── Moved       the tables were moved elsewhere
├── Unreachable     a server with vectors does not answer: go on without, try again later
├── NewerDatabase   written by a later krab: upgrade, or restore the backup
└── NeedsReindex    the embedder changed: ``krab reindex``
"""

from __future__ import annotations


class IndexProblem(Exception):
    """Something about the index that a person must know. ``str(error)`` is one clear line."""


class Unusable(IndexProblem):
    """The data directory can't be read or written."""


class Lost(Unusable):
    """The database server is away. Nothing was stored, unless it was lost in the moment of storing."""


class Unreachable(IndexProblem):
    """A server that holds vectors can't be used just now."""


class Moved(Unusable):
    """The tables were moved to another database (``krab migrate``); nothing is written to them here any more."""


class NewerDatabase(IndexProblem):
    """The database was written by a newer version of krab."""


class NeedsReindex(IndexProblem):
    """The stored vectors were made by another embedder than the one in use."""
