"""What every test may ask for. Real data stands outside the project; without it the tests that need it skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real mail, posts and questions."""
    folder = Path(os.environ.get("KRAB_SHARED", SHARED))
    if not (folder / "data").is_dir():
        pytest.skip("real mail and posts are absent: set KRAB_SHARED to a folder with data/ and eval/")
    return folder
