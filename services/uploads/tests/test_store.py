"""The store: the same on a folder and on a real S3 interface, and never silently wrong."""

import os
from io import BytesIO

import pytest

from common.testing.harness import Harness
from uploads import store
from uploads.app import service
from uploads.store import StoreUnavailable

from .conftest import S3

BIG = os.urandom(1 << 20) * 11  # S3 gets it in several parts


@pytest.fixture
def connect(tmp_path):
    """Function from a store's address to what a runtime makes of it."""
    made = []

    def connect(url):
        made.append(Harness(service, tmp_path, store_url=url, **S3.settings))
        return made[-1].runtime.resource(store.open_store)

    yield connect
    for harness in made:
        harness.runtime.close()


@pytest.fixture(params=["folder", "bucket", "versioned bucket"])
def operator(request, tmp_path, connect, s3):
    """A store of each kind."""
    if request.param == "folder":
        return connect(f"folder:{tmp_path}/objects")
    return connect(s3.new_bucket(versioning=request.param == "versioned bucket"))


@pytest.mark.parametrize("content", [b"", b"x", BIG], ids=["nothing", "a byte", "11 MiB"])
def test_what_was_written_is_read_back(operator, content):
    store.write(operator, "originals/a", BytesIO(content))
    assert b"".join(store.read(operator, "originals/a")) == content


def test_content_is_read_in_chunks(operator):
    store.write(operator, "originals/a", BytesIO(BIG))
    assert max(map(len, store.read(operator, "originals/a"))) <= store.CHUNK_BYTES


def test_what_is_removed_is_gone_and_may_be_removed_again(operator):
    for key in ("originals/a", "originals/ab"):
        store.write(operator, key, BytesIO(b"x"))
    for _ in range(2):
        store.remove(operator, "originals/a")
    with pytest.raises(StoreUnavailable):
        store.read(operator, "originals/a")
    assert b"".join(store.read(operator, "originals/ab")) == b"x"


def test_no_version_is_left_of_what_was_removed(connect, s3):  # S55
    url = s3.new_bucket(versioning=True)
    operator = connect(url)
    for content in (b"1", b"2"):
        store.write(operator, "originals/a", BytesIO(content))
    store.write(operator, "originals/b", BytesIO(b"3"))
    store.remove(operator, "originals/a")
    assert s3.everything(url) == ["originals/b"]


def test_a_store_that_is_not_there_is_said_to_be_unavailable(connect, s3):
    with pytest.raises(StoreUnavailable):
        connect(f"s3://no-such-bucket?region=eu-central-1&endpoint={s3.endpoint}")
    with pytest.raises(StoreUnavailable):
        connect("folder:/proc/no/such/folder")


def test_a_store_that_goes_away_is_said_to_be_unavailable(connect, s3):
    operator = connect(s3.new_bucket())
    store.write(operator, "originals/a", BytesIO(b"x"))
    s3.stop()
    try:
        with pytest.raises(StoreUnavailable):
            store.write(operator, "originals/b", BytesIO(b"x"))
        with pytest.raises(StoreUnavailable):
            store.read(operator, "originals/a")
        with pytest.raises(StoreUnavailable):
            store.remove(operator, "originals/a")
    finally:
        s3.start()
    assert b"".join(store.read(operator, "originals/a")) == b"x"
