"""Secrets on the command line: prompt, standard input, file; never an argument, and never shown."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from mlconnector_assets.steps.workspace import open_workspace
from tests.cli.command import Command
from tests.cli.test_bad_input import mistyped, refused
from tests.sshd import KeyPair

CANARY = "canary-4711-never-shown"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A project without any state yet."""
    shipped = Path(__file__).parents[2]
    root = tmp_path / "fresh"
    (root / "partners").mkdir(parents=True)
    for name in ("connections.yaml", "partners/acme.yaml"):
        (root / name).write_text((shipped / name).read_text())
    return root


def stored(root: Path, name: str) -> str:
    with open_workspace(root) as workspace:
        return workspace.vault.get(name).reveal()


def shown_nowhere(root: Path, secret: str = CANARY) -> None:
    """Neither a file of the project nor its name holds the secret."""
    for path in root.rglob("*"):
        assert secret not in path.name
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_from_standard_input(mlconnector: Command, empty: Path) -> None:
    made = f"made the key-encryption key {empty / '.mlconnector/keys/kek'}"
    for end in (b"", b"\n", b"\r\n"):
        value = f"{CANARY}-{len(end)}"
        ended = mlconnector.on(empty)("secrets", "set", "sandbox-odoo-api-key", stdin=value.encode() + end)
        assert ended.code == 0
        assert (made in ended.out) == (end == b"")
        assert "stored sandbox-odoo-api-key" in ended.out
        assert CANARY not in ended.out + ended.err
        assert stored(empty, "sandbox-odoo-api-key") == value
    shown_nowhere(empty)


def test_a_private_key_keeps_its_lines(mlconnector: Command, empty: Path, tmp_path: Path) -> None:
    private = KeyPair.make().private
    file = tmp_path / "id_ed25519"
    file.write_text(private)
    assert mlconnector.on(empty)("secrets", "set", "sandbox-acme-key", "--file", str(file)).code == 0
    assert stored(empty, "sandbox-acme-key") == private
    assert mlconnector.on(empty)("secrets", "set", "sandbox-acme-key", stdin=private.encode()).code == 0
    assert stored(empty, "sandbox-acme-key") == private


@pytest.mark.timeout(60)
def test_from_a_prompt(empty: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mlconnector_assets.cli", "--project", str(empty), "secrets", "set", "sandbox-odoo-api-key"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        screen = b""
        # what is typed before its prompt is thrown away, as at every password prompt
        for prompt in (b"value of sandbox-odoo-api-key: ", b"Repeat for confirmation: "):
            while prompt not in screen:
                screen += _read(ours) or pytest.fail(f"no prompt: {screen!r}")
            os.write(ours, f"{CANARY}\n".encode())
        while chunk := _read(ours):
            screen += chunk
    os.close(ours)
    assert process.returncode == 0, screen
    assert CANARY.encode() not in screen
    assert stored(empty, "sandbox-odoo-api-key") == CANARY


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1024)
    except OSError:  # Linux says EIO once the other side is closed
        return b""


@pytest.mark.parametrize(
    "arguments",
    [
        ["secrets", "set", "odoo-api-key", CANARY],
        ["secrets", "set", "odoo-api-key", "--value", CANARY],
        ["secrets", "set", "odoo-api-key", f"--value={CANARY}"],
        ["secrets", "set", CANARY.upper()],
        ["secrets", "set", "0123456789" + CANARY.replace("-", "")],
    ],
)
def test_a_value_as_an_argument_is_refused_and_not_shown(mlconnector: Command, empty: Path, arguments: list[str]) -> None:
    ended = mlconnector.on(empty)(*arguments, stdin=b"value")
    mistyped(ended)
    assert "canary" not in (ended.out + ended.err).lower()
    assert not (empty / ".mlconnector").exists()


def test_a_value_that_is_none(mlconnector: Command, empty: Path) -> None:
    for value in (b"", b"\n", b"  \n", b"x" * 70_000, b"\xff\xfe\x00"):
        refused(mlconnector.on(empty)("secrets", "set", "sandbox-odoo-api-key", stdin=value), "sandbox-odoo-api-key")
    listed = mlconnector.on(empty)("secrets", "list", "--csv").out
    assert "sandbox-odoo-api-key,connection odoo,,missing" in listed


def test_a_file_that_is_not_there(mlconnector: Command, empty: Path, tmp_path: Path) -> None:
    for file in (tmp_path / "nothing", tmp_path):
        ended = mlconnector.on(empty)("secrets", "set", "sandbox-acme-key", "--file", str(file))
        refused(ended, str(file), "cannot be read")


def test_list_tells_what_is_missing_before_there_is_a_key(mlconnector: Command, empty: Path) -> None:
    ended = mlconnector.on(empty)("secrets", "list", "--csv")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "name,used by,version,stored (UTC),expires",
        "sandbox-acme-key,partner acme,,missing,",
        "sandbox-odoo-api-key,connection odoo,,missing,",
    ]


def test_list_shows_names_and_no_values(mlconnector: Command, empty: Path) -> None:
    secrets = mlconnector.on(empty)
    ended = secrets("secrets", "set", "forgotten", stdin=CANARY.encode())
    assert "nothing in connections.yaml or partners/ names the secret forgotten" in ended.err
    secrets("secrets", "set", "forgotten", stdin=b"another")
    ended = secrets("secrets", "list")
    row = next(line for line in ended.out.splitlines() if "forgotten" in line)
    assert "nobody" in row
    assert "| 2 " in row
    assert "another" not in ended.out


def test_rotate_with_a_new_key(mlconnector: Command, empty: Path) -> None:
    secrets, path = mlconnector.on(empty), empty / ".mlconnector/keys/kek"
    for name in ("first", "second"):
        secrets("secrets", "set", name, stdin=f"{CANARY}-{name}".encode())
    old = path.read_text()
    ended = secrets("secrets", "rotate", "--new-key")
    assert ended.code == 0
    assert "2 secrets were wrapped" in ended.out
    lines = path.read_text().splitlines(keepends=True)
    assert lines[1:] == [old]
    assert not any(line.strip() in ended.out + ended.err for line in lines)
    path.write_text(lines[0])
    assert stored(empty, "first") == f"{CANARY}-first"
    assert "0 secrets were wrapped" in secrets("secrets", "rotate").out
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_key_needs_a_key_file(mlconnector: Command, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlconnector.on(empty)("secrets", "set", "first", stdin=CANARY.encode())
    key = (empty / ".mlconnector/keys/kek").read_text()
    monkeypatch.setenv("MLCONNECTOR_KEK", key.strip())
    ended = mlconnector.on(empty)("secrets", "rotate", "--new-key")
    refused(ended, "MLCONNECTOR_KEK", "put a new key in front")
    assert (empty / ".mlconnector/keys/kek").read_text() == key
    assert key.strip() not in ended.out + ended.err
