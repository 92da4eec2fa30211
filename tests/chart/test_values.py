"""What the chart takes and what it refuses, without Helm: its schema, its version, its reference page."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from berth_cli import installing
from berth_local.site.control_plane import REPOSITORY
from chalicelib.wire import VERSION
from infra.manifest import CHART, MANIFEST, source_digest

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
LEAST = {"controlPlane": {"url": "https://berth.example.org"}, "existingSecret": "berth-agent"}
PAGE = (REPOSITORY / "docs" / "reference" / "chart.md").read_text()


def faults(values: dict[str, Any]) -> list[str]:
    """What the schema says against values, each with its place."""
    found = Draft7Validator(SCHEMA).iter_errors(values)
    return [f"{'.'.join(map(str, each.absolute_path))}: {each.message}" for each in found]


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The places of values and what the schema says of each; what is Kubernetes's own is one place."""
    for name, part in schema["properties"].items():
        found = (
            SCHEMA["definitions"][part["$ref"].rpartition("/")[2]] | part
            if "$ref" in part
            else part
        )
        place = f"{path}.{name}" if path else name
        if "properties" in found and "$ref" not in part:
            yield from leaves(found, place)
        elif name != "global":
            yield place, found


LEAVES = dict(leaves(SCHEMA))


def default(place: str) -> Any:
    """The default of a value."""
    value: Any = DEFAULTS
    for name in place.split("."):
        value = value[name]
    return value


def test_the_schema_is_one() -> None:
    """The schema is valid, and the least that must be given satisfies it with every default around it."""
    Draft7Validator.check_schema(SCHEMA)
    assert faults(LEAST) == []
    assert faults(DEFAULTS | LEAST) == []


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"controlPlane": {"url": "http://berth.example.org"}}, "controlPlane.url"),
    ({"controlPlane": {"url": "https://berth.example.org/path"}}, "controlPlane.url"),
    ({"controlPlane": {}}, "'url' is a required property"),
    ({"controlplane": {}}, "'controlplane' was unexpected"),
    ({"agent": {"resource": {}}}, "'resource' was unexpected"),
    ({"agent": {"resources": {"request": {}}}}, "'request' was unexpected"),
    ({"agent": {"resources": {"limits": {"memory": "512 MB"}}}}, "agent.resources.limits.memory"),
    ({"agent": {"nodeSelector": {"pool": True}}}, "agent.nodeSelector.pool"),
    ({"agent": {"tolerations": [{"effect": "NoRun"}]}}, "agent.tolerations.0.effect"),
    ({"agent": {"logLevel": "LOUD"}}, "agent.logLevel"),
    ({"proxy": {"enabled": "yes"}}, "proxy.enabled"),
    ({"imagePullSecrets": ["mirror"]}, "imagePullSecrets.0"),
    ({"imagePrefix": "https://registry.example.org"}, "imagePrefix"),
    ({"image": {"digest": "sha256:12"}}, "image.digest"),
    ({"image": {"pullPolicy": "Sometimes"}}, "image.pullPolicy"),
    ({"token": "ghp_0123"}, "token"),
    ({"existingSecret": "Berth Agent"}, "existingSecret"),
    ({"authorities": {"pem": "/etc/ssl/ca.pem"}}, "authorities.pem"),
    ({"httpProxy": {"url": "http://me:secret@proxy.example.org:3128"}}, "httpProxy.url"),
    ({"httpProxy": {"noProxy": ["a,b"]}}, "httpProxy.noProxy.0"),
    ({"networkPolicy": {"apiServerPorts": []}}, "networkPolicy.apiServerPorts"),
    ({"networkPolicy": {"apiServerPorts": [70_000]}}, "networkPolicy.apiServerPorts.0"),
    ({"podDisruptionBudget": {"maxUnavailable": -1}}, "podDisruptionBudget.maxUnavailable"),
]


@pytest.mark.parametrize("values, said", WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_refused_where_it_is(values: dict[str, Any], said: str) -> None:
    """Each wrong value, and each one that the chart does not know, is one fault that names it."""
    (fault,) = faults(LEAST | values)
    assert said in fault


def test_every_value_has_a_default_and_words() -> None:
    """Schema and defaults know the same values, and the schema says what each is for."""
    for place, said in LEAVES.items():
        default(place)
        assert said.get("description"), place
    known = set(LEAVES)
    for place in _places(DEFAULTS):
        assert any(place == each or place.startswith(f"{each}.") for each in known), place


def _places(values: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in values.items():
        place = f"{path}.{name}" if path else name
        if isinstance(value, dict) and value:
            yield from _places(value, place)
        else:
            yield place


def test_every_value_has_a_row_in_the_reference() -> None:
    """The page has a row for each value with its default, and none for another."""
    rows = dict(re.findall(r"^\| `([a-zA-Z.]+)` \| (.+?) \|", PAGE, re.MULTILINE))
    assert set(rows) == set(LEAVES)
    for place, cell in rows.items():
        value = default(place)
        shown = "" if value in ("", [], {}) else json.dumps(value).strip('"')
        assert cell.strip("`") == (shown or "none"), place


def test_one_version_for_all() -> None:
    """The chart installs the version that the programs have."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == chart["version"] == VERSION


def test_the_manifest_was_rendered_from_this_chart() -> None:
    """`make manifest` was run since the chart was changed; the cluster tier renders it again and compares."""
    assert f"Source {source_digest()}\n" in MANIFEST.read_text()


def test_the_namespace_is_the_same_by_both_ways() -> None:
    """What `berth agent install` makes is the namespace that the manifest makes."""
    (rendered,) = [
        each for each in yaml.safe_load_all(MANIFEST.read_text()) if each["kind"] == "Namespace"
    ]
    made, secret = installing.manifest("token")["items"]
    assert made == rendered
    assert secret["stringData"] == {"token": "token"}
