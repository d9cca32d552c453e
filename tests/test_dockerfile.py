"""What the container promises: built as everywhere else, run by nobody special, on a read-only disk.

There is no container engine among the tests' peers, so the file is read, not built.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "Dockerfile"
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    text = re.sub(r"^\s*#.*\n", "", FILE.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    words = (line.strip().partition(" ") for line in lines if line.strip())
    return [(name.upper(), rest.strip()) for name, _, rest in words]


def final() -> list[Instruction]:
    every = instructions()
    last = max(i for i, (name, _) in enumerate(every) if name == "FROM")
    return every[last:]


def of(name: str, among: list[Instruction]) -> list[str]:
    return [rest for n, rest in among if n == name]


def copied() -> list[str]:
    here = [rest for rest in of("COPY", instructions()) if "--from=" not in rest]
    return [source for rest in here for source in rest.split()[:-1]]


def environment(among: list[Instruction]) -> dict[str, str]:
    pairs = (pair.partition("=") for rest in of("ENV", among) for pair in rest.split())
    return {name: value for name, _, value in pairs}


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, FILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_runs_as_a_user_with_a_fixed_number_who_is_not_root() -> None:
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", of("USER", final())[-1])


def test_base_images_are_named_with_their_version() -> None:
    assert {rest.split()[0] for rest in of("FROM", instructions())} == {"python:3.11-slim-bookworm"}


def test_no_secret_is_built_in() -> None:
    named = [*environment(instructions()), *of("ARG", instructions())]
    assert not [n for n in named if re.search("TOKEN|SECRET|PASSWORD|KEY|CREDENTIAL", n, re.IGNORECASE)]


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_exists_and_is_let_in(source: str) -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert (ROOT / source).exists()
    assert rules[0] == "*"
    assert any(fnmatch(source.rstrip("/"), rule[1:]) for rule in rules if rule[0] == "!")


@pytest.mark.parametrize("command", of("RUN", instructions()))
def test_each_command_is_sound_shell(command: str) -> None:
    line = re.sub(r"^(--\S+\s+)+", "", command)
    done = subprocess.run(["sh", "-n", "-e"], input=line, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_environment_is_made_as_everywhere_else() -> None:
    assert any("make .venv" in rest for rest in of("RUN", instructions()))


def test_only_the_data_directory_and_tmp_are_written_to() -> None:
    env = environment(final())
    assert env["KRAB_DATA"] == "/data"
    assert of("VOLUME", final()) == ["/data"]
    assert env["PYTHONDONTWRITEBYTECODE"] == "1"
    assert env["HOME"] == "/tmp"
    assert env["HF_HOME"].startswith("/data/")


def test_it_serves_to_the_outside_of_its_container() -> None:
    assert environment(final())["KRAB_WEB_LISTEN"] == "0.0.0.0:8080"
    assert of("EXPOSE", final()) == ["8080"]
    assert json.loads(of("CMD", final())[-1]) == ["krab", "serve"]


def test_its_health_is_asked_for_in_sound_python() -> None:
    check = of("HEALTHCHECK", final())[0]
    command = json.loads(check[check.index("CMD") + 3 :])
    assert command[:2] == ["python", "-c"]
    assert "/healthz" in command[2]
    compile(command[2], "healthcheck", "exec")


def test_git_is_there_to_read_archives() -> None:
    assert any(re.search(r"apt-get install .*\bgit\b", rest) for rest in of("RUN", final()))
