"""Mail and posts on disk, whatever they lie in: found out by content, never by name.

An mbox, a maildir, single mails, a public-inbox epoch (repository or bundle), a whole inbox, posts as
JSON Lines, packed or not, or a folder with all of these. Containers (many items in one place) come
first, each with a place of its own in the cursor: an epoch's is its last commit, a file's is a digest
of its start, the number of items delivered and, once it was read to the end, its size. Single mails
follow as one row, whose digest covers names, sizes and times: any change reads the row again, which
is safe because storing is idempotent. In a folder, what is broken harms nothing else. Readers only find
mails; ``feeds.workers`` has them parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from feeds import epoch, mbox, sniff, workers
from feeds.delivery import Item, State, batches, cursor
from feeds.errors import FeedError, Unreadable
from feeds.kinds import Feed, Source
from feeds.parsing import Found, Way, item
from index.model import Batch, Part, Rejected

if TYPE_CHECKING:
    from feeds.fetch import Client

ROW = "*"
ADVICE = "give an mbox, a maildir, .eml files, a public-inbox epoch (bare repository or bundle) or posts as .jsonl"


def open(source: Source, client: Client | None = None) -> Feed:  # noqa: A001 - the name every kind has
    """The feed of a configured source: ``url`` is a path, or a ``file://`` address."""
    return open_path(Path(source.url.removeprefix("file://")).expanduser())


def open_path(path: Path, *, list_name: str = "") -> Feed:
    """The feed of whatever lies at ``path``; ``list_name`` says which mailing list it is."""
    return Archive(path, (f"list:{list_name}",) if list_name else ())


@dataclass(frozen=True, slots=True)
class Archive:
    """A place on disk. ``now`` bounds the dates of mails that no Received header dates."""

    path: Path
    labels: tuple[str, ...] = ()
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def read(self, after: str) -> Iterator[Batch]:
        """Everything after the cursor, in batches. Raises ``Unreadable`` when nothing here is ours to read."""
        if not self.path.exists():
            raise Unreadable(f"{self.path}: there is no such file or folder")
        state = cursor(after)
        alone = not self.path.is_dir() or epoch.is_repository(self.path)
        total = None
        if alone and self.path.is_dir():
            total = epoch.count(self.path, _last(self.path, state.get(".", [])), epoch.tip(self.path))
        found = self._alone(state.get(".", [])) if alone else self._folder(state)
        yield from batches(workers.items(found, self._way()), state, total)

    def _way(self) -> Way:
        return Way(self.labels, self.now())

    def _alone(self, state: State) -> Stream:
        if container := READERS.get(sniff.sort(self.path)):
            yield from container(self, self.path, ".", state)
            return
        only = self._single(self.path, [sniff.looks([self.path]), 1])
        if only.rejected:
            raise Unreadable(f"{self.path.name}: {only.rejected.reason}; {ADVICE}")
        if state != only.state:
            yield only

    def _folder(self, state: dict[str, State]) -> Stream:
        singles: list[Path] = []
        ours = False
        for path in sniff.walk(self.path):
            container = READERS.get(sniff.sort(path))
            ours = ours or container is not None
            if container:
                key = path.relative_to(self.path).as_posix()
                yield from _guarded(container(self, path, key, state.get(key, [])), key)
            else:
                singles.append(path)
        for one in self._singles(singles, state.get(ROW, [])):
            ours = ours or one.part is not None
            yield one
        if not ours and ROW not in state:
            raise Unreadable(f"{self.path}: {'nothing of ours in it' if singles else 'an empty folder'}; {ADVICE}")

    def _epoch(self, path: Path, key: str, state: State) -> Stream:
        for commit in epoch.commits(path, _last(path, state)):
            where = f"{key}@{commit.id[:12]}"
            if commit.size:
                yield Found(key, [commit.id], where, commit.raw, commit.size, commit.removes)
            else:
                yield Item(key, [commit.id])

    def _bundle(self, path: Path, key: str, state: State) -> Stream:
        try:
            with epoch.unbundled(path) as repository:
                yield from self._epoch(repository, key, state)
        except Unreadable as error:
            raise Unreadable(f"{path.name}: {error}") from error

    def _mbox(self, path: Path, key: str, state: State) -> Stream:
        def convert(stream: IO[bytes], state: Callable[[int], State]) -> Stream:
            for at, raw in enumerate(mbox.mails(stream), 1):
                yield Found(key, state(at), f"{key}#{at}", raw, len(raw))

        return _file(path, key, state, convert)

    def _posts(self, path: Path, key: str, state: State) -> Stream:
        from feeds import posts

        def convert(stream: IO[bytes], state: Callable[[int], State]) -> Stream:
            for at, one in enumerate(posts.read(mbox.lines(stream), key), 1):
                if isinstance(one, Rejected):
                    yield Item(key, state(at), rejected=one)
                else:
                    yield Item(key, state(at), _size(one), one)

        return _file(path, key, state, convert)

    def _singles(self, paths: list[Path], state: State) -> Iterator[Item]:
        looks = sniff.looks(paths)
        done = int(state[1]) if state[:1] == [looks] else 0
        for at, path in enumerate(islice(paths, done, None), done + 1):
            yield self._single(path, [looks, at])

    def _single(self, path: Path, state: State) -> Item:
        name = path.name if path == self.path else path.relative_to(self.path).as_posix()
        key = "." if path == self.path else ROW
        try:
            with mbox.opened(path) as stream:
                raw = stream.read(mbox.MAIL_MAX + 1)
                return item(Found(key, state, name, raw, len(raw)), self._way())
        except (FeedError, OSError, EOFError, ValueError) as error:
            return Item(key, state, rejected=Rejected(name, f"can't be read: {error}"))


Stream = Iterator[Item | Found]
READERS: dict[sniff.Sort, Callable[[Archive, Path, str, State], Stream]] = {
    sniff.Sort.EPOCH: Archive._epoch,
    sniff.Sort.BUNDLE: Archive._bundle,
    sniff.Sort.MBOX: Archive._mbox,
    sniff.Sort.POSTS: Archive._posts,
}
Convert = Callable[[IO[bytes], Callable[[int], State]], Stream]


def _file(path: Path, key: str, state: State, convert: Convert) -> Stream:
    """The items of a file that were not delivered yet; says how far it came where the file breaks off."""
    digest, size = sniff.digest(path), path.stat().st_size
    done = at = _delivered(path, state)
    if state == [digest, done, size]:
        return
    try:
        with mbox.opened(path) as stream:
            for at, one in enumerate(convert(stream, lambda at: [digest, at]), 1):
                if at > done:
                    yield one
    except (Unreadable, OSError) as error:
        raise Unreadable(f"{path.name}: {error}; {at} items were read before that") from error
    yield Item(key, [digest, at, size])


def _delivered(path: Path, state: State) -> int:
    """How many items of a file were delivered already: none, when it is another file by now."""
    return int(state[1]) if len(state) > 1 and state[0] == sniff.digest(path) else 0


def _guarded(found: Stream, key: str) -> Stream:
    """In a folder, a container that is broken is rejected, and the others are read."""
    state: State = [""]
    try:
        for one in found:
            state = one.state
            yield one
    except FeedError as error:
        yield Item(key, state, rejected=Rejected(key, str(error)))


def _last(repository: Path, state: State) -> str:
    """The commit to go on after; the beginning when history was rewritten under us."""
    last = str(state[0]) if state else ""
    return last if last.isalnum() and epoch.known(repository, last) else ""


def _size(part: Part) -> int:
    return sum(len(block.text) for block in part.blocks)
