"""What is relied on in paramiko: only ssh.py uses it, only its public parts, and those behave as expected."""

from __future__ import annotations

import ast
import inspect
from importlib.util import find_spec
from pathlib import Path

import paramiko
import pytest

import mlconnector_assets
from mlconnector_assets.exchange import host_keys, ssh

PACKAGE = Path(mlconnector_assets.__file__).parent


def test_only_one_module_imports_paramiko() -> None:
    users = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if "import paramiko" in path.read_text()}
    users |= {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if "from paramiko" in path.read_text()}
    assert users == {"exchange/ssh.py"}


def test_nothing_private_of_paramiko_is_used() -> None:
    tree = ast.parse(inspect.getsource(ssh))
    ours = {"_channel", "_jump"}
    private = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__")
    }
    assert private <= ours


def test_every_algorithm_that_is_offered_is_known_to_paramiko() -> None:
    import socket

    left, right = socket.socketpair()
    with left, right:
        transport = paramiko.Transport(left)
        options = transport.get_security_options()
        options.ciphers, options.digests = ssh.CIPHERS, ssh.DIGESTS  # raises ValueError for unknown ones
        options.key_types = tuple(name for names in host_keys.SIGNATURES.values() for name in names)
        for weak in ("cbc", "md5", "sha1", "3des"):
            assert not any(weak in name for name in (*options.ciphers, *options.digests, *options.key_types, *options.kex))


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (paramiko.Transport.start_client, ["event", "timeout"]),
        (paramiko.Transport.open_session, ["timeout"]),
        (paramiko.Transport.auth_password, ["username", "password"]),
        (paramiko.Transport.auth_publickey, ["username", "key"]),
        (paramiko.Transport.set_log_channel, ["name"]),
    ],
)
def test_the_calls_take_what_is_given(function, parameters: list[str]) -> None:
    assert set(parameters) <= set(inspect.signature(function).parameters)


def test_the_time_outs_that_are_set_exist() -> None:
    source = Path(find_spec("paramiko.transport").origin).read_text()
    for name in ("banner_timeout", "handshake_timeout", "auth_timeout"):
        assert f"self.{name} = " in source
