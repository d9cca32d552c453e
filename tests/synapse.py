"""A real homeserver for tests: Synapse in an environment of its own, on a free loopback port, with SQLite.

Rules of this file: installed once into a cache outside the project; talks to nobody (no federation, no key
servers, no statistics); every limit that would slow a test down is lifted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.peers import environment, free_port

VERSION = "1.163.2"
SERVER = "localhost"
START_SECONDS = 60
UNLIMITED = {"per_second": 10_000, "burst_count": 10_000}


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the test homeserver."""

    user: str
    password: str
    token: str
    device: str


def install() -> Path:
    """The Python that has Synapse. Raises NotInstalled with the reason."""
    return environment(f"synapse-{VERSION}", f"matrix-synapse=={VERSION}") / "bin" / "python"


class Synapse:
    """One homeserver process; stopped and started again it is the same homeserver."""

    def __init__(self, python: Path, folder: Path, **settings: object) -> None:
        """``settings`` go into its configuration besides ours."""
        self._python = python
        self._folder = folder
        self._secret = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._users = 0
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        (folder / "homeserver.yaml").write_text(yaml.safe_dump({**self._config(port), **settings}))

    def start(self) -> None:
        """Run, and return when it answers."""
        command = [str(self._python), "-m", "synapse.app.homeserver", "-c", str(self._folder / "homeserver.yaml")]
        with (self._folder / "synapse.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Synapse did not start: {(self._folder / 'synapse.log').read_text()[-2000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it, politely first."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def account(self, name: str = "user") -> Account:
        """A fresh user, whose id starts with ``name``."""
        self._users += 1
        user, password = f"{name}{self._users}", secrets.token_hex(8)
        nonce = self._call("GET", "/_synapse/admin/v1/register")["nonce"]
        words = "\0".join((nonce, user, password, "notadmin"))
        mac = hmac.new(self._secret.encode(), words.encode(), hashlib.sha1).hexdigest()
        wish = {"nonce": nonce, "username": user, "password": password, "admin": False, "mac": mac, "displayname": name}
        made = self._call("POST", "/_synapse/admin/v1/register", wish)
        return Account(made["user_id"], password, made["access_token"], made["device_id"])

    def _call(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, str]:
        data = json.dumps(body).encode() if body else None
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, method=method), timeout=20) as answer:
            found: dict[str, str] = json.load(answer)
            return found

    def _answers(self) -> bool:
        try:
            return bool(self._call("GET", "/_matrix/client/versions"))
        except (urllib.error.URLError, OSError):
            return False

    def _config(self, port: int) -> dict[str, object]:
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        listener = {
            "port": port,
            "type": "http",
            "tls": False,
            "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": ["client"]}],
        }
        return {
            "server_name": SERVER,
            "listeners": [listener],
            "database": {"name": "sqlite3", "args": {"database": str(self._folder / "homeserver.db")}},
            "media_store_path": str(self._folder / "media"),
            "pid_file": str(self._folder / "pid"),
            "signing_key": f"ed25519 a_test {key}",
            "macaroon_secret_key": secrets.token_hex(16),
            "form_secret": secrets.token_hex(16),
            "registration_shared_secret": self._secret,
            "bcrypt_rounds": 4,
            "report_stats": False,
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "federation_domain_whitelist": [],
            "presence": {"enabled": False},
            "rc_message": UNLIMITED,
            "rc_registration": UNLIMITED,
            "rc_admin_redaction": UNLIMITED,
            "rc_room_creation": UNLIMITED,
            "rc_joins": {"local": UNLIMITED, "remote": UNLIMITED},
            "rc_joins_per_room": UNLIMITED,
            "rc_login": {"address": UNLIMITED, "account": UNLIMITED, "failed_attempts": UNLIMITED},
            "rc_invites": {"per_room": UNLIMITED, "per_user": UNLIMITED, "per_issuer": UNLIMITED},
        }
