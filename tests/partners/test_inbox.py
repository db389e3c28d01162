from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from mlconnector_assets.partners.inbox import Inbox


def made(**keys) -> Inbox:
    return Inbox.model_validate({"files": {"gl": {"pattern": "GL_*.csv"}}} | keys)


def test_defaults():
    inbox = made()
    assert (inbox.poll, inbox.stable_for) == (timedelta(minutes=5), timedelta(minutes=1))
    assert (inbox.claim, inbox.marker, inbox.largest_file, inbox.duplicates) == ("rename", None, 100_000_000, "skip")
    assert inbox.files["gl"].format == "store"


@pytest.mark.parametrize(("text", "size"), [("500KB", 500_000), ("2 GB", 2 * 10**9)])
def test_sizes(text, size):
    assert made(largest_file=text).largest_file == size


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"largest_file": "0MB"}, "greater than 0"),
        ({"largest_file": "1XB"}, "500KB"),
        ({"files": {"gl": {"pattern": "in/*.csv"}}}, "no folder in it"),
        ({"files": {"gl": {"pattern": "*", "folder": "../x"}}}, "without"),
        ({"files": {}}, "at least 1"),
        ({"files": {"GL": {"pattern": "*"}}}, "lower-case"),
        ({"marker": "done"}, "ending"),
        ({"poll": "5s"}, "30"),
        ({"claim": "move"}, "rename"),
        ({"files": {"gl": {"pattern": "*", "format": "csv"}}}, "store"),
    ],
)
def test_what_is_wrong_is_told(keys, words):
    with pytest.raises(ValidationError, match=words):
        made(**keys)


def test_the_first_kind_that_fits_takes_a_file():
    inbox = made(
        files={"gl": {"pattern": "GL_*.csv"}, "stock": {"pattern": "*.csv", "folder": "store"}, "rest": {"pattern": "*.csv"}}
    )
    assert inbox.folders("inbound") == ["inbound", "store"]
    assert inbox.kind_of("inbound", "GL_1.csv", "inbound") == "gl"
    assert inbox.kind_of("inbound", "gl_1.csv", "inbound") == "rest"
    assert inbox.kind_of("store", "GL_1.csv", "inbound") == "stock"
    assert inbox.kind_of("inbound", "x.xml", "inbound") is None
