"""The switches of a partner's server: what may be said, and what contradicts itself."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mlconnector_assets.exchange.old_servers import GROUPS
from mlconnector_assets.partners.wire import OLD_ALGORITHMS, WireSwitches
from tests.partners.samples import HOST_KEY, target
from tests.sshd import KeyPair


def test_the_defaults_are_the_safe_ones() -> None:
    switches = WireSwitches()
    assert switches.model_dump() == {
        "rename": "posix", "temporary": "dot", "temporary_directory": None, "confirm": "stat", "verify": "size",
        "overwrite": "never", "if_taken": "resend", "marker": None, "chmod": None, "fsync": "auto", "algorithms": (),
        "channels": 4,
    }  # fmt: skip


def test_values_as_a_file_gives_them() -> None:
    wire = {"chmod": "0640", "marker": ".done", "channels": "2", "algorithms": ["aes-cbc"], "rename": "none"}
    switches = target(wire=wire).wire
    assert (switches.mode, switches.marker, switches.channels, switches.algorithms) == (0o640, ".done", 2, ("aes-cbc",))
    assert target(wire={"marker": "none"}).wire.marker is None


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ({"temporary": "directory"}, "go together"),
        ({"temporary_directory": "parts"}, "go together"),
        ({"temporary": "directory", "temporary_directory": "/parts"}, "below `root`"),
        ({"temporary": "directory", "temporary_directory": "../parts"}, "without `..`"),
        ({"temporary": "directory", "temporary_directory": "outbound"}, "one of the folders"),
        ({"rename": "none", "temporary": "suffix"}, "leave `temporary` out"),
        ({"verify": "readback", "confirm": "none"}, "leave one out"),
        ({"marker": "done"}, "such as .done"),
        ({"marker": ".part"}, "such as .done"),
        ({"marker": "./x"}, "such as .done"),
        ({"chmod": "888"}, "octal"),
        ({"chmod": "7777"}, "octal"),
        ({"channels": "9"}, "less than or equal to 8"),
        ({"overwrite": "always"}, "'never', 'replace' or 'new_name'"),
        ({"algorithms": ["aes-cbc", "rot13"]}, "'aes-cbc'"),
    ],
)
def test_what_makes_no_sense_is_refused(wire: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        target(wire=wire)


@pytest.mark.parametrize(
    "name", ["ssh-rsa", "ssh-dss", "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1", "arcfour256"]
)
def test_what_no_library_has_any_more_is_said_to_be_so(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name} cannot be allowed: the SSH library does not have it"):
        target(wire={"algorithms": [name]})


def test_every_group_has_its_algorithms() -> None:
    assert set(GROUPS) == set(OLD_ALGORITHMS)


def test_a_revoked_key_is_in_no_other_list() -> None:
    other = KeyPair.make().public
    assert target(revoked_host_keys=[other], next_host_keys=[KeyPair.make().public]).revoked_host_keys == (other,)
    for name in ("host_keys", "next_host_keys"):
        with pytest.raises(ValidationError, match="accepted and revoked"):
            target(**{"revoked_host_keys": [HOST_KEY], name: [HOST_KEY]})


def test_a_jump_host_has_its_own_login_and_keys() -> None:
    made = target(jump={"host": "gate", "user": "us", "password": "gate-password", "host_keys": [HOST_KEY]})
    assert (made.jump.host, made.jump.port, made.jump.password) == ("gate", 22, "gate-password")
    with pytest.raises(ValidationError, match="exactly one of `host_keys` and `host_keys_file`"):
        target(jump={"host": "gate", "user": "us", "password": "gate-password"})
    with pytest.raises(ValidationError, match="exactly one of `password` and `private_key`"):
        target(jump={"host": "gate", "user": "us", "host_keys": [HOST_KEY]})
