"""Files that are replaced whole or not at all, and that tell when they are damaged."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from index.errors import Unusable

_DIGEST = 32


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; what is written there takes its place at the end.

    Raises ``Unusable`` when there is no room or no permission; ``path`` is then as it was.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error}; free some space, it is made anew at the next start") from error
    finally:
        with suppress(OSError):  # where nothing could be written there may be nothing to remove either
            temporary.unlink()


def write_sealed(path: Path, data: bytes | memoryview) -> None:
    """Write ``data`` and a digest of it to ``path``, atomically. Raises ``Unusable``.

    Nothing is copied on the way, nor when it is read: there may be gigabytes of it.
    """
    with replace_file(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        file.write(hashlib.sha256(data).digest())


def read_sealed(path: Path) -> memoryview | None:
    """Return what ``write_sealed`` wrote; None when it is absent or damaged."""
    try:
        stored = memoryview(path.read_bytes())
    except OSError:
        return None
    data, digest = stored[:-_DIGEST], stored[-_DIGEST:]
    return data if hashlib.sha256(data).digest() == digest else None
