"""The files in deploy/: they say what is true of krab, so that nobody finds out at night."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.metrics import Metrics, of_sources, plain
from bot.settings import load
from tests.fake_site import ANSWERED, ROWS

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
LOOKED_UP = set(re.findall(r'plain\("(krab_\w+)"', (ROOT / "bot" / "wiring" / "status.py").read_text()))


def told() -> set[str]:
    """The names of everything that krab tells Prometheus."""
    metrics = Metrics(lambda: (*of_sources(ROWS), *(plain(name, "x", 1) for name in LOOKED_UP)))
    metrics.measured(lambda *_: ANSWERED, "web")
    return set(re.findall(r"^# TYPE (\w+)", metrics.exposition().decode(), re.MULTILINE))


def used(text: str) -> set[str]:
    names = re.findall(r"\b(?:krab|process)_[a-z_]+", text)
    return {re.sub(r"_(bucket|total|count|sum)$", "", name) for name in names}


@pytest.mark.parametrize("file", ["alerts.yml", "grafana-dashboard.json"])
def test_every_metric_that_is_used_is_told(file: str) -> None:
    known = {re.sub(r"_total$", "", name) for name in told()}
    assert used((DEPLOY / file).read_text()) - known - {"process_cpu_seconds"} == set()


def test_every_alarm_says_what_is_wrong_and_what_to_do() -> None:
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    assert len(rules) >= 8
    assert all({"summary", "advice"} <= rule["annotations"].keys() for rule in rules)
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}


def test_the_dashboard_has_panels_that_do_not_overlap() -> None:
    panels: list[dict[str, Any]] = json.loads((DEPLOY / "grafana-dashboard.json").read_text())["panels"]
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


def test_compose_runs_the_image_as_the_manual_says() -> None:
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["krab"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["ports"] == ["127.0.0.1:8080:8080"]


@pytest.mark.parametrize("file", ["krab.service", "krab-backup.service", "krab-backup.timer"])
def test_units_have_sections_and_settings_only(file: str) -> None:
    lines = (DEPLOY / file).read_text().splitlines()
    assert all(re.fullmatch(r"|#.*|\[\w+\]|[A-Za-z]+=.*", line) for line in lines)
    assert any(line.startswith("[") for line in lines)


def test_the_example_of_the_manual_is_a_valid_configuration(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        file = tmp_path / f"{number}.toml"
        file.write_text(block)
        load({}, data=str(tmp_path), config=str(file))
