"""docker-compose.yml, the chart's values and the Dockerfile name only what the service has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.settings_table import variables

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OURS = re.compile(
    r"^(MARKETSYNC|EBAY|AMAZON|MANOMANO|TROVAPREZZI|SYNC|API|MONGODB|KAFKA_(SECURITY|SASL|SSL|BOOTSTRAP))_"
)


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def roles() -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: each for name, each in compose()["services"].items() if each["image"].startswith("marketsync")}


def test_the_stand_has_every_server_and_every_channel() -> None:
    services = set(compose()["services"])
    assert {"mongodb", "kafka", "prometheus", "grafana", "init", "capture", "feeds"} <= services
    assert {f"deliver-{name}" for name in ("ebay", "amazon", "manomano", "trovaprezzi")} <= services


@pytest.mark.parametrize("name", sorted(roles()))
def test_every_role_runs_without_rights_and_may_end_in_order(name: str) -> None:
    role = roles()[name]
    assert role["read_only"]
    assert role["cap_drop"] == ["ALL"]
    assert role["security_opt"] == ["no-new-privileges:true"]
    drain = variables()["MARKETSYNC_DELIVERY_DRAIN"].default
    assert float(role["stop_grace_period"].removesuffix("s")) >= drain + 10


def test_what_is_set_is_a_setting() -> None:
    chart = yaml.safe_load((ROOT / "deploy/helm/marketsync/values.yaml").read_text(encoding="utf-8"))
    named = set(chart["config"])
    for role in roles().values():
        named |= set(role["environment"])
    sandbox = (ROOT / "deploy/compose/sandbox.env").read_text(encoding="utf-8")
    named |= set(re.findall(r"^([A-Z_]+)=", sandbox, re.MULTILINE))
    named |= {word for word in re.findall(r"\b([A-Z]+_[A-Z_]+)=", DOCKERFILE) if word.startswith("MARKETSYNC_")}
    assert {name for name in named if OURS.match(name)} <= set(variables())
    assert len([name for name in named if OURS.match(name)]) > 15


def test_prometheus_reads_every_role_that_lasts() -> None:
    config = yaml.safe_load((ROOT / "deploy/compose/prometheus.yml").read_text(encoding="utf-8"))
    job = config["scrape_configs"][0]
    targets = {target.partition(":")[0] for target in job["static_configs"][0]["targets"]}
    lasting = {name: role for name, role in roles().items() if role.get("healthcheck") != {"disable": True}}
    assert targets == {name for name, role in lasting.items() if "profiles" not in role}
    assert set(job["dns_sd_configs"][0]["names"]) == {name for name, role in lasting.items() if "profiles" in role}


def test_the_image_runs_as_nobody_in_particular() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    assert len(stages) == 3
    assert "USER 10001:10001" in stages[-1]
    assert "pip install" not in stages[-1]
    assert "--require-hashes" in stages[1]
    assert "HEALTHCHECK" in stages[-1]


def test_what_the_image_installs_is_what_was_tested() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        return set(re.findall(r"^([a-z0-9._-]+==\S+)", text, re.MULTILINE))

    tested = pins("dev.lock")
    for name in ("image.lock", "build.lock"):
        assert pins(name)
        assert pins(name) <= tested
