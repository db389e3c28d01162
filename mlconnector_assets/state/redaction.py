"""The second net: known secret values are replaced in log records, also when they are encoded. The first
net is that no message is made with a secret."""

from __future__ import annotations

import base64
import json
import logging
import re
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""Shorter values are not replaced: they would tear holes into ordinary text."""
MASK = "***"

_forms: set[str] = set()
_pattern: re.Pattern[str] | None = None


def register(value: str) -> None:
    """Replace this value from now on, in all its usual encodings, and each line of a longer text such as a key."""
    global _pattern  # noqa: PLW0603 - one registry a process, as loggers are
    lines = [line.strip() for line in value.splitlines() if not line.startswith("-----")] if "\n" in value else []
    new = {form for text in (value, value.strip(), *lines) if len(text) >= SHORTEST for form in _encodings(text)} - _forms
    if new:
        _forms.update(new)
        _pattern = re.compile("|".join(re.escape(form) for form in sorted(_forms, key=len, reverse=True)))


def redact(text: str) -> str:
    """`text` without any registered secret."""
    return _pattern.sub(MASK, text) if _pattern is not None else text


class Redactor(logging.Filter):
    """Cleans the message, the traceback and the stack of each record; lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean one record in place."""
        if _pattern is None:
            return True
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text and (clean := redact(record.exc_text)) != record.exc_text:
            # without exc_info no handler can format the traceback anew
            record.exc_text, record.exc_info = clean, None
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


def install(logger: logging.Logger) -> None:
    """Clean what is logged to `logger` and what its handlers get from below. Doing it twice changes nothing."""
    for place in (logger, *logger.handlers):
        if not any(isinstance(found, Redactor) for found in place.filters):
            place.addFilter(Redactor())


def _encodings(text: str) -> set[str]:
    raw = text.encode()
    forms = {text, quote(text), quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1], repr(text)[1:-1]}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        # as part of something longer, such as "user:password", base64 begins at one of three places in a byte triple
        for shift in range(3):
            whole = encode(b"\0" * shift + raw).decode().rstrip("=")
            forms.add(whole[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6])
    forms.add(raw.hex())
    return {form for form in forms if len(form) >= SHORTEST}
