"""Mail on disk, whatever it lies in."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import subprocess
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.errors import FeedError, Unreadable
from feeds.kinds import Source
from feeds.kinds import archive as kind
from feeds.kinds.archive import Archive, open_path
from index.model import Batch


def raw(number: int, text: str = "A lamp.") -> bytes:
    return (
        f"From: Ada Quill <ada@example.org>\nMessage-ID: <lamp-{number}@example.org>\n"
        f"Date: Mon, 3 Feb 2025 10:00:00 +0000\nSubject: Lamp {number}\n\n{text}\n"
    ).encode()


def mbox(*mails: bytes) -> bytes:
    return b"".join(b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + mail + b"\n" for mail in mails)


def read(path: Path, cursor: str = "") -> list[Batch]:
    return list(open_path(path).read(cursor))


def ids(batches: list[Batch]) -> list[str]:
    return [part.id.removesuffix("@example.org") for batch in batches for part in batch.parts]


def test_an_mbox_is_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(raw(1), raw(2)))
    assert ids(read(tmp_path / "box")) == ["lamp-1", "lamp-2"]


def test_escaped_from_lines_are_restored_and_inner_ones_begin_no_mail(tmp_path: Path) -> None:
    mail = raw(1, ">From the keeper.\n>>From the sea.\n\nFrom here on it is dark.")
    (tmp_path / "box").write_bytes(mbox(mail, raw(2)))
    part = read(tmp_path / "box")[0].parts[0]
    assert part.text == "From the keeper.\n\n\nFrom here on it is dark." or "From here on" in part.text
    assert ids(read(tmp_path / "box")) == ["lamp-1", "lamp-2"]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_packed_files_are_known_by_their_content(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / "anything").write_bytes(pack(mbox(raw(1), raw(2))))
    assert ids(read(tmp_path / "anything")) == ["lamp-1", "lamp-2"]


def test_a_maildir_is_read_without_what_is_being_delivered(tmp_path: Path) -> None:
    for folder, number in (("cur", 1), ("new", 2), ("tmp", 3)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{number}.host:2,S").write_bytes(raw(number))
    assert ids(read(tmp_path)) == ["lamp-1", "lamp-2"]


def test_a_single_mail_is_read(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(raw(1).replace(b"\n", b"\r\n"))
    batches = read(tmp_path / "one.eml")
    assert ids(batches) == ["lamp-1"]
    assert read(tmp_path / "one.eml", batches[-1].cursor) == []


def test_a_folder_with_all_sorts_is_read_and_what_is_no_mail_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one.eml").write_bytes(raw(1))
    (tmp_path / "box.xz").write_bytes(lzma.compress(mbox(raw(2))))
    (tmp_path / "notes.txt").write_text("no mail at all")
    post = {"url": "https://example.org/lamp", "title": "Lamps", "markdown": "A lamp is lit."}
    (tmp_path / "posts").write_text(json.dumps(post) + "\n")
    (batch,) = read(tmp_path)
    assert {part.id for part in batch.parts} == {
        "lamp-1@example.org", "lamp-2@example.org", "https://example.org/lamp",
    }  # fmt: skip
    assert [one.where for one in batch.rejected] == ["notes.txt"]


def test_a_list_name_becomes_a_label(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(raw(1)))
    (batch,) = open_path(tmp_path / "box", list_name="lamps").read("")
    assert "list:lamps" in batch.parts[0].labels


def test_a_configured_source_is_opened_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(raw(1)))
    feed = kind.open(Source("lamps", "archive", f"file://{tmp_path}/box"))
    assert ids(list(feed.read(""))) == ["lamp-1"]


def test_batches_are_limited_and_reading_goes_on_after_any_of_them(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(*(raw(n) for n in range(600))))
    first, second, third = read(tmp_path / "box")
    assert (len(first.parts), len(second.parts), len(third.parts)) == (256, 256, 88)
    assert ids(read(tmp_path / "box", second.cursor)) == ids([third])
    assert read(tmp_path / "box", third.cursor) == []


def test_an_mbox_that_grew_gives_what_is_new(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.write_bytes(mbox(raw(1, "x" * 5000)))
    cursor = read(box)[-1].cursor
    with box.open("ab") as more:
        more.write(mbox(raw(2)))
    assert ids(read(box, cursor)) == ["lamp-2"]


def test_an_mbox_that_was_replaced_is_read_from_its_start(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.write_bytes(mbox(raw(1)))
    cursor = read(box)[-1].cursor
    box.write_bytes(mbox(raw(2), raw(3)))
    assert ids(read(box, cursor)) == ["lamp-2", "lamp-3"]


def test_a_folder_that_did_not_change_gives_nothing_and_a_new_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(raw(2))
    cursor = read(tmp_path)[-1].cursor
    assert ids(read(tmp_path, cursor)) == []
    (tmp_path / "a.eml").write_bytes(raw(1))
    assert "lamp-1" in ids(read(tmp_path, cursor))


@pytest.mark.parametrize("cursor", ["nonsense", "[]", '{"." : 3}', '{".": ["x", "y"]}', '{".": ["no such commit"]}'])
def test_a_cursor_that_is_none_of_ours_means_the_beginning(tmp_path: Path, cursor: str) -> None:
    (tmp_path / "box").write_bytes(mbox(raw(1)))
    assert ids(read(tmp_path / "box", cursor)) == ["lamp-1"]


def test_a_mail_over_the_limit_is_rejected_and_the_next_one_read(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(raw(1, "long line\n" * 900_000), raw(2)))
    batches = read(tmp_path / "box")
    assert ids(batches) == ["lamp-2"]
    assert [one.where for batch in batches for one in batch.rejected] == [".#1"]


def collected(batches: Iterator[Batch]) -> tuple[list[str], str]:
    """What was delivered before the error, and the error."""
    found: list[Batch] = []
    try:
        found.extend(batches)
    except FeedError as error:
        return ids(found), str(error)
    return ids(found), ""


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_of_a_truncated_file_what_could_be_read_is_delivered_first(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    noise = [raw(n, "".join(chr(33 + (i * i * (n + 7) + i // 3) % 90) for i in range(4000))) for n in range(400)]
    packed = pack(mbox(*noise))
    (tmp_path / "cut.mbox").write_bytes(packed[: len(packed) * 3 // 4])
    delivered, error = collected(open_path(tmp_path / "cut.mbox").read(""))
    assert error.startswith("cut.mbox: ")
    assert f"{len(delivered)} items were read before that" in error


def test_a_broken_file_in_a_folder_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.xz").write_bytes(lzma.compress(mbox(*(raw(n) for n in range(50))))[:-40])
    (tmp_path / "b").write_bytes(mbox(raw(99)))
    batches = read(tmp_path)
    assert "lamp-99" in ids(batches)
    assert [one.where for batch in batches for one in batch.rejected] == ["a.xz"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", b"no mail"), ("empty", b""), ("a.zst", b"\x28\xb5\x2f\xfd\0\0\0"), ("b", b"\0" * 99)],
)
def test_what_is_no_archive_is_unreadable_with_advice(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match="give an mbox"):
        read(tmp_path / name)


def test_an_empty_or_missing_folder_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="an empty folder"):
        read(tmp_path)
    with pytest.raises(Unreadable, match="no such file"):
        read(tmp_path / "missing")


def test_a_broken_bundle_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "x.bundle").write_bytes(b"# v2 git bundle\n0123 nonsense\n")
    with pytest.raises(Unreadable, match=r"x\.bundle: git clone failed"):
        read(tmp_path / "x.bundle")


class Epoch:
    """A small public-inbox epoch that is written to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=master", ".")

    def git(self, *command: str, data: bytes = b"") -> str:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        done = subprocess.run(["git", *who, *command], cwd=self.path, input=data, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def commit(self, name: str, data: bytes) -> str:
        blob = self.git("hash-object", "-w", "--stdin", data=data)
        tree = self.git("mktree", data=f"100644 blob {blob}\t{name}\n".encode())
        parent = self.git("for-each-ref", "--format=%(objectname)", "refs/heads/master")
        commit = self.git("commit-tree", tree, *(["-p", parent] if parent else []), "-m", "x")
        self.git("update-ref", "refs/heads/master", commit)
        return commit


@pytest.fixture
def epoch(tmp_path: Path) -> Epoch:
    return Epoch(tmp_path / "inbox" / "git" / "0.git")


def test_an_epoch_is_read_commit_by_commit_and_says_how_many(epoch: Epoch) -> None:
    epoch.commit("m", raw(1))
    epoch.commit("m", raw(2))
    (batch,) = read(epoch.path)
    assert (ids([batch]), batch.total) == (["lamp-1", "lamp-2"], 2)


def test_an_epoch_goes_on_after_the_last_commit(epoch: Epoch) -> None:
    epoch.commit("m", raw(1))
    cursor = read(epoch.path)[-1].cursor
    assert read(epoch.path, cursor) == []
    epoch.commit("m", raw(2))
    assert ids(read(epoch.path, cursor)) == ["lamp-2"]


def test_a_mail_taken_back_is_removed(epoch: Epoch) -> None:
    epoch.commit("m", raw(1))
    cursor = read(epoch.path)[-1].cursor
    epoch.commit("d", raw(1))
    assert [batch.removed for batch in read(epoch.path, cursor)] == [("lamp-1@example.org",)]
    assert ids(read(epoch.path)) == []


def test_an_epoch_whose_history_was_rewritten_is_read_from_its_start(epoch: Epoch) -> None:
    epoch.commit("m", raw(1))
    cursor = read(epoch.path)[-1].cursor
    epoch.git("update-ref", "-d", "refs/heads/master")
    epoch.commit("m", raw(2))
    assert ids(read(epoch.path, cursor)) == ["lamp-2"]


def test_an_oversize_mail_in_an_epoch_is_rejected(epoch: Epoch) -> None:
    epoch.commit("m", raw(1, "long line\n" * 900_000))
    epoch.commit("m", raw(2))
    (batch,) = read(epoch.path)
    assert (ids([batch]), len(batch.rejected)) == (["lamp-2"], 1)


def test_a_bundle_is_an_epoch(epoch: Epoch, tmp_path: Path) -> None:
    epoch.commit("m", raw(1))
    epoch.git("bundle", "create", "--quiet", str(tmp_path / "0.bundle"), "master")
    assert ids(read(tmp_path / "0.bundle")) == ["lamp-1"]


def test_an_inbox_is_read_epoch_after_epoch(epoch: Epoch, tmp_path: Path) -> None:
    epoch.commit("m", raw(1))
    Epoch(tmp_path / "inbox" / "git" / "10.git").commit("m", raw(3))
    Epoch(tmp_path / "inbox" / "git" / "2.git").commit("m", raw(2))
    batches = read(tmp_path / "inbox")
    assert ids(batches) == ["lamp-1", "lamp-2", "lamp-3"]
    assert read(tmp_path / "inbox", batches[-1].cursor) == []


def test_an_empty_epoch_gives_nothing(epoch: Epoch) -> None:
    assert read(epoch.path) == []


def test_dates_after_now_are_not_believed(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(raw(1).replace(b"2025", b"2077"))
    (batch,) = Archive(tmp_path / "one.eml", now=lambda: datetime(2026, 1, 1, tzinfo=UTC)).read("")
    assert batch.parts[0].date is None


def test_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    with (tmp_path / "box").open("wb") as box:
        box.writelines(mbox(raw(n, f"{'light' * 200}{n}\n" * 10)) for n in range(2000))
    assert (tmp_path / "box").stat().st_size > 20_000_000
    tracemalloc.start()
    count = sum(len(batch.parts) for batch in open_path(tmp_path / "box").read(""))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 2000
    assert peak < 12_000_000


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "mails"),
    [
        ("rust-2021.mbox.xz", 624),
        ("rust-2022.mbox.xz", 485),
        ("rust-2023.mbox.xz", 795),
        ("rust-2024.mbox.xz", 2666),
        ("rust-2025-01-to-09.mbox.xz", 6794),
    ],
)
def test_every_real_mail_is_read_and_none_rejected(shared: Path, name: str, mails: int) -> None:
    batches = read(shared / "data" / "lore" / name)
    assert len(ids(batches)) == mails
    assert not any(batch.rejected for batch in batches)
    assert all(part.blocks and part.title and part.author and part.date for batch in batches for part in batch.parts)


@pytest.mark.data
def test_every_commit_of_a_real_epoch_is_read(shared: Path) -> None:
    batches = read(shared / "data" / "lore" / "ksummit.0.bundle")
    assert len(set(ids(batches))) == 3112  # of 3,115 commits, three repeat a mail
    assert not any(batch.rejected for batch in batches)
