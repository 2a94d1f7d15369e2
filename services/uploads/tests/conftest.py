"""Uploads under test, on a database and a store of its own."""

from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from common.ids import uuid7
from common.testing.harness import Harness
from uploads.app import service

DRAWINGS = Path(__file__).parents[3].parent / "shared" / "data" / "drawings"


@pytest.fixture
def uploads(tmp_path):
    """Uploads on SQLite, with a folder for a store."""
    harness = Harness(service, tmp_path, store_url=f"folder:{tmp_path}/objects")
    yield harness
    harness.runtime.close()


@pytest.fixture
def postgres_uploads(tmp_path, new_postgres_database):
    """Uploads on PostgreSQL, with a folder for a store."""
    harness = Harness(
        service,
        tmp_path,
        database_url=new_postgres_database("uploads"),
        store_url=f"folder:{tmp_path}/objects",
    )
    yield harness
    harness.runtime.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_uploads(request):
    """Uploads on each of its databases."""
    return request.getfixturevalue("uploads" if request.param == "sqlite" else "postgres_uploads")


class S3:
    """An S3 that answers over HTTP and can be switched off and on."""

    settings = {"store_access_key": "key", "store_secret_key": "secret"}

    def __init__(self):
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        self._address = self._server.get_host_and_port()
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="eu-central-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    @property
    def endpoint(self):
        return "http://{}:{}".format(*self._address)

    def new_bucket(self, *, versioning=False):
        """Make a bucket and return its address as uploads is told it."""
        name = f"bucket-{uuid7()}"
        where = {"LocationConstraint": "eu-central-1"}
        self.client.create_bucket(Bucket=name, CreateBucketConfiguration=where)
        if versioning:
            enabled = {"Status": "Enabled"}
            self.client.put_bucket_versioning(Bucket=name, VersioningConfiguration=enabled)
        return f"s3://{name}?region=eu-central-1&endpoint={self.endpoint}"

    def everything(self, url):
        """Keys of all that a bucket holds, old versions and marks of deletion included."""
        bucket = url.removeprefix("s3://").partition("?")[0]
        found = self.client.list_object_versions(Bucket=bucket)
        held = found.get("Versions", []) + found.get("DeleteMarkers", [])
        return [each["Key"] for each in held]

    def stop(self):
        self._server.stop()

    def start(self):
        """Answer again, at the same address and with the same content."""
        self._server = ThreadedMotoServer(*self._address, verbose=False)
        self._server.start()


@pytest.fixture(scope="session")
def s3_server():
    server = S3()
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server):
    """A real S3 interface; whoever stops it starts it again."""
    return s3_server


@pytest.fixture
def drawings():
    """Folder with real drawings."""
    if not DRAWINGS.is_dir():
        pytest.skip("the real drawings are missing: put them into shared/data beside the project")
    return DRAWINGS
