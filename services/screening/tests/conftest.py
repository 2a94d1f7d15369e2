"""The real lists and name sets, read once a run from the folder shared/data beside the project."""

import csv
import json
from pathlib import Path

import pytest

from screening.lists.reading import read_list
from screening.matching import Index

REAL = Path(__file__).parents[3].parent / "shared" / "data"


def real(*parts):
    path = REAL.joinpath(*parts)
    if not REAL.is_dir():
        pytest.skip("the real lists are missing: put them into shared/data beside the project")
    return path


@pytest.fixture(scope="session")
def expected():
    return json.loads(real("sanctions", "expected.json").read_text())


@pytest.fixture(scope="session")
def un_list():
    return read_list(real("sanctions", "un"))


@pytest.fixture(scope="session")
def sdn_2019():
    return read_list(real("sanctions", "us", "2019-01"))


@pytest.fixture(scope="session")
def sdn_2021():
    return read_list(real("sanctions", "us", "2021-07"))


@pytest.fixture(scope="session")
def real_index(un_list, sdn_2021):
    return Index([*un_list.entries, *sdn_2021.entries])


@pytest.fixture(scope="session")
def name_rows():
    """Rows of one of the name sets, as dictionaries."""

    def rows(file):
        with real("names", file).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    return rows
