"""A real Milvus cluster for tests, on one machine: etcd, a broker and eight roles, two of them query nodes.

Rules of this file: the server comes from its package, etcd from Debian; the broker is librdkafka's own stand-in
for Kafka, which keeps the last 5 MiB of each partition in memory and forgets the rest. Everything listens on loopback
and dies with the process that started it, however that ends.

Run as a program (``python -m tests.milvus_cluster``) it starts a cluster, prints its address and its folder, and
ends with Ctrl+C.
"""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.peers import NotInstalled, environment, free_port

VERSION = "2.3.5"
START_SECONDS = 90
ROLES = ("rootcoord", "datacoord", "querycoord", "proxy", "datanode", "indexnode")
QUERY_NODES = 2
FOLDER = "KRAB_TEST_CLUSTER"  # in the environment of each process: the folder of its cluster
# The stand-in lives as long as its standard input is open.
BROKER = """
import sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
[broker] = producer.list_topics(timeout=10).brokers.values()
print(f"{broker.host}:{broker.port}", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Programs:
    """What a cluster is made of: the server's folder, a Python with the broker, etcd."""

    milvus: Path
    python: Path
    etcd: Path


def install() -> Programs:
    """The programs. Raises NotInstalled with the reason."""
    etcd = shutil.which("etcd")
    if etcd is None:
        raise NotInstalled("etcd is absent: apt-get install etcd-server")
    home = environment(f"milvus-{VERSION}", f"milvus=={VERSION}", "confluent-kafka", finish=_unpack)
    return Programs(home / "server", home / "bin" / "python", Path(etcd))


def _unpack(home: Path) -> None:
    [data] = home.glob("lib/python*/site-packages/milvus/data")
    server = home / "server"
    server.mkdir()
    for packed in (data / "bin").glob("*.lzma"):
        with lzma.open(packed) as source, (server / packed.stem).open("wb") as target:
            shutil.copyfileobj(source, target)
        packed.unlink()
    (server / "milvus").chmod(0o755)
    shutil.copy(data / "glog.conf", server)


@dataclass
class Cluster:
    """A cluster in ``folder``; ``url`` is its proxy. Stopped, it is gone: the broker remembers nothing."""

    programs: Programs
    folder: Path
    settings: Mapping[str, object] = field(default_factory=dict)  # go into its configuration besides ours
    url: str = ""
    _running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _health: dict[str, int] = field(default_factory=dict)  # the port where each role tells of itself

    def start(self) -> None:
        """Run everything, and return when it is healthy."""
        etcd = self._start_etcd()
        config = self.folder / "config"
        config.mkdir(parents=True)
        shutil.copy(self.programs.milvus / "glog.conf", config)
        (config / "milvus.yaml").write_text(yaml.safe_dump(self._config(etcd, self._start_broker())))
        for role in ROLES:
            self._start_role(role, role)
        for number in range(QUERY_NODES):
            self.start_query_node(number)
        self._await_health()

    def stop(self) -> None:
        """End everything at once: nothing in it is worth keeping."""
        for process in self._running.values():
            process.kill()
        for process in self._running.values():
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
        self._running.clear()

    def kill_query_node(self, number: int = 0) -> None:
        """Kill a query node with SIGKILL, as a machine that is gone."""
        node = self._running.pop(f"querynode{number}")
        node.kill()
        node.wait()

    def start_query_node(self, number: int = 0) -> None:
        """Start a query node, again when it was killed."""
        self._start_role("querynode", f"querynode{number}")

    def kill_proxy(self) -> None:
        """Kill the only door with SIGKILL: the cluster can't be reached."""
        proxy = self._running.pop("proxy")
        proxy.kill()
        proxy.wait()

    def start_proxy(self) -> None:
        """Start the door again, at the same address, and return when all is healthy."""
        self._start_role("proxy", "proxy")
        self._await_health()

    def memory(self) -> int:
        """Bytes of RAM that all processes hold together."""
        return sum(map(resident, self.processes()))

    def processes(self) -> list[int]:
        """The ids of all its processes, also when another program started them."""
        begun = [path for path in Path("/proc").glob("[0-9]*/environ") if _mentions(path, str(self.folder))]
        return [int(path.parent.name) for path in begun]

    def disk(self) -> int:
        """Bytes on disk."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".log")
        return sum(path.stat().st_size for path in files)

    def _start_etcd(self) -> str:
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        told = {
            "data-dir": str(self.folder / "etcd"),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
        }
        self._run("etcd", [str(self.programs.etcd), *(f"--{key}={value}" for key, value in told.items())], {})
        return client

    def _start_broker(self) -> str:
        process = self._run("broker", [str(self.programs.python), "-c", BROKER], {})
        assert process.stdout
        return process.stdout.readline().strip()

    def _start_role(self, role: str, name: str) -> None:
        self._health[name] = free_port()
        ports = {f"{role.upper()}_PORT": free_port(), "METRICS_PORT": self._health[name]}
        if role == "proxy":
            port = int(self.url.rpartition(":")[2] or ports["PROXY_PORT"])
            ports |= {"PROXY_PORT": port, "PROXY_INTERNALPORT": free_port()}
            self.url = f"http://127.0.0.1:{port}"
        told = {
            f"{role.upper()}_IP": "127.0.0.1",
            "LD_LIBRARY_PATH": str(self.programs.milvus),
            "MILVUSCONF": str(self.folder / "config"),
            "MILVUS_RUN_DIR": str(self.folder / "run"),
        }
        environ = told | {key: str(port) for key, port in ports.items()}
        self._run(name, [str(self.programs.milvus / "milvus"), "run", role], environ)

    def _run(self, name: str, command: list[str], environ: Mapping[str, str]) -> subprocess.Popen[str]:
        folder = self.folder / "work" / name
        folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            # Whatever happens to us, none of them is left behind.
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                cwd=folder,
                env={**os.environ, **environ, FOLDER: str(self.folder)},
                stdin=subprocess.PIPE if name == "broker" else subprocess.DEVNULL,
                stdout=subprocess.PIPE if name == "broker" else log,
                stderr=log,
                text=True,
            )
        self._running[name] = process
        return process

    def _config(self, etcd: str, broker: str) -> dict[str, object]:
        ours: dict[str, object] = {
            "etcd": {"endpoints": etcd.removeprefix("http://"), "rootPath": "krab", "use": {"embed": False}},
            "mq": {"type": "kafka"},
            # What the broker has goes out at once, and is not collected for half a second.
            "kafka": {
                "brokerList": broker,
                "saslUsername": "",
                "securityProtocol": "",
                "consumer": {"fetch.wait.max.ms": 10},
                "producer": {"queue.buffering.max.ms": 1},
            },
            "localStorage": {"path": str(self.folder / "data")},
            # A node that was killed is noticed when its session has run out.
            "common": {"storageType": "local", "session": {"ttl": 5}, "gracefulTime": 5000},
            "proxy": {"timeTickInterval": 50},  # milliseconds: what "Strong" waits for, and tests do all the time
            "log": {"level": "warn", "stdout": True},
        }
        return ours | dict(self.settings)

    def _await_health(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while sick := [name for name in self._running if name in self._health and not _answers(self._health[name])]:
            ended = [name for name, process in self._running.items() if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                name = (ended or sick)[0]
                raise RuntimeError(f"Milvus did not start: {name}: {(self.folder / f'{name}.log').read_text()[-2000:]}")
            time.sleep(0.2)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.read() == b"OK")
    except (urllib.error.URLError, OSError):
        return False


def _mentions(environ: Path, folder: str) -> bool:
    try:
        return f"{FOLDER}={folder}\0".encode() in environ.read_bytes()
    except OSError:
        return False  # it has ended, or is not ours


def resident(pid: int) -> int:
    """Bytes of RAM that a process holds; what it shares with others counts in parts."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """Start a cluster and hold it until somebody has had enough."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(install(), Path(folder))
        try:
            cluster.start()
            print(cluster.url, folder, flush=True)  # noqa: T201 - a program
            while True:
                time.sleep(60)
        except KeyboardInterrupt:
            pass
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
