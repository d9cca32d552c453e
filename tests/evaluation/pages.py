"""Lighthouse over the web page: ``python -m tests.evaluation.pages --data DIR``.

A real ``krab serve`` over a copy of DIR (or over the starter notes) and Google's Lighthouse in Debian's Chromium, as
on a middling phone with slow 4G, which is Lighthouse's own default. Node and Chromium must be there; Lighthouse is
installed into ``--tools`` on first use.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.peers import free_port

LIGHTHOUSE = "lighthouse@12.8.2"
CHROMIUM = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking"
QUESTION, SERIES = "Why does a DMA allocation need a bound device?", "nova-core"
SCORES = ("performance", "accessibility", "best-practices")  # seo asks for pages that krab hides from search engines
LINE = "{:<10} {:>4} {:>4} {:>4} {:>9} {:>4} {:>8} {:>8} {:>8} {:>6}"
HEAD = ("page", "perf", "a11y", "best", "bytes", "reqs", "FCP s", "LCP s", "TBT ms", "CLS")


@contextmanager
def serving(data: str) -> Iterator[str]:
    """The address of a krab that serves a copy of ``data`` and polls nothing."""
    with tempfile.TemporaryDirectory() as folder:
        own, listen = Path(folder) / "data", f"127.0.0.1:{free_port()}"
        shutil.copytree(data, own) if data else own.mkdir()
        config = Path(folder) / "krab.toml"
        config.write_text(f'sources = []\n[web]\nlisten = "{listen}"\n')
        command = [sys.executable, "-m", "bot", "serve", "--data", str(own), "--config", str(config)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
            try:
                _wait(f"http://{listen}/readyz")
                yield f"http://{listen}"
            finally:
                server.terminate()


def _wait(address: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("krab does not serve")


def pages(home: str) -> Mapping[str, str]:
    """The pages that a reader sees, with something on them: a quote of an answer in its place, the newest digest."""
    asked = urllib.parse.urlencode({"q": QUESTION})
    with urllib.request.urlopen(f"{home}/api/ask?{asked}", timeout=60) as response:
        source = json.load(response)["sources"][0]
    quoted = urllib.parse.urlencode({"id": source["id"], "q": source["quote"]})
    series = urllib.parse.urlencode({"q": SERIES})
    found = {"home": "/", "answer": f"/ask?{asked}", "quote": f"/part?{quoted}", "series": f"/series?{series}"}
    return found | {"digests": "/digests", "digest": _newest(home), "sources": "/sources"}


def _newest(home: str) -> str:
    with urllib.request.urlopen(f"{home}/digests", timeout=60) as response:
        page = response.read().decode()
    weeks = sorted(part[:8] for part in page.split('"/digests/')[1:])
    return f"/digests/{weeks[-1]}" if weeks else "/digests"


def installed(tools: Path) -> Path:
    """Lighthouse, installed if it is not yet."""
    program = tools / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        tools.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(tools), LIGHTHOUSE], check=True)
    return program


def audited(lighthouse: Path, address: str) -> Mapping[str, Any]:
    """What Lighthouse says of a page."""
    command = [str(lighthouse), address, "--output=json", "--quiet", "--no-enable-error-reporting"]
    command += [f"--chrome-flags={CHROMIUM}", f"--only-categories={','.join(SCORES)}"]
    environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    done = subprocess.run(command, check=True, capture_output=True, env=environment, timeout=300)
    report: Mapping[str, Any] = json.loads(done.stdout)
    return report


def line(name: str, report: Mapping[str, Any]) -> str:
    """Its figures."""
    audits, scores = report["audits"], [round(100 * report["categories"][key]["score"]) for key in SCORES]

    def figure(audit: str, scale: float = 1.0) -> float:
        return float(audits[audit]["numericValue"]) / scale

    requests = len(audits["network-requests"]["details"]["items"])
    first, largest = figure("first-contentful-paint", 1000), figure("largest-contentful-paint", 1000)
    blocked, moved = figure("total-blocking-time"), figure("cumulative-layout-shift")
    times = (f"{first:.2f}", f"{largest:.2f}", f"{blocked:.0f}", f"{moved:.3f}")
    return LINE.format(name, *scores, f"{figure('total-byte-weight'):,.0f}", requests, *times)


def failed(report: Mapping[str, Any]) -> Sequence[str]:
    """What Lighthouse wants otherwise, apart from what it only remarks."""
    wanted = {ref["id"] for key in SCORES[1:] for ref in report["categories"][key]["auditRefs"] if ref["weight"]}
    return [audit["title"] for id_, audit in report["audits"].items() if id_ in wanted and audit["score"] == 0]


def main() -> None:
    """Measure every page, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="")
    parser.add_argument("--tools", type=Path, default=Path("build/lighthouse"))
    options = parser.parse_args()
    lighthouse = installed(options.tools)
    print(LINE.format(*HEAD))
    with serving(options.data) as home:
        for name, path in pages(home).items():
            report = audited(lighthouse, home + path)
            print(line(name, report), flush=True)
            for title in failed(report):
                print(f"           wants: {title}", flush=True)


if __name__ == "__main__":
    main()
