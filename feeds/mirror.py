"""A bare git mirror of one public-inbox epoch, kept up to date. ``feeds.epoch`` reads it.

git talks to the net by itself, so it gets what the guard would allow and no more: the address is resolved
and checked here and pinned for git's connection (``http.curloptResolve``), redirects are off, no protocol
but http(s), no prompts, no proxy, no configuration but ours.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from feeds.errors import Refused, Unreachable
from feeds.fetch import Client

PATIENCE = 3_600.0  # seconds for one fetch: a first one may move hundreds of megabytes
STATUS = re.compile(r"returned error: ([1-5][0-9]{2})\b")
KEPT = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")  # of the environment


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of the history is fetched: a new mirror's newest ``depth`` commits (0: all), ``deepen`` more than
    there are, or with ``whole`` whatever an earlier, shallower fetch left out. What is new always comes.
    """

    depth: int = 0
    deepen: int = 0
    whole: bool = False

    def options(self, folder: Path, *, new: bool) -> tuple[str, ...]:
        """What git is told."""
        if new:
            return (f"--depth={self.depth}",) if self.depth else ()
        if not shallow(folder):
            return ()
        if self.whole:
            return ("--unshallow",)
        return (f"--deepen={self.deepen}",) if self.deepen else ()


EVERYTHING = Extent(whole=True)


def shallow(folder: Path) -> bool:
    """Whether older commits than those in ``folder`` were left out."""
    return (folder / "shallow").exists()


def update(folder: Path, url: str, client: Client, extent: Extent = EVERYTHING, *, forwards: bool = False) -> None:
    """Fetch what is new at ``url`` into ``folder``, made when absent. Interrupted, it leaves what was there.

    ``forwards`` takes nothing that is not ahead of what is there: a copy may lag behind.
    """
    network = _network(url, client)
    if not (folder / "HEAD").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _git(folder, "init", "--quiet", "--bare", "--initial-branch=master", ".")
    new = not any((folder / place).exists() for place in ("refs/heads/master", "packed-refs"))
    force = () if forwards else ("--force",)
    how = ("--quiet", "--no-tags", *force, *extent.options(folder, new=new))
    _git(folder, *network, "fetch", *how, "--", url, "HEAD:refs/heads/master")


def _git(folder: Path, *arguments: str) -> None:
    program = shutil.which("git")
    if not program:
        raise Refused("git is not installed; install it, or write #http behind the source's url")
    try:
        done = subprocess.run(  # noqa: S603 (no shell, the URL is checked)
            (program, *arguments), cwd=folder, env=_environment(folder), capture_output=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired as error:
        raise Unreachable(f"git did not finish within {PATIENCE:.0f} seconds") from error
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace")
        if "does not support shallow" in words:
            raise Refused("this server can't give the newest mails alone; write #git for all of them, or #http")
        said, status = words.strip().splitlines(), STATUS.search(words)
        reason = said[-1] if said else f"exit {done.returncode}"
        raise Unreachable(f"git: {reason}", status=int(status[1]) if status else 0)


def _network(url: str, client: Client) -> tuple[str, ...]:
    target = client.guard.check(url)
    host, port = target.raw_host.decode("ascii"), target.port or (443 if target.scheme == "https" else 80)
    addresses = ",".join(f"[{a}]" if ":" in a else a for a in client.guard.addresses(host, port))
    options = (
        f"http.curloptResolve={host}:{port}:{addresses}",
        "http.followRedirects=false",
        "http.proxy=",
        "http.lowSpeedLimit=100",
        "http.lowSpeedTime=60",
        f"http.userAgent={client.manners.user_agent}",
        "credential.helper=",
        "core.hooksPath=/dev/null",
        "protocol.allow=never",
        "protocol.http.allow=always",
        "protocol.https.allow=always",
    )
    return tuple(argument for option in options for argument in ("-c", option))


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    ours = {
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
        "LC_ALL": "C",
    }
    return {**kept, **ours}
