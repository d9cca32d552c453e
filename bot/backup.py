"""Backup and restore of a data directory, while krab runs or not.

A backup is one tar file: both databases as SQLite copies them under write load (one moment each, the bot's
first, so that whatever it cites is in the index's), the Matrix account, notes, the configuration, and a manifest
with a digest of each. Caches are left out: they are made again. A restore checks every digest, then opens what
it has unpacked beside the data directory, which migrates it, or refuses what a newer krab has written; only
then does it take the directory's place.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from index.errors import Unusable

FORMAT = 1
DATABASES = ("state.db", "krab.db")
FOLDERS = ("matrix", "notes", "private")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. ``files`` are digests (SHA-256) by name."""

    format: int
    version: str  # of krab
    created: str
    files: dict[str, str]


class BadBackup(Unusable):
    """The file is no backup, or a damaged one."""


def back_up(
    data: Path, target: Path, *, version: str, now: datetime, config: Path | None = None, tables: bool = True
) -> Path:
    """Write a backup of ``data`` to ``target`` (a file, or a directory to put one into); return the file.

    Without ``tables`` they are in a database server, which is backed up by its own means.
    """
    if tables and not (data / "krab.db").is_file():
        raise Unusable(f"there is nothing to back up in {data}: give the data directory with --data")
    file = target / f"krab-{now:%Y%m%d-%H%M%S}.tar" if target.is_dir() else target
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".krab-backup-", dir=file.parent) as folder:
        copied = _copied(data, Path(folder), config)
        digests = {name: _digest(path) for name, path in copied.items()}
        manifest = Manifest(FORMAT, version, now.isoformat(), digests)
        unfinished = Path(folder) / "backup.tar"
        _pack(unfinished, copied, manifest)
        unfinished.replace(file)
    return file


def _copied(data: Path, folder: Path, config: Path | None) -> dict[str, Path]:
    copied = {name: _sqlite(data / name, folder / name) for name in DATABASES if (data / name).is_file()}
    for path in (p for name in FOLDERS for p in sorted((data / name).rglob("*")) if p.is_file() and not _cache(p)):
        name = str(path.relative_to(data))
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        copied[name] = _sqlite(path, place) if _is_sqlite(path) else Path(shutil.copyfile(path, place))
    if config and config.is_file():
        copied["krab.toml"] = Path(shutil.copyfile(config, folder / "krab.toml"))
    return {name: path for name, path in copied.items() if not name.endswith(("-wal", "-shm"))}


def _cache(path: Path) -> bool:
    return path.suffix == ".faiss" or any(parent.name.startswith("words-") for parent in path.parents)


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(16) == b"SQLite format 3\0"


def _sqlite(source: Path, target: Path) -> Path:
    with closing(sqlite3.connect(source, timeout=60)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    return target


def _pack(file: Path, copied: dict[str, Path], manifest: Manifest) -> None:
    told = file.with_name("manifest.json")
    told.write_text(json.dumps(asdict(manifest), indent=1))
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))  # the Matrix account's keys are in it
    with tarfile.open(file, "w") as tar:
        for name, path in {"manifest.json": told, **copied}.items():
            tar.add(path, name, filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def read_manifest(tar: tarfile.TarFile, file: Path) -> Manifest:
    """Return what a backup says it holds. Raises ``BadBackup``."""
    try:
        stream = tar.extractfile("manifest.json")
        told = json.loads(stream.read(_CHUNK)) if stream else {}
        manifest = Manifest(told["format"], told["version"], told["created"], dict(told["files"]))
    except (KeyError, ValueError, TypeError, tarfile.TarError) as error:
        raise BadBackup(f"{file} is no backup of krab's: it has no manifest") from error
    if manifest.format > FORMAT:
        raise BadBackup(f"{file} was written by krab {manifest.version}, which is newer: upgrade krab first")
    return manifest


def restore(file: Path, data: Path, check: Callable[[Path], None], *, aside: str = "") -> Manifest:
    """Put a backup in the place of ``data``; what was there is renamed with ``aside`` at its end.

    ``check`` opens a directory as krab does (which migrates it), and raises when it can't. Raises ``Unusable``.
    """
    if (data / "krab.db").exists() and not aside:
        raise Unusable(f"{data} holds an index already: give another directory, or --force to put it aside")
    unpacked = data.with_name(f".{data.name}.restoring")
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir(parents=True, mode=0o700)
    try:
        manifest = _unpack(file, unpacked)
        check(unpacked)
        if data.exists():
            data.rename(data.with_name(data.name + (aside or ".empty")))
        unpacked.rename(data)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return manifest


def _unpack(file: Path, folder: Path) -> Manifest:
    try:
        with tarfile.open(file) as tar:
            manifest = read_manifest(tar, file)
            for name in manifest.files:
                tar.extract(name, folder, filter="data")
    except (KeyError, tarfile.TarError, EOFError) as error:
        raise BadBackup(f"{file} is no backup of krab's, or damaged: {error}") from error
    for name, digest in manifest.files.items():
        if _digest(folder / name) != digest:
            raise BadBackup(f"{file} is damaged: {name} is not what was backed up")
    return manifest


@contextmanager
def in_use(data: Path) -> Iterator[None]:
    """Be the krab that serves ``data``. Raises ``Unusable`` when another one does."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(data / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unusable(f"another krab serves {data}: stop it first, or give another directory") from error
        yield
    finally:
        os.close(descriptor)
