"""A partner as a YAML file gives it: every value still a text."""

from __future__ import annotations

from typing import Any

from mlconnector_assets.partners import Flow, SftpTarget

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGzr5yz0o4v5Qd9c3u0n4c6b0hJr8m9bJ3t2y5k1q7Xz"


def target(**keys: Any) -> SftpTarget:
    return SftpTarget.model_validate(
        {"host": "sftp.acme.example", "user": "us", "private_key": "acme-key", "host_keys": [HOST_KEY]} | keys
    )


def flow(**keys: Any) -> Flow:
    given = {
        "name": "bills", "connection": "odoo", "record": "invoices", "layout": "csv/invoices", "companies": "all",
        "counterparties": "all", "since": "2026-01-01",
    }  # fmt: skip
    return Flow.model_validate(given | keys)
