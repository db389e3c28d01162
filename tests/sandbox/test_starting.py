from __future__ import annotations

import json
import socket
import stat

import pytest

from mlconnector_assets.errors import LeaseHeld, Unavailable
from mlconnector_assets.sandbox import start_sandbox

SMALL = {"moves": 20, "vendors": 6, "customers": 4}


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_restart_keeps_changes_keys_and_clock(tmp_path):
    with start_sandbox(tmp_path, **SMALL) as first:
        made = first.control.post_invoice()
        first.control.set_clock(first.control.now().replace(year=2030), running=False)
        kept = (first.api_key, first.host_keys, first.partner_key("acme"), first.partner_password("acme"), first.control.now())
    with start_sandbox(tmp_path, **SMALL) as second:
        assert (
            second.api_key,
            second.host_keys,
            second.partner_key("acme"),
            second.partner_password("acme"),
            second.control.now(),
        ) == kept
        assert second.control.call("account.move", "read", ids=[made["id"]], fields=["name"])[0]["name"] == made["name"]


def test_a_late_commit_survives_a_restart(tmp_path):
    with start_sandbox(tmp_path, **SMALL) as first:
        held = first.control.post_invoice(hold=True)["id"]
    with start_sandbox(tmp_path, **SMALL) as second:
        assert second.control.commit() == 1
        assert second.control.call("account.move", "search_count", domain=[["id", "=", held]]) == 1


def test_every_secret_is_for_its_owner_only(tmp_path):
    with start_sandbox(tmp_path, **SMALL) as sandbox:
        secrets = list((sandbox.folder / "keys").iterdir())
        described = (sandbox.folder / "sandbox.json").read_text()
    assert len(secrets) == 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    assert sandbox.api_key not in described


def test_a_second_sandbox_on_the_folder_is_one_clear_error(tmp_path):
    with start_sandbox(tmp_path, **SMALL) as first:
        with pytest.raises(LeaseHeld, match=r"a sandbox already runs on this folder \(process \d+\)") as caught:
            start_sandbox(tmp_path, **SMALL)
        assert "stop it first" in caught.value.mend
        assert first.control.faults() == []


@pytest.mark.parametrize(("option", "flag"), [("odoo_port", "--odoo-port"), ("sftp_port", "--sftp-port")])
def test_a_taken_port_is_one_clear_error_and_leaves_the_folder_usable(tmp_path, taken_port, option, flag):
    with pytest.raises(Unavailable, match=f"port {taken_port} for the .* is taken") as caught:
        start_sandbox(tmp_path, **SMALL, **{option: taken_port})
    assert flag in caught.value.mend
    start_sandbox(tmp_path, **SMALL).stop()


def test_a_process_of_its_own(tmp_path):
    with start_sandbox(tmp_path, **SMALL, own_process=True) as sandbox:
        described = json.loads((tmp_path / "sandbox.json").read_text())
        assert described["odoo_url"] == sandbox.odoo_url
        assert sandbox.control.call("res.company", "search_count", domain=[]) == 3
        assert sandbox.alive
    assert not sandbox.alive
    assert not (tmp_path / "sandbox.json").exists()


def test_a_process_of_its_own_that_cannot_start_says_why(tmp_path, taken_port):
    with pytest.raises(Unavailable, match=f"port {taken_port} for the Odoo stand-in is taken"):
        start_sandbox(tmp_path, **SMALL, odoo_port=taken_port, own_process=True)
