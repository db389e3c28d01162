from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.world import World, close_after, open_world
from tests.sshd import Sshd, account, ssh_keys, sshd, start_sshd  # noqa: F401


@pytest.fixture
def world(tmp_path: Path, sshd: Sshd) -> Iterator[World]:  # noqa: F811
    """A queue for a partner folder on the shared server."""
    remote = sshd.root / tmp_path.name
    remote.mkdir()
    world = open_world(tmp_path, remote)
    with close_after(world):
        yield world
