"""The alarms: valid rules, on metrics that there are, each with a runbook, firing when they should and only then."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.settings_table import PAGE, metrics

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "marketsync.rules.yml"
NAMES = re.compile(r"marketsync_\w+")

E, A = 'channel="ebay"', 'channel="ebay",account="a/x"'
FEED = 'tenant="a",channel="ebay",account="x"'
# Alert: series that make it fire, and series at which it is silent; minute after minute.
CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "MarketsyncLag": (
        {f'marketsync_delivery_lag_seconds{{{E},group="g",tenant="a"}}': "1000x60"},
        {f'marketsync_delivery_lag_seconds{{{E},group="g",tenant="a"}}': "800x60"},
    ),
    "MarketsyncCaptureLag": (
        {'marketsync_capture_position_timestamp_seconds{stream="s"}': "0x60"},
        {'marketsync_capture_position_timestamp_seconds{stream="s"}': "0+60x60"},
    ),
    "MarketsyncOplogWindow": (
        {'marketsync_capture_oplog_headroom_seconds{stream="s"}': "3600x60"},
        {'marketsync_capture_oplog_headroom_seconds{stream="s"}': "86400x60"},
    ),
    "MarketsyncAccountDown": (
        {f"marketsync_delivery_halted{{{A}}}": "1x60"},
        {f"marketsync_delivery_halted{{{A}}}": "0x60"},
    ),
    "MarketsyncRefusedShare": (
        {
            f'marketsync_delivery_outcomes_total{{{A},outcome="refused"}}': "0+30x60",
            f'marketsync_delivery_outcomes_total{{{A},outcome="accepted"}}': "0+30x60",
        },
        {
            f'marketsync_delivery_outcomes_total{{{A},outcome="refused"}}': "0+1x60",
            f'marketsync_delivery_outcomes_total{{{A},outcome="accepted"}}': "0+30x60",
        },
    ),
    "MarketsyncMassMoveHeld": (
        {f'marketsync_delivery_brake_closed{{{A},brake="price"}}': "1x60"},
        {f'marketsync_delivery_brake_closed{{{A},brake="price"}}': "0x60"},
    ),
    "MarketsyncFloodGuard": (
        {f'marketsync_delivery_floods_total{{{E},whom="a/x"}}': "0x50 1x10"},
        {f'marketsync_delivery_floods_total{{{E},whom="a/x"}}': "3x60"},
    ),
    "MarketsyncFeedStale": (
        {f"marketsync_feed_failing{{{FEED}}}": "3x60"},
        {f"marketsync_feed_failing{{{FEED}}}": "1x60"},
    ),
    "MarketsyncTokenExpiring": (
        {f'marketsync_credential_expires_in_seconds{{{FEED},credential="token"}}': "600000x60"},
        {f'marketsync_credential_expires_in_seconds{{{FEED},credential="token"}}': "700000x60"},
    ),
    "MarketsyncNoProgress": (
        {
            f"marketsync_delivery_unfinished_records{{{E}}}": "5x60",
            f'marketsync_delivery_outcomes_total{{{A},outcome="accepted"}}': "9x60",
        },
        {
            f"marketsync_delivery_unfinished_records{{{E}}}": "5x60",
            f'marketsync_delivery_outcomes_total{{{A},outcome="accepted"}}': "0+1x60",
        },
    ),
    "MarketsyncRetriesGrowing": (
        {f'marketsync_delivery_retries_waiting{{{E},tier="60s"}}': "0+10x60"},
        {f'marketsync_delivery_retries_waiting{{{E},tier="60s"}}': "900-10x60"},
    ),
    "MarketsyncDuplicateLeader": (
        {f'marketsync_capture_leader{{stream="s",instance="{name}"}}': "1x60" for name in "ab"},
        {'marketsync_capture_leader{stream="s",instance="a"}': "1x60"},
    ),
    "MarketsyncDisk": (
        {'marketsync_disk_free_bytes{place="home"}': "5x60", 'marketsync_disk_size_bytes{place="home"}': "100x60"},
        {'marketsync_disk_free_bytes{place="home"}': "50x60", 'marketsync_disk_size_bytes{place="home"}': "100x60"},
    ),
    "MarketsyncOrdersStopped": (
        {f"marketsync_orders_walked_timestamp_seconds{{{FEED}}}": "0x60"},
        {f"marketsync_orders_walked_timestamp_seconds{{{FEED}}}": "0+60x60"},
    ),
    "MarketsyncOrderNotAccepted": (
        {f'marketsync_orders_oldest_seconds{{{FEED},status="to_accept"}}': "14400+60x60"},
        {
            f'marketsync_orders_oldest_seconds{{{FEED},status="to_accept"}}': "60+60x60",
            f'marketsync_orders_oldest_seconds{{{FEED},status="to_ship"}}': "90000+60x60",
        },
    ),
}


def rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    return found


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("there is no promtool on this machine: it comes with Prometheus (Debian's package prometheus)")
    return subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_each_alarm_is_about_metrics_that_there_are() -> None:
    named = {name for rule in rules() for name in NAMES.findall(rule["expr"])}
    assert named
    assert named <= metrics().keys()


def test_each_alarm_has_a_runbook_and_a_case() -> None:
    headings = re.findall(r"^#### (\w+)\n\n\S", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    names = [rule["alert"] for rule in rules()]
    assert names == headings
    assert set(names) == set(CASES)


def test_the_rules_are_valid() -> None:
    said = promtool("check", "rules", str(RULES))
    assert said.returncode == 0, said.stdout + said.stderr


def one_case(name: str, series: dict[str, str], *, fires: bool) -> dict[str, Any]:
    """It has to fire at least once in an hour (or not at all), whatever its labels are."""
    state = f'ALERTS{{alertname="{name}",alertstate="firing"}}'
    expected = [{"labels": "{}", "value": 1}] if fires else []
    return {
        "interval": "1m",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [{"expr": f"max(max_over_time({state}[1h]))", "eval_time": "55m", "exp_samples": expected}],
    }


def test_each_alarm_fires_when_it_should_and_is_silent_otherwise(tmp_path: Path) -> None:
    cases = [
        one_case(name, series, fires=fires)
        for name, both in CASES.items()
        for series, fires in zip(both, (True, False), strict=True)
    ]
    page = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": cases}
    (tmp_path / "cases.yml").write_text(json.dumps(page), encoding="utf-8")
    said = promtool("test", "rules", str(tmp_path / "cases.yml"))
    assert said.returncode == 0, said.stdout + said.stderr
