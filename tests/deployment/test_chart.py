"""The Helm chart, rendered by helm itself. `make check-deployment`; skipped where there is no helm."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.tools import found

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "marketsync"
EVERYTHING = (
    "delivery.autoscaling.enabled=true,orders.enabled=true,api.enabled=true,podMonitor.enabled=true,tlsSecret=tls"
)

HELM = found("helm")
pytestmark = pytest.mark.skipif(HELM is None, reason="no helm: `make check-deployment` builds it where Go is")


@cache
def rendered(settings: str = EVERYTHING) -> list[dict[str, Any]]:
    command = [str(HELM), "template", "m", str(CHART), "--kube-version", "1.31.0", "--set", settings]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [document for document in rendered() if document["kind"] == kind]


def pods() -> list[dict[str, Any]]:
    return [each["spec"]["template"] for kind in ("Deployment", "StatefulSet", "Job") for each in of_kind(kind)]


def test_lint() -> None:
    done = subprocess.run([str(HELM), "lint", "--strict", str(CHART)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_delivery_is_a_set_whose_ordinal_is_the_static_member() -> None:
    sets = of_kind("StatefulSet")
    assert [each["metadata"]["name"].removeprefix("m-deliver-") for each in sets] == [
        "amazon",
        "ebay",
        "manomano",
        "trovaprezzi",
    ]
    for each in sets:
        (container,) = each["spec"]["template"]["spec"]["containers"]
        (replica,) = container["env"]
        assert replica == {
            "name": "MARKETSYNC_DELIVERY_REPLICA",
            "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
        }


def test_every_pod_runs_without_rights() -> None:
    for pod in pods():
        assert pod["spec"]["securityContext"]["runAsNonRoot"]
        assert pod["spec"]["automountServiceAccountToken"] is False
        for container in pod["spec"]["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_calls_in_flight_may_end_before_a_pod_is_killed() -> None:
    (config,) = of_kind("ConfigMap")
    drain = float(config["data"]["MARKETSYNC_DELIVERY_DRAIN"])
    assert all(pod["spec"]["terminationGracePeriodSeconds"] >= drain + 10 for pod in pods())


def test_what_lasts_has_a_budget_and_a_selector_that_finds_it() -> None:
    budgets = [each["spec"]["selector"]["matchLabels"] for each in of_kind("PodDisruptionBudget")]
    lasting = [*of_kind("Deployment"), *of_kind("StatefulSet")]
    assert len(budgets) == len(lasting)
    for each in lasting:
        labels = each["spec"]["template"]["metadata"]["labels"]
        assert each["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert sum(budget.items() <= labels.items() for budget in budgets) == 1


def test_an_autoscaler_never_fights_with_a_number_of_replicas() -> None:
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind("HorizontalPodAutoscaler")}
    assert len(scaled) == 5
    for each in [*of_kind("Deployment"), *of_kind("StatefulSet")]:
        assert ("replicas" in each["spec"]) != (each["metadata"]["name"] in scaled)


def test_secrets_are_named_not_written() -> None:
    assert of_kind("Secret") == []
    for pod in pods():
        (container,) = pod["spec"]["containers"]
        assert {"secretRef": {"name": "marketsync"}} in container["envFrom"]
