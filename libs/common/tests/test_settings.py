import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from common import settings
from common.settings import SettingsError, check, load, setting, variable
from sample.app import service


@dataclass(frozen=True, kw_only=True)
class Settings(settings.Settings):
    seats: int = setting("seats of a room", default=12, allowed=lambda value: value > 0)
    share: float = setting("part of a whole, 0 to 1", default=0.5)
    open_now: bool = setting("whether people may come in", default=False)
    house_name: str = setting("what is written over the door", shared=True, default="")
    seed: str = setting("a secret", default="", secret=True)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Exactly what has to be set, and nothing else of ours."""
    for name in [each for each in os.environ if each.startswith(("PORTAL_", "SAMPLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PORTAL_BROKER_URL", "embedded:")
    monkeypatch.setenv("PORTAL_KEYS_DIR", "/somewhere/keys")
    monkeypatch.setenv("SAMPLE_DATABASE_URL", "sqlite://")


def faults():
    with pytest.raises(SettingsError) as caught:
        load(Settings, "sample")
    return str(caught.value)


def test_what_is_set_is_read_in_its_type_and_the_rest_has_its_default(monkeypatch):
    monkeypatch.setenv("SAMPLE_SEATS", "3")
    monkeypatch.setenv("SAMPLE_SHARE", "0.25")
    monkeypatch.setenv("SAMPLE_OPEN_NOW", "true")
    monkeypatch.setenv("PORTAL_HOUSE_NAME", "portal")
    read = load(Settings, "sample")
    assert (read.seats, read.share, read.open_now, read.house_name) == (3, 0.25, True, "portal")
    assert read.keys_dir == Path("/somewhere/keys")
    assert read.retry_ladder == "PT5S,PT30S,PT5M,PT1H"


def test_a_missing_setting_is_named_with_its_meaning(monkeypatch):
    monkeypatch.delenv("PORTAL_BROKER_URL")
    assert faults() == (
        "PORTAL_BROKER_URL is not set: AMQP URL of RabbitMQ, or `embedded:` in one process."
    )


def test_an_unknown_setting_is_refused_with_the_name_that_was_meant(monkeypatch):
    monkeypatch.setenv("SAMPLE_SEATZ", "3")
    assert faults() == ("SAMPLE_SEATZ is not a setting of this service. Did you mean SAMPLE_SEATS?")


def test_an_unknown_setting_that_resembles_nothing_is_to_be_removed(monkeypatch):
    monkeypatch.setenv("SAMPLE_XYLOPHONE_QUALITY", "3")
    assert faults() == "SAMPLE_XYLOPHONE_QUALITY is not a setting of this service. Remove it."


@pytest.mark.parametrize("name", ["SHOP_SEATS", "PORTAL_TEST_POSTGRES_URL", "HOME", "SAMPLER"])
def test_what_is_no_setting_of_ours_is_left_alone(monkeypatch, name):
    monkeypatch.setenv(name, "anything")
    assert load(Settings, "sample").seats == 12


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("SAMPLE_SEATS", "twelve", "int"),
        ("SAMPLE_SEATS", "", "int"),
        ("SAMPLE_PORT", "tcp://10.0.0.1:8000", "int"),
        ("SAMPLE_SHARE", "half", "float"),
        ("SAMPLE_OPEN_NOW", "perhaps", "bool"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_and_not_repeated(monkeypatch, name, value, kind):
    monkeypatch.setenv(name, value)
    told = faults()
    assert told.startswith(f"{name} is not a valid {kind}: ")
    assert not value or value not in told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAMPLE_SEATS", "0"),
        ("SAMPLE_PORT", "65536"),
        ("SAMPLE_THREADS", "0"),
        ("PORTAL_PROFILE", "staging"),
        ("PORTAL_LOG_LEVEL", "loud"),
        ("PORTAL_RETRY_LADDER", "soon, later"),
        ("PORTAL_RETRY_LADDER", "P1Y"),
        ("PORTAL_RETRY_LADDER", ""),
    ],
)
def test_a_value_out_of_bounds_is_named_with_what_it_means(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    told = faults()
    assert told.startswith(f"{name} is out of bounds: ")
    assert told.endswith(".")


def test_all_faults_are_told_at_once(monkeypatch):
    monkeypatch.delenv("PORTAL_BROKER_URL")
    monkeypatch.setenv("SAMPLE_SEATS", "twelve")
    monkeypatch.setenv("SAMPLE_SEATZ", "3")
    told = faults()
    assert all(name in told for name in ("PORTAL_BROKER_URL", "SAMPLE_SEATS is", "SAMPLE_SEATZ"))


def test_a_shifted_clock_is_for_development_only(monkeypatch):
    monkeypatch.setenv("PORTAL_CLOCK_FILE", "/somewhere/clock.json")
    assert faults().startswith("PORTAL_CLOCK_FILE is for development")
    monkeypatch.setenv("PORTAL_PROFILE", "development")
    assert load(Settings, "sample").clock_file == "/somewhere/clock.json"


def test_settings_made_by_hand_are_checked_too():
    made = load(Settings, "sample")
    with pytest.raises(SettingsError, match="SAMPLE_SEATS is out of bounds"):
        check(dataclasses.replace(made, seats=-1), "sample")


def test_the_name_of_a_service_with_a_dash_becomes_a_prefix_with_an_underscore():
    fields = {each.name: each for each in dataclasses.fields(Settings)}
    assert variable("service-cases", fields["seats"]) == "SERVICE_CASES_SEATS"
    assert variable("service-cases", fields["broker_url"]) == "PORTAL_BROKER_URL"


def test_a_process_with_wrong_settings_ends_with_the_sentence_and_no_traceback(monkeypatch, capsys):
    monkeypatch.delenv("SAMPLE_DATABASE_URL")
    monkeypatch.setattr("sys.argv", ["sample", "migrate"])
    with pytest.raises(SystemExit) as ended:
        service.main()
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("SAMPLE_DATABASE_URL is not set: ")
    assert told.count("\n") == 1


def test_a_process_without_keys_says_how_to_make_them(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["sample", "migrate"])
    with pytest.raises(SystemExit) as ended:
        service.main()
    assert ended.value.code == 2
    assert "`python -m common.keys FOLDER`" in capsys.readouterr().err
