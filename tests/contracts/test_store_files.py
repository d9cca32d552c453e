"""Every store of ``index/stores`` that is kept in a file keeps the same promises about it."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from index.errors import Unusable
from index.stores import VectorFile
from tests.contracts.test_stores import WIDTH, AgainstADictionary, found, found_in_folder, rows, unit

NewFile = Callable[[int], VectorFile]


def stores() -> list[NewFile]:
    return cast(list[NewFile], found_in_folder(VectorFile))


@pytest.fixture(params=stores(), ids=lambda c: c.__name__)
def new(request: pytest.FixtureRequest) -> NewFile:
    made: NewFile = request.param
    return made


def filled(new: NewFile, *numbers: int) -> VectorFile:
    store = new(WIDTH)
    store.add(numbers, rows(*numbers))
    return store


def test_only_those_that_are_named_are_compared(new: NewFile) -> None:
    store = filled(new, *range(20))
    assert next(number for number, _ in store.search(unit(7), 5, [3, 7, 99])) == 7
    assert {number for number, _ in store.search(unit(7), 5, [3, 7, 99])} == {3, 7}
    assert store.search(unit(7), 5, []) == []


class WithAFile(AgainstADictionary):
    """Whatever is done to a store, saved and loaded in between, it holds what a dictionary would."""

    store: VectorFile

    def __init__(self) -> None:
        super().__init__()
        self.saved: dict[int, int] | None = None
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "vectors"

    @rule()
    def save(self) -> None:
        self.store.save(self.path)
        self.saved = dict(self.model)

    @rule()
    def load(self) -> None:
        assert self.store.load(self.path) == (self.saved is not None)
        self.model = dict(self.saved or {})

    def teardown(self) -> None:
        self.folder.cleanup()


def test_a_store_and_its_file_do_what_a_dictionary_would(new: NewFile) -> None:
    machine = type("Machine", (WithAFile,), {"new": staticmethod(new)})
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))


def test_what_was_saved_is_loaded_with_its_vectors(new: NewFile, tmp_path: Path) -> None:
    filled(new, 3, 4, 5).save(tmp_path / "v")
    store = filled(new, 9)
    assert store.load(tmp_path / "v")
    assert (store.numbers(), found(store, 4, 1)) == ({3, 4, 5}, [4])


def test_an_empty_store_is_saved_and_loaded(new: NewFile, tmp_path: Path) -> None:
    new(WIDTH).save(tmp_path / "v")
    store = filled(new, 9)
    assert store.load(tmp_path / "v")
    assert store.numbers() == set()


def usable_and_empty(store: VectorFile, path: Path) -> None:
    assert not store.load(path)
    assert (store.numbers(), store.search(unit(1), 3)) == (set(), [])
    store.add([1], rows(1))
    assert found(store, 1) == [1]


def test_a_file_that_is_absent_leaves_an_empty_store(new: NewFile, tmp_path: Path) -> None:
    usable_and_empty(filled(new, 1, 2), tmp_path / "absent")


@pytest.mark.parametrize("content", [b"", b"x", b"not vectors at all" * 20], ids=["empty", "a byte", "foreign"])
def test_a_file_of_something_else_leaves_an_empty_store(new: NewFile, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v").write_bytes(content)
    usable_and_empty(filled(new, 1, 2), tmp_path / "v")


def test_vectors_of_another_width_are_not_loaded(new: NewFile, tmp_path: Path) -> None:
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
def saved_file(new: NewFile) -> Iterator[Path]:
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


def test_on_a_full_disk_the_old_file_stays_and_nothing_is_left_over(new: NewFile, tmp_path: Path) -> None:
    filled(new, 1).save(tmp_path / "v")
    with no_room(), pytest.raises(Unusable, match="free some space"):
        filled(new, *range(50)).save(tmp_path / "v")
    store = new(WIDTH)
    assert store.load(tmp_path / "v")
    assert (store.numbers(), list(tmp_path.iterdir())) == ({1}, [tmp_path / "v"])


def test_a_place_that_cannot_be_written_is_named(new: NewFile, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unusable, match=r"cannot write .*file"):
        filled(new, 1).save(tmp_path / "file" / "v")


def test_an_absent_directory_is_named(new: NewFile, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"cannot write .*absent"):
        filled(new, 1).save(tmp_path / "absent" / "v")
