"""The command line as a person meets it: in a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.public_inbox import mail
from tests.web_server import Answer, web_server

MAIL = b"""From mboxrd@z Thu Jan  1 00:00:00 1970
From: Ada Example <ada@example.org>
Date: Tue, 3 Jun 2025 10:00:00 +0000
Message-ID: <frobnicator-1@example.org>
Subject: [PATCH v2 0/2] rust: frobnicator: add the frobnicator abstraction

The frobnicator abstraction lets a driver turn its knobs without unsafe code.

Every knob needs a bound device, since the device may go away at any time.

"""


class Run:
    """What a command did."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self) -> dict[str, object]:
        parsed: dict[str, object] = json.loads(self.out)
        return parsed


# In an index of a single mail no word is rare, so krab may be cautious about the right answer.
SAID = ("answered", "weak")

Krab = Callable[..., Run]


@pytest.fixture
def krab(tmp_path: Path) -> Krab:
    """Run a krab command on a data directory of the test's own."""

    def run(*arguments: str, config: str = "starter_notes = false\nsources = []\n") -> Run:
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / "krab.toml").write_text(config)
        environment = {**os.environ, "KRAB_DATA": str(tmp_path / "data")}
        command = [sys.executable, "-m", "bot", *arguments]
        return Run(subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False))

    return run


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive.mbox"
    path.write_bytes(MAIL)
    return path


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, runpy\nsys.argv = ['krab', '--help']\n"
        "try: runpy.run_module('bot', run_name='__main__')\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'faiss', 'tantivy', 'onnxruntime', 'aiohttp', 'nio', 'slack_bolt', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_was_imported_answers_with_a_citation_of_its_mail(krab: Krab, archive: Path) -> None:
    krab("import", str(archive))
    answer = krab("ask", "--json", "what does a frobnicator knob need?").json
    assert answer["status"] in SAID
    assert "bound device" in str(answer["text"])
    assert answer["sources"][0]["id"] == "frobnicator-1@example.org"  # type: ignore[index]


def test_importing_again_finds_everything_known(krab: Krab, archive: Path) -> None:
    krab("import", str(archive))
    assert krab("import", "--json", str(archive)).json["unchanged"] == 1


def test_a_file_that_grew_is_read_again(krab: Krab, archive: Path) -> None:
    krab("import", str(archive))
    archive.write_bytes(MAIL + MAIL.replace(b"frobnicator-1", b"frobnicator-2"))
    counts = krab("import", "--json", str(archive)).json
    assert (counts["new"], counts["unchanged"]) == (1, 1)


def test_everything_cited_can_be_verified(krab: Krab, archive: Path) -> None:
    krab("import", str(archive))
    krab("ask", "what does a frobnicator knob need?")
    verdict = krab("verify", "--json").json
    assert verdict["citations"] == verdict["verbatim"] != 0


def test_a_question_nobody_answers_is_refused(krab: Krab, archive: Path) -> None:
    krab("import", str(archive))
    assert krab("ask", "--json", "how long do I boil potatoes for gnocchi?").json["status"] in (
        "not_found",
        "out_of_scope",
    )


def test_a_batch_keeps_its_order_and_its_follow_ups(krab: Krab, archive: Path, tmp_path: Path) -> None:
    krab("import", str(archive))
    batch = tmp_path / "batch.jsonl"
    rows = [
        {"id": "a", "question": "what does the frobnicator abstraction do?"},
        {"id": "b", "question": "and what does every knob of it need?", "followup_of": "a"},
    ]
    batch.write_text("\n".join(map(json.dumps, rows)))
    lines = krab("ask", "--batch", str(batch), "--json").out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["a", "b"]
    assert "bound device" in json.loads(lines[1])["text"]


def test_a_reader_who_has_seen_enough_is_no_error(krab: Krab, archive: Path, tmp_path: Path) -> None:
    krab("import", str(archive))
    command = [sys.executable, "-m", "bot", "search", "frobnicator"]
    environment = {**os.environ, "KRAB_DATA": str(tmp_path / "data")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    assert process.stdout
    process.stdout.close()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")


def test_search_says_why(krab: Krab, archive: Path) -> None:
    krab("import", str(archive))
    found = json.loads(krab("search", "--json", "-k", "1", "frobnicator knobs").out)
    assert {"cosine", "bm25", "meaning", "words"} <= set(found[0]["why"])


def test_another_embedder_asks_for_a_reindex_and_gets_it(krab: Krab, archive: Path) -> None:
    from index.embed import weights

    krab("import", str(archive))
    other = f'starter_notes = false\nsources = []\n[index]\nembedder = "{weights()}"\n'
    refused = krab("ask", "frobnicator knobs?", config=other)
    assert (refused.status, "krab reindex" in refused.err) == (1, True)
    assert krab("reindex", config=other).status == 0
    assert krab("ask", "--json", "what does a frobnicator knob need?", config=other).json["status"] in SAID


def test_a_corrupt_vector_file_is_rebuilt(krab: Krab, archive: Path, tmp_path: Path) -> None:
    krab("import", str(archive))
    (tmp_path / "data" / "vectors-1.faiss").write_bytes(b"garbage")
    assert krab("ask", "--json", "what does a frobnicator knob need?").json["status"] in SAID


@pytest.mark.parametrize(
    ("arguments", "config", "status", "words"),
    [
        (("ask", "x"), "[web]\nlissten = '1:1'\n", 2, "did you mean 'listen'"),
        (("ask", "x"), "[slack]\nbot_token = 'xoxb'\n", 2, "secrets come from the environment"),
        (("ask", "--as-of", "June", "x"), "", 2, "YYYY-MM-DD"),
        (("import", "/nonexistent/archive.mbox"), "", 1, "/nonexistent/archive.mbox"),
        (("eval", "/nonexistent/questions.jsonl"), "", 1, "cannot read"),
        (("poll", "no-such-source"), "", 2, "no-such-source"),
        (("--data", "/proc/krab", "status"), "", 1, "data directory"),
    ],
)
def test_bad_input_is_one_clear_line(
    krab: Krab, arguments: tuple[str, ...], config: str, status: int, words: str
) -> None:
    done = krab(*arguments, config=config)
    assert (done.status, done.err.count("\n")) == (status, 1)
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_database_of_a_newer_version_is_left_alone(krab: Krab, archive: Path, tmp_path: Path) -> None:
    import sqlite3

    krab("import", str(archive))
    with sqlite3.connect(tmp_path / "data" / "krab.db") as database:
        database.execute("UPDATE schema SET version = 999 WHERE component = 'catalog'")
    database.close()
    done = krab("ask", "frobnicator?")
    assert (done.status, "upgrade krab" in done.err) == (1, True)


def test_the_doctor_finds_a_fresh_directory_sound(krab: Krab) -> None:
    done = krab("doctor")
    assert (done.status, "BAD" in done.out) == (0, False)


def test_a_question_that_names_an_unknown_mail_gets_its_thread_first(krab: Krab) -> None:
    name = "crab-1@mail.example.org"
    with web_server() as web:
        box = b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + mail(1, 1_750_000_000.0).replace(b"\nFrom ", b"\n>From ")
        web.routes[f"/crabs/{name}/t.mbox.gz"] = Answer(gzip.compress(box))
        source = f'[[sources]]\nname = "crabs"\nkind = "lore"\nurl = "{web.url}/crabs"\n'
        config = f'starter_notes = false\n{source}[fetch]\nallow_private = ["127.0.0.1"]\n'
        for _ in range(2):
            asked = krab(
                "ask", "--json", f"What does {web.url}/crabs/{name}/ say of the shell of a crab?", config=config
            )
    assert name in asked.json["retrieved"]  # type: ignore[operator]
    assert web.paths() == [f"/crabs/{name}/t.mbox.gz"]


def test_a_question_that_names_a_mail_is_answered_without_its_archive(krab: Krab) -> None:
    source = '[[sources]]\nname = "crabs"\nkind = "lore"\nurl = "http://127.0.0.1:1/crabs"\n'
    config = f'starter_notes = false\n{source}[fetch]\nallow_private = ["127.0.0.1"]\n'
    asked = krab("ask", "--json", "Was <lamp-1@example.org> applied?", config=config)
    assert (asked.status, asked.json["retrieved"]) == (0, [])
