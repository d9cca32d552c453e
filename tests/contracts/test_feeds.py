"""What every kind of source keeps to, whatever it reads: one suite over all files of ``feeds/kinds``.

- A second read from the last cursor delivers nothing that did not change.
- A read from any batch's cursor delivers the rest: nothing is lost by a crash between two batches.
- Any string is a cursor; one that means nothing is the beginning.
- A source that can't be read raises ``FeedError``, with one line.
"""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from feeds import kinds
from feeds.errors import FeedError
from feeds.fetch import Client
from feeds.kinds import Feed, Source
from index.model import Batch
from tests.public_inbox import mail
from tests.web_server import Answer, WebServer, loopback_client, web_server

TEXT = " ".join(f"Line {n} explains how a crab grows its shell anew." for n in range(12))


@dataclass(frozen=True)
class Place:
    """Where a contract is tried: a web server and a folder."""

    web: WebServer
    folder: Path


def lore(place: Place) -> str:
    now = time.time()
    names = [f"crab-{n}@mail.example.org" for n in range(3)]
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 60))
    for number, name in enumerate(names):
        place.web.routes[f"/crabs/{name}/raw"] = Answer(mail(number, now - 60))
    items = (f'<entry><updated>{stamp}</updated><link href="{place.web.url}/crabs/{n}/"/></entry>' for n in names)
    atom = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>crabs</title>{"".join(items)}</feed>'
    place.web.routes["/crabs/new.atom"] = Answer(atom.encode())
    return f"{place.web.url}/crabs#http"


def feed(place: Place) -> str:
    items = (f"<item><link>/{n}</link><description>{TEXT * 3} {n}</description></item>" for n in range(45))
    place.web.routes["/feed"] = Answer(f"<rss version='2.0'><channel>{''.join(items)}</channel></rss>".encode())
    return f"{place.web.url}/feed"


def pages(place: Place) -> str:
    def page(title: str, *links: str) -> Answer:
        anchors = "".join(f'<a href="{link}">{link}</a>' for link in links)
        html = f"<html><head><title>{title}</title></head><body><article><p>{TEXT}</p></article>{anchors}</body></html>"
        return Answer(html.encode(), headers={"Content-Type": "text/html"})

    names = [f"p{n}" for n in range(25)]
    place.web.routes["/docs/"] = page("Index", *names)
    place.web.routes.update({f"/docs/{name}": page(name) for name in names})
    return f"{place.web.url}/docs/"


def notes(place: Place) -> str:
    for number in range(3):
        head = f"---\ntitle: Note {number}\nsources: [{{title: T, url: 'https://shore.example/{number}'}}]\n---\n"
        (place.folder / f"note-{number}.md").write_text(f"{head}{TEXT}\n")
    return str(place.folder)


def archive(place: Place) -> str:
    boxed = (b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + mail(n, 1_700_000_000.0 + n) + b"\n" for n in range(3))
    (place.folder / "crabs.mbox").write_bytes(b"".join(boxed))
    return str(place.folder / "crabs.mbox")


SETUPS: dict[str, Callable[[Place], str]] = {
    "lore": lore,
    "feed": feed,
    "pages": pages,
    "notes": notes,
    "archive": archive,
}
KINDS = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "source"
    folder.mkdir()
    with web_server() as web:
        yield Place(web, folder)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with loopback_client(tmp_path / "cache") as client:
        yield client


@pytest.fixture(params=KINDS)
def opened(request: pytest.FixtureRequest, place: Place, client: Client) -> Feed:
    kind = request.param
    found: Feed = import_module(f"feeds.kinds.{kind}").open(Source("tried", kind, SETUPS[kind](place)), client)
    return found


def ids(batches: list[Batch]) -> set[str]:
    return {part.id for batch in batches for part in batch.parts}


def test_every_kind_has_a_place_to_be_tried() -> None:
    assert set(KINDS) <= set(SETUPS)


def test_everything_has_an_id_an_address_and_words(opened: Feed) -> None:
    parts = [part for batch in opened.read("") for part in batch.parts]
    assert len(parts) >= 3
    assert all(part.id and part.title and part.text for part in parts)
    assert all(part.url or part.references for part in parts)


def test_nothing_is_delivered_twice(opened: Feed) -> None:
    batches = list(opened.read(""))
    parts = [part.id for batch in batches for part in batch.parts]
    assert len(parts) == len(set(parts))
    assert ids(list(opened.read(batches[-1].cursor))) == set()


def test_from_any_batch_on_the_rest_is_delivered(opened: Feed) -> None:
    batches = list(opened.read(""))
    rests = [ids(batches[: n + 1]) | ids(list(opened.read(batch.cursor))) for n, batch in enumerate(batches)]
    assert rests == [ids(batches)] * len(batches)


@pytest.mark.parametrize("cursor", ["nonsense", "{}", "[]", "0", '"x"', "null"])
def test_a_cursor_that_means_nothing_is_the_beginning(opened: Feed, cursor: str) -> None:
    assert ids(list(opened.read(cursor))) == ids(list(opened.read("")))


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_that_is_not_there_is_an_error_in_one_line(kind: str, tmp_path: Path, client: Client) -> None:
    where = str(tmp_path / "nowhere") if kind in ("notes", "archive") else "http://127.0.0.1:1/nowhere"
    with pytest.raises(FeedError) as failed:
        list(import_module(f"feeds.kinds.{kind}").open(Source("gone", kind, where), client).read(""))
    assert "\n" not in str(failed.value)
