"""Every vector store that is found in ``index/stores`` keeps the same promises, Flat being the reference."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import index.stores
from index.embed import Vectors
from index.errors import Unusable
from index.stores import VectorStore

WIDTH = 8
NewStore = Callable[[int], VectorStore]


def stores() -> list[NewStore]:
    """Every class of the folder that has all of the protocol's methods."""
    wanted = {name for name in vars(VectorStore) if not name.startswith("_")}
    names = [f"index.stores.{module.name}" for module in pkgutil.iter_modules(index.stores.__path__)]
    members = [inspect.getmembers(importlib.import_module(name), inspect.isclass) for name in names]
    classes: set[type[Any]] = {c for found in members for _, c in found if c.__module__ in names}
    return sorted((c for c in classes if wanted <= vars(c).keys()), key=str)


@pytest.fixture(params=stores(), ids=lambda c: c.__name__)
def new(request: pytest.FixtureRequest) -> NewStore:
    made: NewStore = request.param
    return made


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


def test_both_stores_are_found_in_the_folder() -> None:
    assert {c.__name__ for c in map(type, (new(WIDTH) for new in stores()))} >= {"Flat", "Faiss"}


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


def test_only_those_that_are_named_are_compared(new: NewStore) -> None:
    store = filled(new, *range(20))
    assert next(number for number, _ in store.search(unit(7), 5, [3, 7, 99])) == 7
    assert {number for number, _ in store.search(unit(7), 5, [3, 7, 99])} == {3, 7}
    assert store.search(unit(7), 5, []) == []


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
        self.saved: dict[int, int] | None = None
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "vectors"

    @rule(added=st.dictionaries(st.integers(0, 30), st.integers(0, 99), max_size=8))
    def add(self, added: dict[int, int]) -> None:
        self.store.add(list(added), rows(*added.values()))
        self.model |= added

    @rule(gone=st.lists(st.integers(0, 30), max_size=8))
    def remove(self, gone: list[int]) -> None:
        self.store.remove(gone)
        self.model = {n: seed for n, seed in self.model.items() if n not in gone}

    @rule()
    def save(self) -> None:
        self.store.save(self.path)
        self.saved = dict(self.model)

    @rule()
    def load(self) -> None:
        assert self.store.load(self.path) == (self.saved is not None)
        self.model = dict(self.saved or {})

    @rule(seed=st.integers(0, 99), k=st.integers(1, 40))
    def search(self, seed: int, k: int) -> None:
        scores = sorted((float(unit(s) @ unit(seed)) for s in self.model.values()), reverse=True)[:k]
        hits = self.store.search(unit(seed), k)
        assert [score for _, score in hits] == pytest.approx(scores, abs=5e-3)
        assert [float(unit(self.model[n]) @ unit(seed)) for n, _ in hits] == pytest.approx(scores, abs=5e-3)

    @invariant()
    def holds_the_same_numbers(self) -> None:
        assert self.store.numbers() == set(self.model)

    def teardown(self) -> None:
        self.folder.cleanup()


def test_a_store_does_what_a_dictionary_would(new: NewStore) -> None:
    machine = type("Machine", (AgainstADictionary,), {"new": staticmethod(new)})
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))


# Files


def test_what_was_saved_is_loaded_with_its_vectors(new: NewStore, tmp_path: Path) -> None:
    filled(new, 3, 4, 5).save(tmp_path / "v")
    store = filled(new, 9)
    assert store.load(tmp_path / "v")
    assert (store.numbers(), found(store, 4, 1)) == ({3, 4, 5}, [4])


def test_an_empty_store_is_saved_and_loaded(new: NewStore, tmp_path: Path) -> None:
    new(WIDTH).save(tmp_path / "v")
    store = filled(new, 9)
    assert store.load(tmp_path / "v")
    assert store.numbers() == set()


def usable_and_empty(store: VectorStore, path: Path) -> None:
    assert not store.load(path)
    assert (store.numbers(), store.search(unit(1), 3)) == (set(), [])
    store.add([1], rows(1))
    assert found(store, 1) == [1]


def test_a_file_that_is_absent_leaves_an_empty_store(new: NewStore, tmp_path: Path) -> None:
    usable_and_empty(filled(new, 1, 2), tmp_path / "absent")


@pytest.mark.parametrize("content", [b"", b"x", b"not vectors at all" * 20], ids=["empty", "a byte", "foreign"])
def test_a_file_of_something_else_leaves_an_empty_store(new: NewStore, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v").write_bytes(content)
    usable_and_empty(filled(new, 1, 2), tmp_path / "v")


def test_vectors_of_another_width_are_not_loaded(new: NewStore, tmp_path: Path) -> None:
    other = new(WIDTH * 2)
    other.add([1], np.ones((1, WIDTH * 2), np.float32))
    other.save(tmp_path / "v")
    usable_and_empty(new(WIDTH), tmp_path / "v")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_truncated_file_leaves_an_empty_store(data: st.DataObject) -> None:
    new = data.draw(st.sampled_from(stores()))
    with saved_file(new) as path:
        whole = path.read_bytes()
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        usable_and_empty(filled(new, 9), path)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_leaves_an_empty_store(data: st.DataObject) -> None:
    new = data.draw(st.sampled_from(stores()))
    with saved_file(new) as path:
        broken = bytearray(path.read_bytes())
        broken[data.draw(st.integers(0, len(broken) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(broken)
        usable_and_empty(filled(new, 9), path)


@contextmanager
def saved_file(new: NewStore) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        filled(new, 1, 2, 3).save(Path(folder) / "v")
        yield Path(folder) / "v"


@contextmanager
def no_room() -> Iterator[None]:
    """Files can't grow beyond a few bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_the_old_file_stays_and_nothing_is_left_over(new: NewStore, tmp_path: Path) -> None:
    filled(new, 1).save(tmp_path / "v")
    with no_room(), pytest.raises(Unusable, match="free some space"):
        filled(new, *range(50)).save(tmp_path / "v")
    store = new(WIDTH)
    assert store.load(tmp_path / "v")
    assert (store.numbers(), list(tmp_path.iterdir())) == ({1}, [tmp_path / "v"])


def test_a_place_that_cannot_be_written_is_named(new: NewStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unusable, match=r"cannot write .*file"):
        filled(new, 1).save(tmp_path / "file" / "v")


def test_an_absent_directory_is_named(new: NewStore, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"cannot write .*absent"):
        filled(new, 1).save(tmp_path / "absent" / "v")
