"""The manifests in deploy/kubernetes and the engines in compose.yaml: whole, consistent, with the least of rights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import load

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy" / "kubernetes"
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())


def manifest(file: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((FOLDER / file).read_text())
    return told


@pytest.fixture
def pod() -> dict[str, Any]:
    """What a pod of krab is made from."""
    spec: dict[str, Any] = manifest("krab.yaml")["spec"]["template"]["spec"]
    return spec


@pytest.fixture
def krab(pod: dict[str, Any]) -> dict[str, Any]:
    [container] = pod["containers"]
    told: dict[str, Any] = container
    return told


def test_every_manifest_is_applied_and_is_there() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(KUSTOMIZATION["resources"])


def test_every_selector_means_the_same_pods() -> None:
    labels = manifest("krab.yaml")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        manifest("krab.yaml")["spec"]["selector"]["matchLabels"],
        manifest("service.yaml")["spec"]["selector"],
        manifest("disruption-budget.yaml")["spec"]["selector"]["matchLabels"],
        manifest("network-policy.yaml")["spec"]["podSelector"]["matchLabels"],
    ]
    assert selectors == [labels] * 4


def test_it_runs_as_the_user_of_the_image_and_never_as_root(pod: dict[str, Any]) -> None:
    context, image = pod["securityContext"], (ROOT / "Dockerfile").read_text()
    assert context["runAsNonRoot"]
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}" in image


def test_it_may_do_nothing_but_write_to_its_volume_and_a_small_tmp(pod: dict[str, Any], krab: dict[str, Any]) -> None:
    assert krab["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {m["mountPath"] for m in krab["volumeMounts"] if not m.get("readOnly")} == {"/data", "/tmp"}


def test_it_has_no_credentials_of_the_cluster(pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False


def test_secrets_come_from_a_secret_and_stand_in_no_file(krab: dict[str, Any]) -> None:
    assert krab["envFrom"] == [{"secretRef": {"name": "krab"}}]
    assert "env" not in krab
    words = "".join(path.read_text() for path in FOLDER.iterdir())
    assert not re.search(r"(?i)(password|token|secret)\s*[=:]\s*['\"][^'\"]+['\"]", words)


def test_it_is_restarted_by_healthz_and_asked_by_readyz(krab: dict[str, Any]) -> None:
    asked = {name: krab[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {name: get["path"] for name, get in asked.items()} == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert {get["port"] for get in asked.values()} == {krab["ports"][0]["name"]}


def test_its_memory_has_a_limit_and_machines_are_emptied_one_at_a_time(krab: dict[str, Any]) -> None:
    assert krab["resources"]["limits"]["memory"]
    assert manifest("disruption-budget.yaml")["spec"]["maxUnavailable"] == 1
    assert manifest("krab.yaml")["spec"]["replicas"] > 1


def test_its_configuration_is_one_that_krab_takes(tmp_path: Path) -> None:
    assert KUSTOMIZATION["configMapGenerator"] == [{"name": "krab", "files": ["krab.toml"]}]
    settings = load({"KRAB_STORE_PASSWORD": "x"}, data=str(tmp_path), config=str(FOLDER / "krab.toml"))
    assert (settings.vectors.kind, settings.vectors.replicas) == ("milvus", 2)
    assert settings.web.listen == "0.0.0.0:8080"


def test_every_image_has_a_version() -> None:
    images = [service["image"] for name, service in COMPOSE["services"].items() if name != "krab"]
    assert [image for image in images if not re.search(r":v?\d[\w.]*$", image)] == []
    assert all(image["newTag"] for image in KUSTOMIZATION["images"])


@pytest.mark.parametrize("name", ["postgres", "milvus"])
def test_the_engines_start_only_when_asked_for_and_can_be_reached_by_krab_alone(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["profiles"] == ["engines"]
    assert service["cap_drop"] == ["ALL"]
    assert "ports" not in service
    assert service["healthcheck"]["test"]


def test_every_volume_that_is_used_is_told_of() -> None:
    used = {v.partition(":")[0] for service in COMPOSE["services"].values() for v in service["volumes"]}
    assert {name for name in used if "/" not in name} == set(COMPOSE["volumes"])
