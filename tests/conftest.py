"""Fixtures for tests of the whole estate; real servers come from common.testing.plugin."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_lists() -> Path:
    """Folder with the real UN list; the tests that need it say why they are skipped without it."""
    folder = SHARED / "sanctions" / "un"
    if not folder.exists():
        pytest.skip("the real sanctions lists (../shared/data/sanctions) are not here")
    return folder
