"""Every vector store that is found in ``index/stores`` keeps the same promises, Flat being the reference."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import index.stores
from index.embed import Vectors
from index.stores import VectorFile, VectorServer, VectorStore
from index.stores.milvus import Milvus, Place
from tests.milvus_cluster import Cluster

WIDTH = 8
NewStore = Callable[[int], VectorStore]


def found_in_folder(protocol: type) -> list[type[Any]]:
    """Every class of the folder that has all of the protocol's methods."""
    wanted = {name for name in dir(protocol) if not name.startswith("_")}
    names = [f"index.stores.{module.name}" for module in pkgutil.iter_modules(index.stores.__path__)]
    members = [inspect.getmembers(importlib.import_module(name), inspect.isclass) for name in names]
    classes: set[type[Any]] = {c for found in members for _, c in found if c.__module__ in names}
    return sorted((c for c in classes if wanted <= vars(c).keys()), key=str)


@pytest.fixture(params=[*found_in_folder(VectorFile), pytest.param("Milvus", marks=pytest.mark.cluster)], ids=str)
def new(request: pytest.FixtureRequest) -> NewStore:
    """Makes empty stores of one kind, of a given width."""
    if request.param == "Milvus":
        return collections(request.getfixturevalue("milvus"))
    made: NewStore = request.param
    return made


def collections(cluster: Cluster) -> NewStore:
    """Gives a collection that finds at once what was added, as tests do; the same one again, emptied: one takes seconds
    to make.
    """
    place = Place(cluster.url, prefix="contract", timeout=30.0, index="flat", shards=1)

    def emptied(width: int) -> Milvus:
        store = Milvus(place, width, width, searched="Strong")
        store.remove(sorted(store.numbers()))
        return store

    return emptied


def unit(seed: int) -> Vectors:
    """A unit vector whose components half precision holds exactly enough to tell seeds apart."""
    vector = np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def rows(*seeds: int) -> Vectors:
    return np.array([unit(seed) for seed in seeds], np.float32).reshape(len(seeds), WIDTH)


def filled(new: NewStore, *numbers: int) -> VectorStore:
    store = new(WIDTH)
    store.add(numbers, rows(*numbers))
    return store


def found(store: VectorStore, seed: int, k: int = 3) -> list[int]:
    return [number for number, _ in store.search(unit(seed), k)]


def test_files_and_servers_are_found_in_the_folder() -> None:
    files, servers = ({c.__name__ for c in found_in_folder(kind)} for kind in (VectorFile, VectorServer))
    assert (files, servers) == ({"Faiss", "Flat"}, {"Milvus"})


def test_an_empty_store_finds_nothing(new: NewStore) -> None:
    assert (new(WIDTH).search(unit(1), 5), new(WIDTH).numbers()) == ([], set())


def test_nothing_can_be_added_and_removed(new: NewStore) -> None:
    store = filled(new, 1)
    store.add([], np.empty((0, 0), np.float32))
    store.remove([])
    assert store.numbers() == {1}


def test_the_nearest_comes_first_with_its_inner_product(new: NewStore) -> None:
    [(number, score), *_] = filled(new, *range(20)).search(unit(7), 3)
    assert number == 7
    assert score == pytest.approx(1, abs=2e-3)


def test_at_most_as_many_are_found_as_are_asked_for_and_there(new: NewStore) -> None:
    store = filled(new, 1, 2, 3)
    assert [len(store.search(unit(1), k)) for k in (1, 3, 50)] == [1, 3, 3]


def test_a_number_added_again_is_replaced_and_not_doubled(new: NewStore) -> None:
    store = filled(new, 1, 2)
    store.add([1], rows(9))
    assert found(store, 9, 5)[0] == 1
    assert len(store.search(unit(9), 5)) == 2


def test_numbers_that_are_not_there_are_removed_without_complaint(new: NewStore) -> None:
    store = filled(new, 1, 2)
    store.remove([2, 77])
    assert store.numbers() == {1}


def test_numbers_may_be_large(new: NewStore) -> None:
    assert found(filled(new, 2**40, 5), 2**40, 1) == [2**40]


class AgainstADictionary(RuleBasedStateMachine):
    """Whatever is done to a store, it holds what a dictionary would."""

    new: NewStore

    def __init__(self) -> None:
        super().__init__()
        self.store = self.new(WIDTH)
        self.model: dict[int, int] = {}  # number: seed of its vector

    @rule(added=st.dictionaries(st.integers(0, 30), st.integers(0, 99), max_size=8))
    def add(self, added: dict[int, int]) -> None:
        self.store.add(list(added), rows(*added.values()))
        self.model |= added

    @rule(gone=st.lists(st.integers(0, 30), max_size=8))
    def remove(self, gone: list[int]) -> None:
        self.store.remove(gone)
        self.model = {n: seed for n, seed in self.model.items() if n not in gone}

    @rule(seed=st.integers(0, 99), k=st.integers(1, 40))
    def search(self, seed: int, k: int) -> None:
        scores = sorted((float(unit(s) @ unit(seed)) for s in self.model.values()), reverse=True)[:k]
        hits = self.store.search(unit(seed), k)
        assert [score for _, score in hits] == pytest.approx(scores, abs=5e-3)
        assert [float(unit(self.model[n]) @ unit(seed)) for n, _ in hits] == pytest.approx(scores, abs=5e-3)

    @invariant()
    def holds_the_same_numbers(self) -> None:
        assert self.store.numbers() == set(self.model)


def test_a_store_does_what_a_dictionary_would(new: NewStore, request: pytest.FixtureRequest) -> None:
    machine = type("Machine", (AgainstADictionary,), {"new": staticmethod(new)})
    examples = 5 if request.node.get_closest_marker("cluster") else 40  # there a step takes tenths of a second
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=20, deadline=None))
