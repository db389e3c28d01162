"""The second net: secrets in log records."""

from __future__ import annotations

import base64
import io
import json
import logging
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.state import redaction
from mlconnector_assets.state.database import State
from mlconnector_assets.state.keys import Keyring
from mlconnector_assets.state.redaction import install, redact, register
from mlconnector_assets.state.vault import Vault

CANARY = "canary+4711/geh eim?"
KEY = "-----BEGIN PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\nAAAAEbm9uZQAAAAAAAAABAAAAMwAA\n-----END PRIVATE KEY-----\n"


@pytest.fixture(autouse=True)
def an_own_registry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(redaction, "_forms", set())
    monkeypatch.setattr(redaction, "_pattern", None)


@pytest.fixture
def log():
    """A logger with a handler, and what the handler wrote."""
    logger, output = logging.Logger("test"), io.StringIO()
    logger.addHandler(logging.StreamHandler(output))
    install(logger)
    return logger, output


@pytest.mark.parametrize(
    "seen",
    [
        CANARY,
        quote(CANARY),
        urlencode({"token": CANARY}),
        base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
        json.dumps({"key": CANARY}),
        repr(CANARY.encode()),
        CANARY.encode().hex(),
    ],
)
def test_every_usual_encoding_is_replaced(seen: str):
    register(CANARY)
    clean = redact(f"before {seen} after")
    assert "***" in clean and clean.startswith("before ") and clean.endswith(" after")
    assert "4711" not in clean and seen not in clean


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40),
    st.text("abcXYZ019:", max_size=9),
    st.text("abc", max_size=5),
)
def test_base64_is_found_wherever_in_it_the_secret_lies(secret: str, before: str, after: str):
    redaction._forms.clear()
    register(secret)
    encoded = base64.b64encode(f"{before}{secret}{after}".encode()).decode()
    assert "***" in redact(f"Authorization: Basic {encoded}")


def test_each_line_of_a_private_key_is_replaced():
    register(KEY)
    assert redact(KEY) == "***"
    assert redact("line AAAAEbm9uZQAAAAAAAAABAAAAMwAA of it") == "line *** of it"
    assert redact("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_short_values_do_not_tear_holes():
    register("secret7")
    assert redact("secret7 is too short") == "secret7 is too short"


def test_a_longer_secret_goes_before_the_shorter_one_in_it():
    register("password")
    register("password-and-more")
    assert redact("x password-and-more y password z") == "x *** y *** z"


def test_records_arguments_tracebacks_and_stacks(log):
    logger, output = log
    register(CANARY)
    logger.warning("login with %s refused for %s", CANARY, "acme")
    logger.warning("nothing to hide in %s", "here")
    try:
        raise ValueError(f"bad token {CANARY}")
    except ValueError:
        logger.exception("failed", stack_info=True)
    text = output.getvalue()
    assert CANARY not in text
    assert "login with *** refused for acme" in text
    assert "nothing to hide in here" in text
    assert "ValueError: bad token ***" in text


def test_a_later_handler_cannot_format_the_traceback_anew(log):
    logger, _ = log
    register(CANARY)
    second = io.StringIO()
    logger.addHandler(logging.StreamHandler(second))
    try:
        raise ValueError(CANARY)
    except ValueError:
        logger.exception("failed")
    assert "ValueError: ***" in second.getvalue()


def test_what_comes_from_below_is_cleaned_by_the_handlers():
    parent, output = logging.getLogger("mlconnector-test-parent"), io.StringIO()
    handler = logging.StreamHandler(output)
    parent.addHandler(handler)
    try:
        install(parent)
        install(parent)
        assert len(parent.filters) == len(handler.filters) == 1
        register(CANARY)
        logging.getLogger("mlconnector-test-parent.child").warning("%s", CANARY)
    finally:
        parent.removeHandler(handler)
    assert output.getvalue().strip() == "***"


def test_what_leaves_the_vault_is_known_from_then_on(state: State, log):
    logger, output = log
    vault = Vault(state, Keyring([b"k" * 32], "test"))
    vault.set("odoo_key", CANARY.encode())
    secret = vault.get("odoo_key")
    logger.warning("using %s", secret.reveal())
    assert output.getvalue() == "using ***\n"
