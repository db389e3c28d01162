"""The sealed form of a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.errors import CredentialsError
from mlconnector_assets.state.envelope import open_sealed, rewrap, seal
from mlconnector_assets.state.keys import Keyring, key_id

OLD, NEW = b"o" * 32, b"n" * 32
OLD_RING, BOTH, NEW_RING = Keyring([OLD], "test"), Keyring([NEW, OLD], "test"), Keyring([NEW], "test")


@given(st.text(min_size=1, max_size=50), st.binary(max_size=4000), st.integers(1, 10**6))
def test_what_was_sealed_can_be_opened(name: str, value: bytes, version: int):
    sealed = seal(OLD_RING, name, value, version)
    assert open_sealed(OLD_RING, name, sealed, version) == value
    assert len(value) < 8 or value not in sealed
    assert sealed != seal(OLD_RING, name, value, version)


def test_every_single_bit_is_guarded():
    sealed = seal(OLD_RING, "odoo_key", b"a value of some length", 3)
    for position in range(len(sealed)):
        for bit in range(8):
            flipped = bytearray(sealed)
            flipped[position] ^= 1 << bit
            with pytest.raises(CredentialsError):
                open_sealed(OLD_RING, "odoo_key", bytes(flipped), 3)


def test_every_cut_is_refused():
    sealed = seal(OLD_RING, "odoo_key", b"value", 1)
    for length in range(len(sealed)):
        with pytest.raises(CredentialsError):
            open_sealed(OLD_RING, "odoo_key", sealed[:length], 1)
    with pytest.raises(CredentialsError):
        open_sealed(OLD_RING, "odoo_key", sealed + b"\0", 1)


def test_another_name_or_version_is_refused():
    sealed = seal(OLD_RING, "odoo_key", b"value", 1)
    for name, version in (("odoo_key", 2), ("odoo_kez", 1), ("odoo_key1", 1)):
        with pytest.raises(CredentialsError) as caught:
            open_sealed(OLD_RING, name, sealed, version)
        assert f"secrets set {name}" in caught.value.mend


def test_another_key_is_refused_by_its_id():
    with pytest.raises(CredentialsError, match=key_id(OLD)) as caught:
        open_sealed(NEW_RING, "odoo_key", seal(OLD_RING, "odoo_key", b"value", 1), 1)
    assert "key file" in caught.value.mend


def test_rewrapping_changes_the_key_and_not_the_body():
    sealed = seal(OLD_RING, "odoo_key", b"value", 1)
    moved = rewrap(BOTH, "odoo_key", sealed, 1)
    assert open_sealed(NEW_RING, "odoo_key", moved, 1) == b"value"
    body = 12 + len(b"value") + 16
    assert moved[-body:] == sealed[-body:]
    assert rewrap(NEW_RING, "odoo_key", moved, 1) == moved
    with pytest.raises(CredentialsError):
        rewrap(BOTH, "odoo_key", sealed, 2)


def test_a_sealed_value_cannot_be_relabelled_with_another_known_key():
    sealed = seal(OLD_RING, "odoo_key", b"value", 1)
    relabelled = sealed.replace(key_id(OLD).encode(), key_id(NEW).encode())
    with pytest.raises(CredentialsError):
        open_sealed(BOTH, "odoo_key", relabelled, 1)
