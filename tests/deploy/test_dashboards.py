"""The dashboards: written from the code's own metrics, with every metric on one of them."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from deploy.kubernetes.dashboards import FOLDER, NoSuchMetric, Panel, dashboard
from deploy.kubernetes.declared import metrics, named_metrics


def boards() -> dict[str, Any]:
    """Dashboards by the name of their file."""
    return {file.stem: json.loads(file.read_text()) for file in FOLDER.glob("*.json")}


def test_every_metric_stands_on_a_dashboard_and_no_other() -> None:
    told = {
        name
        for board in boards().values()
        for panel in board["panels"]
        for target in panel["targets"]
        for name in named_metrics(target["expr"])
    }
    assert told == metrics()


def test_a_panel_of_a_metric_that_there_is_not_is_not_written() -> None:
    panel = Panel("Loose ends", "short", (("sum(rate(portal_loose_ends_total[5m]))", "ends"),))
    with pytest.raises(NoSuchMetric, match="portal_loose_ends, which nothing exports"):
        dashboard("estate", "Portal", [panel])


@pytest.mark.parametrize("name", ["estate", "messaging", "data-protection", "service"])
def test_panels_do_not_cover_each_other(name: str) -> None:
    places = [each["gridPos"] for each in boards()[name]["panels"]]
    for one, other in combinations(places, 2):
        beside = abs(one["x"] - other["x"]) >= one["w"] or abs(one["y"] - other["y"]) >= one["h"]
        assert beside, (one, other)
