"""Pinned host keys as people paste them."""

from __future__ import annotations

import base64

import pytest

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.exchange.host_keys import Pins, parse_host_key, signature_algorithms
from mlconnector_assets.exchange.settings import SftpSettings
from tests.sshd import KeyPair, Plain

# GitHub's published key and fingerprint: https://docs.github.com/authentication (GitHub's SSH key fingerprints)
LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
OTHER = KeyPair.make().public
FINGERPRINT = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"


@pytest.mark.parametrize(
    "text", [LINE, f"{LINE} root@server", f"github.com {LINE}", f"[github.com]:2222,1.2.3.4 {LINE} comment", f"  {LINE}\n"]
)
def test_a_key_or_known_hosts_line_is_read(text: str) -> None:
    key = parse_host_key(text)
    assert key.fingerprint == FINGERPRINT
    assert key.line == LINE


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a host key"),
        ("ssh-ed25519", "not a host key"),
        ("ssh-dss AAAAB3NzaC1kc3M=", "not a host key"),
        (FINGERPRINT, "fingerprint is pinned"),
        (f"@cert-authority *.example.com {LINE}", "@cert-authority"),
        (f"@revoked * {LINE}", "@revoked"),
        ("ssh-ed25519 not!base64", "damaged"),
        ("ssh-ed25519 AAAA", "damaged"),
        (LINE.replace("ssh-ed25519", "ssh-rsa"), "another type"),
        ("ssh-rsa " + base64.b64encode(b"\0\0\0\7ssh-rsa").decode(), "damaged"),
    ],
)
def test_what_is_no_key_is_refused_with_the_mend(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        parse_host_key(text, where="partners/acme.yaml")
    assert caught.value.where == "partners/acme.yaml"
    assert "ssh-keyscan" in caught.value.mend


def pins(active=(), next=(), revoked=()) -> Pins:
    keys = {"host_keys": tuple(active), "next_host_keys": tuple(next), "revoked_host_keys": tuple(revoked)}
    return Pins.of(SftpSettings("acme", "sftp.acme.example", 22, "us", password=Plain("x"), **keys))


def test_at_least_one_key_is_needed() -> None:
    with pytest.raises(ConfigurationError, match="none is ever trusted silently"):
        pins()
    with pytest.raises(ConfigurationError, match="none is ever trusted silently"):
        pins([LINE], revoked=[LINE])


def test_next_keys_are_accepted_and_revoked_ones_never() -> None:
    key, other = parse_host_key(LINE), parse_host_key(OTHER)
    assert pins([LINE]).accept(key)
    assert not pins([LINE]).accept(other)
    assert pins([LINE], next=[OTHER]).accept(other)
    assert not pins([LINE, OTHER], revoked=[OTHER]).accept(other)
    assert not pins([LINE], next=[OTHER], revoked=[OTHER]).accept(other)


def test_only_safe_signatures_of_the_pinned_types_are_asked_for() -> None:
    rsa = "ssh-rsa " + base64.b64encode(b"\0\0\0\7ssh-rsa\0\0\0\1\1").decode()
    assert signature_algorithms(pins([rsa, LINE, LINE]).accepted) == ("rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519")
