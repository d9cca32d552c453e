"""A mirror stands in for an inbox that fails, and for none that refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.errors import FeedError, Refused, Unreachable
from feeds.fetch import Client
from feeds.kinds import Source, lore
from feeds.origins import Origins
from tests.public_inbox import mail
from tests.web_server import Answer, FakeTime, WebServer, loopback_client, web_server

NOW = 1_780_000_000.0


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with loopback_client(tmp_path, time=FakeTime(NOW).time) as client:
        yield client


@pytest.fixture
def origins(web: WebServer, client: Client) -> Origins:
    web.routes["/copy/a"] = Answer(b"from the copy")
    return Origins(client, f"{web.url}/list", (f"{web.url}/none", f"{web.url}/copy"))


@pytest.mark.parametrize("fault", [Answer(status=500), Answer(status=503), Answer(b"cut", length=99)])
def test_a_mirror_stands_in_for_an_inbox_that_fails(web: WebServer, origins: Origins, fault: Answer) -> None:
    web.routes["/list/a"] = fault
    assert origins.get("/a").body == b"from the copy"
    assert web.paths() == ["/list/a", "/none/a", "/copy/a"]


@pytest.mark.parametrize("status", [400, 401, 403, 429])
def test_no_mirror_is_asked_when_the_inbox_refuses(web: WebServer, origins: Origins, status: int) -> None:
    web.routes["/list/a"] = Answer(status=status)
    with pytest.raises(FeedError, match=f"answered {status}"):
        origins.get("/a")
    assert web.paths() == ["/list/a"]


def test_a_refusal_is_not_forgotten_while_the_host_wants_us_to_wait(web: WebServer, origins: Origins) -> None:
    web.routes["/list/a"] = Answer(status=429, headers={"Retry-After": "600"})
    for _ in range(2):
        with pytest.raises(Unreachable) as failed:
            origins.get("/a")
    assert failed.value.status == 429
    assert web.paths() == ["/list/a"]


def test_a_challenge_is_not_evaded(web: WebServer, origins: Origins) -> None:
    page = b'<!doctype html><html><script src="/.within.website/x/anubis.js"></script></html>'
    web.routes["/list/a"] = Answer(page, 503, {"Content-Type": "text/html"})
    with pytest.raises(Refused):
        origins.get("/a")
    assert web.paths() == ["/list/a"]


def test_what_is_not_there_is_not_looked_for_elsewhere(web: WebServer, origins: Origins) -> None:
    assert origins.get("/elsewhere").missing
    assert web.paths() == ["/list/elsewhere"]


def test_mirrors_that_cannot_help_leave_the_error_as_it_was(web: WebServer, origins: Origins) -> None:
    web.routes["/list/a"] = Answer(status=502)
    web.routes["/copy/a"] = Answer(status=403)
    with pytest.raises(Unreachable, match=f"{web.url}/list/a answered 502"):
        origins.get("/a")


def test_lore_has_a_mirror_that_is_known_and_others_have_those_they_are_told(client: Client) -> None:
    assert Origins.of("https://lore.kernel.org/lamps/", client).mirrors == ("https://yhbt.net/lore/lamps",)
    assert Origins.of("https://lore.kernel.org/lamps", client, ("https://a.example/x",)).mirrors == (
        "https://a.example/x",
    )
    assert Origins.of("https://lists.example.org/lamps", client).mirrors == ()


def test_mails_from_a_mirror_keep_their_address_at_home(web: WebServer, client: Client) -> None:
    name = "crab-1@mail.example.org"
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>crabs</title><entry><updated>2026-05-28T20:00:00Z</updated>'
        f'<link href="https://lists.example/crabs/{name}/"/></entry></feed>'
    )
    web.site = lambda asked: Answer(status=503 if asked.path.startswith("/crabs/") else 404)
    web.routes["/copy/new.atom"] = Answer(atom.encode())
    web.routes[f"/copy/{name}/raw"] = Answer(mail(1, NOW - 60))
    source = Source("crabs", "lore", f"{web.url}/crabs#http&mirror={web.url}/copy/")
    parts = [part for batch in lore.open(source, client).read("") for part in batch.parts]
    assert [part.url for part in parts] == [f"{web.url}/crabs/{name}/"]
