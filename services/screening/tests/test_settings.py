"""Settings that would block or clear the wrong people are refused at the start."""

import pytest

from common.settings import SettingsError, check
from screening.settings import Settings


def settings(tmp_path, **values):
    return Settings(broker_url="embedded:", keys_dir=tmp_path, database_url="sqlite://", **values)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"review_at": 0.0}, "SCREENING_REVIEW_AT"),
        ({"hit_at": 100.5}, "SCREENING_HIT_AT"),
        ({"hit_at": float("nan")}, "SCREENING_HIT_AT"),
        ({"review_at": 96.0}, "SCREENING_REVIEW_AT must not be above"),
        ({"list_urls": "ftp://lists.example/a.xml"}, "SCREENING_LIST_URLS"),
        ({"provider": "world-check"}, "SCREENING_PROVIDER is out"),
        ({"provider": "yente"}, "SCREENING_PROVIDER_URL is not set"),
        ({"provider": "watchman", "provider_url": "watchman:8084"}, "SCREENING_PROVIDER_URL"),
        ({"provider_url": "https://key@yente.example"}, "SCREENING_PROVIDER_URL"),
        ({"provider_timeout": 0.0}, "SCREENING_PROVIDER_TIMEOUT"),
        ({"provider_timeout": float("nan")}, "SCREENING_PROVIDER_TIMEOUT"),
        ({"provider_dataset": "../admin"}, "SCREENING_PROVIDER_DATASET"),
        (
            {"provider": "watchman", "provider_url": "http://w.example", "provider_api_key": "0"},
            "SCREENING_PROVIDER_API_KEY is yente's",
        ),
    ],
)
def test_a_setting_out_of_bounds_is_named(tmp_path, values, named):
    with pytest.raises(SettingsError, match=named):
        check(settings(tmp_path, **values), "screening")


def test_the_defaults_are_in_bounds(tmp_path):
    check(settings(tmp_path), "screening")


@pytest.mark.parametrize("provider", ["yente", "watchman"])
def test_a_provider_needs_its_url_and_nothing_else(tmp_path, provider):
    check(
        settings(tmp_path, provider=provider, provider_url="http://p.example:84/api"), "screening"
    )
