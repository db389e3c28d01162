"""The guides and schemas tell what the code does: every command, option and YAML key, and nothing that is gone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from mlconnector_assets.cli.app import app
from mlconnector_assets.configuration.schemas import json_schemas
from tests.cli.command import Command

ROOT = Path(__file__).parents[2]
COMMANDS = (ROOT / "docs/guides/commands.md").read_text()
CONFIGURATION = (ROOT / "docs/guides/configuration.md").read_text()
EVERYWHERE = {"--help", "-h", "--project"}


def commands(group: Any, path: str = "mlconnector") -> dict[str, Any]:
    """Every command by how it is typed."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        found |= commands(command, f"{path} {name}") if hasattr(command, "commands") else {f"{path} {name}": command}
    return found


ALL = commands(typer.main.get_command(app))


def options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("-")} - EVERYWHERE


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next."""
    match = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match, f"no section {title}"
    return match[1]


def test_every_command_has_a_section_and_no_other() -> None:
    assert re.findall(r"^## (.*)$", COMMANDS, re.MULTILINE) == list(ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_option_is_explained_and_no_other(name: str) -> None:
    tables = "\n".join(line for line in section(COMMANDS, name).splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(--?[a-z][a-z0-9-]*)", tables)) == options(ALL[name])


def test_the_options_of_every_command_are_explained() -> None:
    head = COMMANDS.partition("\n## ")[0]
    assert {"--project", "--debug", "--version", "--help", "-h"} <= set(re.findall(r"`(--?[a-z][a-z-]*)", head))


@pytest.mark.parametrize("name", ALL)
def test_help_teaches(mlconnector: Command, name: str) -> None:
    ended = mlconnector(*name.split()[1:], "--help")
    words = " ".join(ended.out.replace("│", " ").split())
    assert ended.code == 0
    assert "Example" in words
    assert name in words
    described = [parameter for parameter in ALL[name].params if not getattr(parameter, "hidden", False)]
    assert all(getattr(parameter, "help", None) for parameter in described)


@pytest.mark.parametrize(
    "group",
    ["secrets", "partner", "outbox", "holds", "inbox", "set-aside", "reads", "deletions", "alerts", "audit", "warehouse", "edi"],
)
def test_a_group_lists_its_commands(mlconnector: Command, group: str) -> None:
    ended = mlconnector(group, "--help")
    assert ended.code == 0
    assert all(name.split()[-1] in ended.out for name in ALL if name.split()[1] == group)


def models(which: str) -> dict[str, dict[str, Any]]:
    """Every mapping a YAML file may hold, by the name of its model, with its keys."""
    schema = json_schemas()[which]
    found = {schema["title"]: schema, **schema["$defs"]}
    return {name: model["properties"] for name, model in found.items() if "properties" in model}


@pytest.mark.parametrize(("which", "model"), [(which, model) for which in ("connections", "partner") for model in models(which)])
def test_every_key_of_the_yaml_files_is_explained(which: str, model: str) -> None:
    rows = re.findall(r"^\| `([a-z0-9_]+)` \|", section(CONFIGURATION, SECTIONS[model]), re.MULTILINE)
    assert rows == list(models(which)[model])


SECTIONS = {
    "connections.yaml": "connections.yaml",
    "OdooConnection": "connections.yaml: an Odoo connection",
    "DuckDBWarehouse": "connections.yaml: warehouse",
    "Alerts": "connections.yaml: alerts",
    "MailChannel": "connections.yaml: alerts: mail",
    "WebhookChannel": "connections.yaml: alerts: webhook",
    "partners/*.yaml": "partners/*.yaml",
    "SftpTarget": "partners/*.yaml: sftp",
    "Folders": "partners/*.yaml: sftp: folders",
    "WireSwitches": "partners/*.yaml: sftp: wire",
    "JumpHost": "partners/*.yaml: sftp: jump",
    "Inbox": "partners/*.yaml: inbox",
    "InboundFiles": "partners/*.yaml: inbox: files",
    "Flow": "partners/*.yaml: a flow",
    "PgpRules": "partners/*.yaml: pgp",
    "SnapshotRules": "partners/*.yaml: snapshot",
    "Layout": "partners/*.yaml: layout",
    "LayoutColumn": "partners/*.yaml: layout: a column",
    "ColumnChange": "partners/*.yaml: layout: change",
    "Part": "partners/*.yaml: layout: a part",
    "Total": "partners/*.yaml: layout: a total",
    "Delimited": "partners/*.yaml: layout: delimited",
    "FixedWidth": "partners/*.yaml: layout: fixed_width",
    "Xml": "partners/*.yaml: layout: xml",
    "X12": "partners/*.yaml: x12",
    "X12Party": "partners/*.yaml: x12: sender, receiver",
    "Edifact": "partners/*.yaml: edifact",
    "EdifactParty": "partners/*.yaml: edifact: sender, receiver",
}


@pytest.mark.parametrize(("which", "model"), [(which, model) for which in ("connections", "partner") for model in models(which)])
def test_defaults_in_the_guide_are_true(which: str, model: str) -> None:
    text = section(CONFIGURATION, SECTIONS[model])
    for key, schema in models(which)[model].items():
        default = schema.get("default")
        if isinstance(default, str | int) and not isinstance(default, bool) and default != "":
            row = next(line for line in text.splitlines() if line.startswith(f"| `{key}` |"))
            assert f"`{default}`" in row.replace("\\|", "|"), row


def test_the_layouts_and_functions_of_the_guide_are_the_shipped_ones() -> None:
    from mlconnector_assets.layouts import shipped_layouts
    from mlconnector_assets.layouts.allowed import FUNCTIONS

    named = set(re.findall(r"`((?:csv|fixed_width|xml|x12|edifact)/[a-z_]+)`", CONFIGURATION))
    assert named == shipped_layouts().keys()
    listed = section(CONFIGURATION, "Expressions")
    assert set(FUNCTIONS) <= set(re.findall(r"`([a-z_]+)`", listed))


@pytest.mark.parametrize("which", ["connections", "partner"])
def test_the_schemas_are_current(mlconnector: Command, which: str) -> None:
    path = ROOT / f"docs/schemas/{which}.schema.json"
    assert path.read_text() == mlconnector("schema", which).out, f"run: mlconnector schema {which} -o {path.relative_to(ROOT)}"
    assert json.loads(path.read_text()) == json_schemas()[which]


@pytest.mark.parametrize("file", ["connections.yaml", "partners/acme.yaml"])
def test_the_shipped_files_name_their_schema(file: str) -> None:
    match = re.match(r"# yaml-language-server: \$schema=(\S+)\n", (ROOT / file).read_text())
    assert match
    assert ((ROOT / file).parent / match[1]).resolve().is_relative_to(ROOT / "docs/schemas")
    assert ((ROOT / file).parent / match[1]).exists()


def test_links_between_documents_lead_somewhere() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.relative_to(ROOT)}: {target}"
