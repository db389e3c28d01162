"""Pinned keys are written into a partner's file with everything else as it was, or not at all."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.configuration.host_key_lines import UnsafeEdit, pinned_in

KEY, OTHER, THIRD = "ssh-ed25519 AAAAC3Nza+/1=", "ssh-rsa AAAAB3Nza==", "ecdsa-sha2-nistp256 AAAAE2Vj"

WITHOUT = """\
# ACME, our best customer
name: ACME   # legal name: ACME Ltd.
sftp:
  host: sftp.acme.example
  user: us           # agreed on 3 March

  private_key: acme-key # a secret

  root: /data
flows: {}
"""


def sftp(text: str) -> dict:
    return yaml.load(text, Loader=yaml.BaseLoader)["sftp"]


def without_new_lines(before: str, after: str) -> list[str]:
    """The lines of `after` that `before` has too, in order."""
    left = before.splitlines()
    return [line for line in after.splitlines() if left and line == left[0] and left.pop(0) is not None]


def test_a_first_key_is_written_below_the_login() -> None:
    edited = pinned_in(WITHOUT, ["sftp"], [KEY, OTHER])
    assert edited == WITHOUT.replace("# a secret\n", f"# a secret\n  host_keys:\n    - {KEY}\n    - {OTHER}\n")


@pytest.mark.parametrize(
    "text",
    [
        f"sftp:\n  host_keys: # pinned in 2024\n    - {OTHER} # by Ann\n    # the end\n  user: us\n",
        f"sftp:\n  host_keys:\n  - {OTHER}\n  user: us\n",
        f"sftp:\n  user: us\n  host_keys:\n    - '{OTHER}'",
        f"sftp:\r\n  host_keys:\r\n    - {OTHER}\r\n  user: us\r\n",
        f"sftp:\n  host_keys: [{OTHER}]\n",
        f"sftp:\n  host_keys: [\n    {OTHER},\n    {THIRD}\n  ]\n  user: us\n",
        f"sftp:\n  host_keys:\n    - {OTHER} a comment\n",
    ],
)
def test_a_further_key_follows_those_that_are_there(text: str) -> None:
    edited = pinned_in(text, ["sftp"], [KEY])
    assert sftp(edited) == {**sftp(text), "host_keys": [*sftp(text)["host_keys"], KEY]}
    assert len(edited) - len(text) <= len(KEY) + 8
    assert ("\r\n" in edited) == ("\r\n" in text)
    assert edited.count("\n") - edited.count("\r\n") == 0 or "\r\n" not in edited


def test_a_key_that_is_there_is_not_written_twice() -> None:
    for text in (
        f"sftp:\n  host_keys:\n    - {KEY}\n",
        f"sftp:\n  host_keys: [{KEY}]\n",
        f"sftp:\n  host_keys:\n    - {KEY} ours\n",
    ):
        assert pinned_in(text, ["sftp"], [KEY]) == text


def test_an_empty_list_is_filled() -> None:
    assert pinned_in("sftp:\n  host_keys: []\n  user: us\n", ["sftp"], [KEY]) == f"sftp:\n  host_keys: [{KEY}]\n  user: us\n"


def test_the_next_key_moves() -> None:
    text = f"sftp:\n  host_keys:\n    - {OTHER}\n  next_host_keys: # announced\n    - {KEY}\n  user: us\n"
    assert pinned_in(text, ["sftp"], [KEY]) == f"sftp:\n  host_keys:\n    - {OTHER}\n    - {KEY}\n  user: us\n"
    both = f"sftp:\n  next_host_keys:\n    - {KEY}\n    - {THIRD} # later\n  host_keys:\n    - {OTHER}\n"
    assert sftp(pinned_in(both, ["sftp"], [KEY])) == {"next_host_keys": [THIRD], "host_keys": [OTHER, KEY]}


def test_the_keys_of_a_jump_host_are_its_own() -> None:
    text = f"sftp:\n  host_keys:\n    - {OTHER}\n  jump:\n    host: gate\n    user: us\n"
    assert pinned_in(text, ["sftp", "jump"], [KEY]) == text + f"    host_keys:\n      - {KEY}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sftp: {host: sftp.acme.example, user: us}\n", "indented mapping"),
        ("sftp:\n  host_keys:\n  user: us\n", "not a list"),
        (f"keys: &keys\n  - {OTHER}\nsftp:\n  host_keys: *keys\n", "would not say what it should"),
        (f"other: &o\n  host: a\n  host_keys:\n    - {OTHER}\nsftp: *o\n", "would not say what it should"),
        (f"sftp:\n  next_host_keys: [{KEY}]\n  user: us\n", "entry a line"),
        ("sftp:\n  user: |\n    us\n", "no place"),
        (f"sftp:\n  host_keys: [{OTHER} # theirs\n  ]\n", "something after its last entry"),
        ("name: x\n", "no mapping"),
        ("- sftp\n", "no mapping"),
        ("sftp: [\n", "not valid YAML"),
        ("\ufeffsftp:\n  user: us\n", "byte order mark"),
        ("sftp:\n  user: us\u2028\n", "line ends"),
    ],
)
def test_what_is_not_certain_is_refused(text: str, why: str) -> None:
    with pytest.raises(UnsafeEdit, match=why):
        pinned_in(text, ["sftp"], [KEY])


LINES = st.sampled_from(
    [
        "",
        "# a comment",
        "  # indented",
        "  root: /data",
        "  folders: {inbound: in}",
        "  password: 'a  b' # x",
        "  user: us",
        "  port: 22",
    ]
)


@given(st.lists(LINES, max_size=8), st.lists(st.sampled_from([OTHER, THIRD]), max_size=2, unique=True), st.booleans())
def test_whatever_stands_around_stays(around: list[str], present: list[str], at_the_end: bool) -> None:
    keys = ["  host_keys:", *(f"    - {key}" for key in present)] if present else []
    lines = list(dict.fromkeys(around))
    text = "\n".join(["sftp:", "  host: a", *(lines + keys if at_the_end else keys + lines)]) + "\n"
    edited = pinned_in(text, ["sftp"], [KEY])
    assert sftp(edited) == {**sftp(text), "host_keys": [*present, KEY]}
    assert without_new_lines(text, edited) == text.splitlines()
