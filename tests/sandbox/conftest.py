"""One small sandbox a module; tests that change its start or its folder make their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from mlconnector_assets.sandbox import Sandbox, start_sandbox

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def module_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), partners=("acme", "globex"), now=NOW) as running:
        yield running


@pytest.fixture
def sandbox(module_sandbox: Sandbox) -> Iterator[Sandbox]:
    yield module_sandbox
    module_sandbox.control.clear()


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"bearer {sandbox.api_key}", "X-Odoo-Database": "sandbox"}
    with httpx.Client(base_url=sandbox.odoo_url, headers=headers, trust_env=False, timeout=30) as client:
        yield client
