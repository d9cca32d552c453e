"""Milvus: vectors as a collection of a server or a cluster, one for each generation.

Searches are answered from what the nodes know, some seconds old at the worst: waiting until they surely know
everything ("Strong") costs hundreds of milliseconds. Comparing with the catalogue does wait. What is written goes
in pieces that pass any limit of the server, and after some of them it is waited until the nodes have taken them
in, so that a long filling neither fills its queues nor makes questions wait behind it.

The version of pymilvus is not the server's: it speaks to servers from 2.3 on.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.embed import Vectors
from index.errors import Unreachable
from index.stores import ALL

_AT_ONCE = 1_000  # rows a call: 1.5 MB of 384 dimensions
_IN_FLIGHT = 10  # calls until it is waited for the nodes
_MOST = 16_384  # what a search may ask for
_LONG = 60.0  # seconds a call that writes, or reads all there is, may take
_PAUSES = (0.2, 1.0, 5.0)  # between tries of such a call
_NUMBER, _VECTOR = "number", "vector"
# What is built, and how it is searched. Figures in docs/measurements.md.
_KINDS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "hnsw": ("HNSW", {"M": 16, "efConstruction": 200}),
    "sq8": ("IVF_SQ8", {"nlist": 1024}),
    "flat": ("FLAT", {}),
}
KINDS = tuple(_KINDS)
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is, and how collections are laid out in it. ``prefix`` is this installation's alone."""

    url: str
    token: str = ""
    prefix: str = "krab"
    timeout: float = 2.0  # seconds a search may take
    index: str = "hnsw"
    shards: int = 2
    replicas: int = 1


class Milvus:
    """The vectors of the generation called ``number``. May be used by several threads."""

    def __init__(self, place: Place, number: int, dimensions: int, *, searched: str = "Bounded") -> None:
        """``searched`` is the consistency of searches, one of Milvus's."""
        self._place = place
        self._collection = f"{place.prefix}_{number}"
        self._dimensions = dimensions
        self._searched = searched
        self._connecting = threading.Lock()
        self._client: Any = None
        self._failing = False  # the last call did not go well; after two of them the connection is made anew
        self._written = 0

    def add(self, numbers: Sequence[int], vectors: Vectors) -> None:
        """Add or replace vectors."""
        rows = [{_NUMBER: int(n), _VECTOR: v} for n, v in zip(numbers, np.asarray(vectors, np.float32), strict=True)]
        for start in range(0, len(rows), _AT_ONCE):
            self._patiently("upsert", data=rows[start : start + _AT_ONCE])
            self._written += 1
            if self._written % _IN_FLIGHT == 0:
                self.count(0, 1)  # comes back when everything before it has been taken in

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove vectors."""
        for start in range(0, len(numbers), _AT_ONCE):
            self._patiently("delete", ids=[int(n) for n in numbers[start : start + _AT_ONCE]])

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """Return at most ``k`` (number, inner product), best first."""
        asked = {
            "data": [np.asarray(vector, np.float32)],
            "limit": min(k, _MOST),
            "search_params": {"metric_type": "IP", "params": _effort(k)},
            "consistency_level": self._searched,
        }
        now, patience = time.monotonic(), self._place.timeout
        try:
            [found] = self._ask("search", now + patience / 2, **asked)
        except Unreachable:  # a node has died, most likely: the second time another one is asked
            [found] = self._ask("search", now + patience, **asked)
        return [(hit["id"], hit["distance"]) for hit in found]

    def numbers(self, low: int = 0, high: int = ALL) -> set[int]:
        """Return the numbers of all vectors from ``low`` to before ``high``, those just added too."""
        return {row[_NUMBER] for row in self._query(low, high, _NUMBER)}

    def count(self, low: int = 0, high: int = ALL) -> int:
        """Return how many vectors have numbers from ``low`` to before ``high``, those just added too."""
        [row] = self._query(low, high, "count(*)")
        return int(row["count(*)"])

    def publish(self) -> None:
        """Let the name ``prefix`` mean this collection, for whoever else reads the server."""
        alias = self._place.prefix
        if alias in self._patiently("list_aliases")["aliases"]:
            return
        try:
            self._ask("alter_alias", time.monotonic() + _LONG, alias=alias)
        except Unreachable:  # it is the first
            self._patiently("create_alias", alias=alias)

    def _query(self, low: int, high: int, field: str) -> list[dict[str, Any]]:
        span = f"{_NUMBER} >= {low} and {_NUMBER} < {high}"
        rows: list[dict[str, Any]] = self._patiently(
            "query", filter=span, output_fields=[field], consistency_level="Strong"
        )
        return rows

    # Calls

    def _patiently(self, method: str, **arguments: object) -> Any:
        """Ask for what may take long, and again when it fails."""
        for pause in _PAUSES:
            try:
                return self._ask(method, time.monotonic() + _LONG, **arguments)
            except Unreachable as error:
                LOG.debug("%s, trying again", error)
                time.sleep(pause * (0.5 + random.random()))  # noqa: S311 - nobody guesses it
        return self._ask(method, time.monotonic() + _LONG, **arguments)

    def _ask(self, method: str, until: float, **arguments: object) -> Any:
        """Ask once, connecting first where need be, all of it until ``until``. Raises ``Unreachable``."""
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            client = self._connected(until)
            answer = getattr(client, method)(collection_name=self._collection, timeout=_left(until), **arguments)
        except (MilvusException, grpc.RpcError, ValueError) as error:
            if self._failing:
                self._forget()
            self._failing = True
            raise Unreachable(f"Milvus at {self._place.url} does not {method}: {_reason(error)}") from error
        self._failing = False
        return answer

    def _forget(self) -> None:
        """Drop the connection: a new one is tried at once, an old one would wait ever longer."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self, until: float) -> Any:
        if client := self._client:
            return client
        if not self._connecting.acquire(timeout=_left(until)):
            raise Unreachable(f"Milvus at {self._place.url} takes long to connect to")
        try:
            if self._client is None:
                client = connect(self._place, _left(until))
                self._prepare(client, until)
                self._client = client
            return self._client
        finally:
            self._connecting.release()

    def _prepare(self, client: Any, until: float) -> None:
        """Make the collection, where it is not there, and have it loaded."""
        if not client.has_collection(self._collection, timeout=_left(until)):
            self._make(client, until)
        client.load_collection(self._collection, replica_number=self._place.replicas, timeout=_left(until))

    def _make(self, client: Any, until: float) -> None:
        from pymilvus import DataType

        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field(_NUMBER, DataType.INT64, is_primary=True)
        schema.add_field(_VECTOR, DataType.FLOAT_VECTOR, dim=self._dimensions)
        kind, built = _KINDS[self._place.index]
        index = client.prepare_index_params(_VECTOR, index_type=kind, metric_type="IP", params=dict(built))
        shards = self._place.shards
        client.create_collection(self._collection, schema=schema, num_shards=shards, timeout=_left(until))
        client.create_index(self._collection, index, timeout=_left(until))


def connect(place: Place, timeout: float) -> Any:
    """Return a client of the server. Raises pymilvus's own exceptions."""
    from pymilvus import MilvusClient

    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # what it would say is in the exceptions
    return MilvusClient(uri=place.url, token=place.token, timeout=timeout, dedicated=True)


def discard(place: Place, keep: Collection[int]) -> None:
    """Drop the collections of all generations but those called ``keep``. Raises ``Unreachable``."""
    from pymilvus.exceptions import MilvusException

    ours = re.compile(re.escape(place.prefix) + r"_(\d+)")
    try:
        client = connect(place, _LONG)
        for name in client.list_collections(timeout=_LONG):
            match = ours.fullmatch(name)
            if match and int(match[1]) not in keep:
                client.drop_collection(name, timeout=_LONG)
    except MilvusException as error:
        raise Unreachable(f"Milvus at {place.url} does not drop old collections: {_reason(error)}") from error


def _effort(k: int) -> dict[str, int]:
    """How thoroughly indexes are searched; each takes what concerns it."""
    return {"ef": max(2 * k, 256), "nprobe": 64}


def _left(until: float) -> float:
    """Seconds until then, a little at the least: nothing takes a time-out of none for what it is."""
    return max(until - time.monotonic(), 0.01)


def _reason(error: Exception) -> str:
    said = getattr(error, "message", "") or str(error) or type(error).__name__
    return " ".join(said.split())[:200]
