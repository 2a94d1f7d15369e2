"""Where the store is, is said in one address, and a wrong one stops the start."""

import pytest

from common.settings import SettingsError, check, load
from uploads.settings import Settings, store_options

BUCKET = "s3://drawings?region=eu-central-1"


@pytest.fixture
def told(monkeypatch, tmp_path):
    """Environment of a process; says more or overrides."""

    def told(**more):
        known = {
            "PORTAL_BROKER_URL": "embedded:",
            "PORTAL_KEYS_DIR": str(tmp_path),
            "UPLOADS_DATABASE_URL": "sqlite://",
        }
        monkeypatch.delenv("UPLOADS_STORE_URL", raising=False)
        for name, value in {**known, **more}.items():
            monkeypatch.setenv(name, value)
        return load(Settings, "uploads")

    return told


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("folder:/srv/objects", {"scheme": "fs", "root": "/srv/objects"}),
        ("folder:///srv/my%20objects", {"scheme": "fs", "root": "/srv/my objects"}),
        (BUCKET, {"scheme": "s3", "bucket": "drawings", "root": "/", "region": "eu-central-1"}),
        (
            "s3://drawings/portal?region=eu-central-1&endpoint=http://minio:9000",
            {
                "scheme": "s3",
                "bucket": "drawings",
                "root": "/portal",
                "region": "eu-central-1",
                "endpoint": "http://minio:9000",
            },
        ),
    ],
)
def test_an_address_names_a_folder_or_a_bucket(url, options):
    assert store_options(url) == options


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/objects",
        "folder:objects",
        "folder:",
        "folder://host/objects",
        "s3:drawings",
        "s3://drawings",
        "s3://drawings?region",
        "s3://drawings?region=eu&secret_access_key=x",
        "https://drawings",
    ],
)
def test_any_other_address_stops_the_start(told, url):
    with pytest.raises(SettingsError, match="UPLOADS_STORE_URL is out of bounds"):
        told(UPLOADS_STORE_URL=url)


def test_the_store_must_be_named(told):
    with pytest.raises(SettingsError, match="UPLOADS_STORE_URL is not set"):
        told()


def test_a_bucket_needs_credentials(told):
    with pytest.raises(SettingsError, match="UPLOADS_STORE_SECRET_KEY"):
        told(UPLOADS_STORE_URL=BUCKET, UPLOADS_STORE_ACCESS_KEY="key")


def test_with_credentials_it_starts(told):
    secrets = {"UPLOADS_STORE_ACCESS_KEY": "key", "UPLOADS_STORE_SECRET_KEY": "secret"}
    settings = told(UPLOADS_STORE_URL=BUCKET, **secrets)
    assert check(settings, "uploads").max_body_bytes == 50_000_000
