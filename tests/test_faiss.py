"""What is particular about FAISS; what every store does is in tests/contracts/test_stores.py."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import faiss
import numpy as np

from index.stores.faiss import Faiss


def test_a_search_keeps_one_core_busy_whatever_thread_asks() -> None:
    """Threads of OpenMP that wait for the next search would burn more than the search."""
    store = Faiss(4)
    store.add([1], np.eye(4, dtype=np.float32)[:1])

    def threads() -> int:
        store.search(np.eye(4, dtype=np.float32)[0], 1)
        return int(faiss.omp_get_max_threads())

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(threads).result() == 1
