"""What the project promises about itself: that its papers agree with its code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["setuptools"]["packages"]
DATA = PROJECT["tool"]["setuptools"]["package-data"]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("command", ["make run", "make test"])
def test_the_readme_names_the_command(command: str) -> None:
    assert command in (ROOT / "README.md").read_text()


def test_krab_tells_the_version_of_the_project() -> None:
    done = subprocess.run([sys.executable, "-m", "bot", "--version"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["krab", PROJECT["project"]["version"]]


@pytest.mark.parametrize("name", ["bot", "bot/chat", "bot/wiring", "index", "index/stores", "feeds", "feeds/kinds"])
def test_each_package_of_the_layout_says_what_it_is(name: str) -> None:
    assert (ROOT / name / "__init__.py").read_text().startswith('"""')


@pytest.mark.parametrize("name", ["docs", ".ci", "tests/contracts", "tests/evaluation", "tests/e2e"])
def test_each_other_folder_of_the_layout_is_there(name: str) -> None:
    assert (ROOT / name).is_dir()


def test_each_package_is_installed() -> None:
    found = {".".join(p.parent.relative_to(ROOT).parts) for top in ("bot", "index", "feeds") for p in _inits(top)}
    assert found == set(PACKAGES)


def test_each_file_that_is_no_code_is_installed() -> None:
    files = {p for top in ("bot", "index", "feeds") for p in tracked() if p.is_relative_to(ROOT / top)}
    declared = {p for package, globs in DATA.items() for g in globs for p in (ROOT / package.replace(".", "/")).glob(g)}
    assert {p for p in files if p.suffix not in (".py", ".pyi") and p.name != "py.typed"} <= declared


def test_no_file_names_a_place_on_a_developers_machine() -> None:
    # The words are put together here, or this file would name them.
    place = re.compile("(?<![\\w.])/(" + "|".join(("root", "home/[a-z]", "Users/[A-Z]")) + ")")
    guilty = [str(path.relative_to(ROOT)) for path in tracked() if place.search(_text(path))]
    assert guilty == []


def test_every_dependency_is_locked() -> None:
    lock = (ROOT / "requirements.lock").read_text().lower().replace("_", "-")
    names = [re.split(r"[\[<>=~! ]", d)[0].lower().replace("_", "-") for d in PROJECT["project"]["dependencies"]]
    assert [n for n in names if not re.search(rf"^{re.escape(n)}(\[[^]]*\])?==", lock, re.MULTILINE)] == []


def test_every_locked_file_is_checked_by_hash() -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text().strip())
    assert [e.split()[0] for e in entries if "==" in e.split()[0] and "--hash=sha256:" not in e] == []


def test_the_ci_script_can_be_run_and_is_sound() -> None:
    script = ROOT / ".ci" / "run"
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert script.stat().st_mode & 0o111


def _inits(top: str) -> list[Path]:
    return list((ROOT / top).rglob("__init__.py"))


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")
