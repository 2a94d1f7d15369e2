"""`portalctl retention`: rules, calendar and preview over a service's own database."""

import json

import pytest
from click.testing import CliRunner

from common.messaging.portalctl import main
from common.privacy import operating
from sample.app import service

from .test_rulesets import an_answer


@pytest.fixture
def portalctl(sample, monkeypatch):
    """The command on the sample service's database, under the name of a real one."""
    monkeypatch.setattr(operating, "load_services", lambda names: dict.fromkeys(names, service))
    monkeypatch.setattr(type(service), "runtime", lambda self: sample.runtime, raising=True)

    def call(*arguments):
        return CliRunner().invoke(main, ["retention", *arguments])

    return call


def test_the_calendar_is_a_bar_a_month(sample, portalctl):
    an_answer(sample)
    shown = portalctl("calendar", "shop")
    assert shown.exit_code == 0, shown.output
    assert "2026-03 ████" in shown.stdout
    assert "shop idempotency: 1" in shown.stdout
    assert json.loads(portalctl("calendar", "shop", "--json").stdout)["shop"][0]["rows"] == 1


def test_rules_are_printed_changed_and_previewed(sample, portalctl, tmp_path):
    an_answer(sample)
    file = tmp_path / "rules.json"
    rules = json.loads(portalctl("rules", "shop").stdout)
    for each in rules["shop"]:
        if each["record_class"] == "idempotency":
            each["period"] = "P1Y"
    file.write_text(json.dumps(rules))
    shown = portalctl("preview", str(file))
    assert shown.exit_code == 0, shown.output
    assert "2027-03" in shown.stdout
    assert "1 later" in shown.stdout


@pytest.mark.parametrize("broken", ["", "[]", '{"shop": [{"record_class": "x"}]}', '{"shop": []}'])
def test_a_file_that_is_no_set_of_rules_is_refused_by_name(portalctl, tmp_path, broken):
    file = tmp_path / "rules.json"
    file.write_text(broken)
    shown = portalctl("preview", str(file))
    assert shown.exit_code == 1
    assert "rules.json" in shown.stderr
