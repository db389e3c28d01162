"""What an answer of Odoo that is not a result means, in words: which ones may succeed later, and the mend of the
others. Nothing of `debug` (a traceback with paths of the server), of a body or of a key gets into a message."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import httpx

from mlconnector_assets.errors import AccessDenied, ConnectorError, CredentialsError, SourceError, Unavailable

_LATER_STATUS = {429, 502, 503, 504}
_LATER_NAMES = {
    "psycopg2.errors.SerializationFailure",
    "psycopg2.errors.LockNotAvailable",
    "psycopg2.errors.DeadlockDetected",
    "psycopg2.OperationalError",
    "psycopg2.errors.OperationalError",
}
"""Of all answers with status 500 only these are worth another try; the others are mistakes of the request."""
_LATER_WORDS = ("could not serialize access", "SerializationFailure", "LockNotAvailable", "DeadlockDetected", "OperationalError")
"""The same, in the text of an XML-RPC fault."""

_INVALID_FIELD = re.compile(r"Invalid field '?([\w.]+)'? on (?:model )?'?([\w.]+)'?")
_NO_MODEL = re.compile(r"the model '([\w.]+)' does not exist")
_NO_OBJECT = re.compile(r"Object ([\w.]+) doesn't exist")
_MODEL = re.compile(r"\(([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)\)")
_LOCKED = re.compile(r"entries prior to and inclusive of|in the period you want to (?:hard )?lock")
_LONGEST_MESSAGE = 300


class TryLaterError(Exception):
    """The same request may succeed later. `failure` is what to raise when it never does; `wait` is how many seconds
    the server asked for."""

    def __init__(self, failure: Unavailable, wait: float | None = None) -> None:
        super().__init__(failure.what)
        self.failure, self.wait = failure, wait


class UnreadableRecordError(SourceError):
    """One record of a page, or a record that it points to, cannot be read; the others of the page could be."""


class UnknownModelError(SourceError):
    """Odoo has no such model: the app that brings it is not installed."""

    def __init__(self, model: str, *, where: str) -> None:
        super().__init__(f"Odoo has no model {model}", where=where, mend="Install the app that brings it, or read other records.")
        self.model = model


class UnknownFieldError(SourceError):
    """Odoo has no such field: the module that brings it is not installed."""

    def __init__(self, field: str, model: str, *, where: str) -> None:
        super().__init__(
            f"Odoo has no field '{field}' on {model}",
            where=where,
            mend="Read an Odoo 17, 18 or 19 with its Invoicing app; a customisation must not remove standard fields.",
        )
        self.field, self.model = field, model


class NoDatabaseError(SourceError):
    """Nothing at this address answers for the database: its name is wrong, or this Odoo does not know JSON-2."""


@dataclass(frozen=True)
class Place:
    """What was called, for messages. `secret` is the name under which the API key is stored."""

    connection: str
    url: str
    database: str
    model: str
    method: str
    secret: str = ""

    def __str__(self) -> str:
        return f"{self.connection}: {self.model}/{self.method}" if self.model else f"{self.connection}: {self.method}"


def unreachable(error: httpx.TransportError, place: Place) -> ConnectorError | TryLaterError:
    """No answer arrived. Only a line that may come back is worth another try."""
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return SourceError(f"{place.url} cannot be called", where=str(place), mend="Set url to https://your-odoo, without path.")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return SourceError(
            f"the certificate of {place.url} is not trusted",
            where=str(place),
            mend="Renew it, or add the authority that signed it to this machine's trust store.",
        )
    unreached = "Check that the server runs and that this machine may reach it. Nothing is lost: the next read goes on."
    words, mend = {
        httpx.ConnectTimeout: ("does not accept a connection in time", unreached),
        httpx.ConnectError: ("cannot be reached", unreached),
        httpx.ReadTimeout: (
            "does not answer in time",
            "Make page_size of this connection smaller in connections.yaml, or try when Odoo is less busy.",
        ),
    }.get(type(error), ("closed the connection before its answer was complete", unreached))
    return TryLaterError(Unavailable(f"{place.url} {words}", where=str(place), mend=mend))


def refusal(response: httpx.Response, place: Place, wait: float | None) -> ConnectorError | TryLaterError:
    """What an answer with a status other than 200 means."""
    status, name, message = response.status_code, "", ""
    if _is_json(response):
        name, message = _said(response)
    if status in _LATER_STATUS or (status == 500 and name in _LATER_NAMES):
        asked = f" and asks to wait {wait:.0f} s" if wait else ""
        return TryLaterError(_busy(f"HTTP {status}{', ' + name if name else ''}", asked, place), wait)
    if response.is_redirect:
        return SourceError(
            f"{place.url} sends to another address",
            where=str(place),
            mend="Set url to the address that Odoo itself answers on, usually https://.",
        )
    return _permanent(status, name, message, place)


def _permanent(status: int, name: str, message: str, place: Place) -> ConnectorError:
    if status == 401:
        return CredentialsError(
            "Odoo refuses the API key (wrong, expired or deleted, or its user is archived)",
            where=str(place),
            mend=new_key(place),
        )
    if status == 403:
        return _denied(message, place)
    if status == 404 and not name:
        return _no_database(place)
    return _mistaken(status, name, message, place)


def _mistaken(status: int, name: str, message: str, place: Place) -> ConnectorError:
    if name.endswith("MissingError"):
        return _missing(message, place)
    if status == 404 and (absent := _NO_MODEL.match(message)):
        return UnknownModelError(absent[1], where=str(place))
    if invalid := _INVALID_FIELD.search(message):
        return UnknownFieldError(invalid[1], invalid[2], where=str(place))
    said = f"{name.rpartition('.')[2]}: {_short(message)}" if name else "an answer without explanation"
    return _locked(message, place) or SourceError(
        f"Odoo refused the request (HTTP {status}): {said}", where=str(place), mend="Look into Odoo's log at this time."
    )


def fault(code: int, text: str, place: Place) -> ConnectorError | TryLaterError:
    """What a fault of XML-RPC means: 2 a business rule, a missing record or model, 3 a wrong key, 4 a missing right, 1
    anything else, with a traceback of the server of which only the last line is ours to show."""
    if code == 3:
        return CredentialsError(
            "Odoo refuses the API key (wrong, expired or deleted, or of another user)", where=str(place), mend=new_key(place)
        )
    return _denied(text, place) if code == 4 else _other_fault(code, text, place)


def _other_fault(code: int, text: str, place: Place) -> ConnectorError | TryLaterError:
    last_line = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    if "database" in last_line and last_line.endswith("does not exist"):
        return _no_database(place)
    if "does not exist or has been deleted" in text:
        return _missing(text, place)
    if absent := _NO_OBJECT.search(last_line):
        return UnknownModelError(absent[1], where=str(place))
    if any(words in text for words in _LATER_WORDS):
        return TryLaterError(_busy("database conflict", "", place))
    if invalid := _INVALID_FIELD.search(text):
        return UnknownFieldError(invalid[1], invalid[2], where=str(place))
    said = _short(text if code == 2 else last_line)
    return _locked(text, place) or SourceError(
        f"Odoo refused the request: {said}", where=str(place), mend="Look into Odoo's log at this time."
    )


def _locked(message: str, place: Place) -> SourceError | None:
    """A lock date of the company is in the way. A warning that offers a button carries its action in further lines."""
    if not _LOCKED.search(message):
        return None
    return SourceError(
        f"Odoo refused the request: {_short(message.splitlines()[0])}",
        where=str(place),
        mend="Use a date in an open period, or ask whoever keeps the lock dates in Odoo's accounting settings.",
    )


def new_key(place: Place) -> str:
    """The mend of a refused key."""
    return (
        "Make a new key in Odoo (Preferences, Security, New API Key) and store it: "
        f"`mlconnector secrets set {place.secret or 'NAME'}`."
    )


def _no_database(place: Place) -> NoDatabaseError:
    return NoDatabaseError(
        f"{place.url} has no database '{place.database}'",
        where=str(place),
        mend="Correct `database` (and `url`) of this connection in connections.yaml.",
    )


def _missing(message: str, place: Place) -> UnreadableRecordError:
    return UnreadableRecordError(_short(message), where=str(place), mend="Mend the record in Odoo.")


def _busy(how: str, asked: str, place: Place) -> Unavailable:
    return Unavailable(
        f"Odoo is busy ({how}){asked}",
        where=str(place),
        mend="Nothing is lost: the next read goes on. If it stays so, ask who runs the Odoo server.",
    )


def _denied(message: str, place: Place) -> ConnectorError:
    if "companies" in message and "unauthorized" in message:
        return AccessDenied(
            "the user may not work in a configured company, or the company does not exist",
            where=str(place),
            mend="Give the user the company in Odoo (Settings, Users), or correct `companies` in connections.yaml.",
        )
    model = _MODEL.search(message)
    groups = [line.strip()[2:] for line in message.splitlines() if line.strip().startswith("- ")]
    if message.startswith("You are not allowed to access") and model:
        return AccessDenied(
            f"the user may not read the model {model[1]}",
            where=str(place),
            mend=f"Give the user one of these groups in Odoo: {', '.join(groups)}." if groups else "No group allows it in Odoo.",
        )
    if "field" in message.partition("\n")[0]:
        return AccessDenied(_short(message), where=str(place), mend="Give the user a group that may read these fields.")
    return UnreadableRecordError(_short(message), where=str(place), mend="A record rule in Odoo hides it from this user.")


def not_offered(record: str, app: str, connection: str) -> SourceError:
    """A record that a connection names, from a database without the app that brings it."""
    missing = f"its app {app} is not installed" if app else "the app that brings it is not installed"
    return SourceError(
        f"this Odoo has no {record}: {missing}",
        where=f"connection {connection}",
        mend=f"Install it in Odoo, or take {record} out of `records` in connections.yaml.",
    )


def not_json(place: Place) -> SourceError:
    """Status 200 with something else than JSON (or XML-RPC), such as the login page of a proxy."""
    return SourceError(
        f"{place.url} answers with something that is not JSON",
        where=str(place),
        mend="Check `url`: a proxy or a login page answers in Odoo's place, or the address is not an Odoo.",
    )


def other_records(connection: str, model: str, asked_for: str) -> SourceError:
    """An answer without the records that were asked for: a request lost its body on the way, and Odoo then answers
    as if there were no arguments."""
    return SourceError(
        f"Odoo answered with something else than {asked_for}",
        where=f"{connection}: {model}",
        mend="Check that a proxy in front of Odoo passes request bodies on unchanged.",
    )


def _is_json(response: httpx.Response) -> bool:
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip() == "application/json"


def _said(response: httpx.Response) -> tuple[str, str]:
    try:
        body = json.loads(response.content)
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("name", "")), str(body.get("message", ""))


def _short(message: str) -> str:
    words = " ".join(message.split())
    return words if len(words) <= _LONGEST_MESSAGE else words[:_LONGEST_MESSAGE] + " ..."
