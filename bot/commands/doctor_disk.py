"""What ``krab doctor`` looks at on disk: room, who may read it, who serves it, what was left undone."""

from __future__ import annotations

import stat
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.backup import in_use
from bot.databases import Databases
from bot.settings import Settings
from bot.upkeep import free_space
from index.catalog import Catalog
from index.embed import PLAIN
from index.errors import IndexProblem, Unusable
from index.reindex import progress

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. ``advice`` is empty when all is well."""

    check: str
    ok: bool
    found: str
    advice: str = ""


def room(settings: Settings) -> Finding:
    """Whether there is room to read more, and to reindex."""
    floor, used = settings.upkeep.keep_free, sum(p.stat().st_size for p in _files(settings.data))
    free = free_space(_existing(settings.data))
    found = f"{free // MIB} MiB free, krab uses {used // MIB} MiB, and reads only above {floor // MIB} MiB free"
    if free < floor:
        return Finding("room", False, found, "free some space: sources are not read until then")
    return Finding("room", True, found, "" if free > 2 * used else "a reindex may need as much again as krab uses")


def readers(settings: Settings) -> Finding:
    """Whether nobody else on the machine can read questions and keys."""
    mode = stat.S_IMODE(_existing(settings.data).stat().st_mode)
    secret = [path for path in _files(settings.data) if ".db" in path.name or "matrix" in path.parts]
    open_ = [path.name for path in secret if path.stat().st_mode & 0o044]
    if settings.data.exists() and mode & 0o055 and open_:
        advice = f"chmod -R go= {settings.data}"
        return Finding("readers", False, f"others can read {', '.join(sorted(open_)[:3])}", advice)
    return Finding("readers", True, "nobody else can read it")


def serving(settings: Settings) -> Finding:
    """Whether a krab serves this directory just now."""
    if not settings.data.exists():
        return Finding("serving", True, "nothing serves it")
    try:
        with in_use(settings.data):
            return Finding("serving", True, "nothing serves it just now")
    except Unusable:
        return Finding("serving", True, "a krab serves it")


def reindex(settings: Settings) -> Finding:
    """Whether a reindex was begun and left, or is due."""
    databases = Databases(settings)
    if not (settings.store.shared or (databases.folder / "krab.db").exists()):
        return Finding("reindex", True, "none under way")
    try:
        with closing(databases.index()) as database:
            step, live = progress(database), Catalog(database).live()
    except IndexProblem as problem:
        return Finding("reindex", False, str(problem))
    if step is None or step.running:
        former = not settings.embedder and live is not None and live.embedder.startswith(f"{PLAIN}/")
        advice = "an older krab made the index: `krab reindex` lets answers choose their sentences better"
        return Finding("reindex", True, f"at {step.percent} %" if step else "none under way", advice if former else "")
    advice = "`krab reindex` goes on with it, `krab reindex --cancel` gives it up"
    return Finding("reindex", False, f"interrupted at {step.percent} %", advice)


def backup(settings: Settings) -> Finding:
    """Whether copies that were made before upgrades lie about, which take room."""
    copies = [path for path in _files(settings.data) if ".before-" in path.name]
    size = sum(path.stat().st_size for path in copies) // MIB
    advice = f"once the upgrade is well, remove them: {settings.data}/*.before-*" if copies else ""
    return Finding("copies", True, f"{len(copies)} made before upgrades, {size} MiB", advice)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
