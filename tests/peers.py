"""Where the real peers of tests come from: an environment of its own each, installed once outside the project."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

INSTALL_SECONDS = 300


class NotInstalled(Exception):
    """A peer can't be had here; ``str(error)`` says why."""


def cache() -> Path:
    """Where installed peers are kept between test runs."""
    return Path(os.environ.get("KRAB_TEST_CACHE", Path.home() / ".cache" / "krab-tests"))


def environment(name: str, *packages: str, finish: Callable[[Path], None] = lambda _: None) -> Path:
    """A virtual environment with ``packages`` (pip's options may go before them). Raises NotInstalled with the reason.

    ``finish`` does what remains to be done once they are there.
    """
    home = cache() / name
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / ".complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            _install(home, packages)
            finish(home)
            (home / ".complete").touch()
    return home


def _install(home: Path, packages: tuple[str, ...]) -> None:
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wanted = " ".join(packages)
    try:
        subprocess.run([sys.executable, "-m", "venv", home], check=True, capture_output=True, timeout=INSTALL_SECONDS)
        subprocess.run([*pip, *packages], check=True, capture_output=True, timeout=INSTALL_SECONDS)
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise NotInstalled(f"pip can't install {wanted}: {reason}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(f"{wanted} can't be installed: {error}") from error


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
