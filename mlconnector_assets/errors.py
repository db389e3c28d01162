"""What goes wrong, in one shape: what happened, where, and the mend. Belongs here: the exception
classes that cross module borders. A message never holds a secret, a traceback of a server, or a
request body."""

from __future__ import annotations


class ConnectorError(Exception):
    """A failure that a person can act on.

    Parameters
    ----------
    what: one sentence: what happened, with the value found.
    where: file and line, connection and model, partner and path: the place to look; may be empty.
    mend: what to do next, an imperative sentence.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  mend: {self.mend}" if self.mend else text


class ConfigurationError(ConnectorError):
    """connections.yaml, a partner file, a layout or an expression is wrong."""


class CredentialsError(ConnectorError):
    """A secret is missing, cannot be opened, or is refused by the other side."""


class AccessDenied(ConnectorError):
    """The credentials are good, but the right on a model, company or folder is missing."""


class Unavailable(ConnectorError):
    """The other side does not answer properly just now; the same call may succeed later."""


class SourceError(ConnectorError):
    """An accounting system refused a request, or answered what its documentation excludes."""


class DeliveryError(ConnectorError):
    """A file could not be put into a partner's folder; `retryable` tells whether time may mend it."""

    def __init__(self, what: str, *, where: str = "", mend: str = "", retryable: bool = False) -> None:
        super().__init__(what, where=where, mend=mend)
        self.retryable = retryable


class HostKeyMismatch(DeliveryError):
    """The server's host key is not one of the pinned ones; the connection was stopped before login."""


class StateError(ConnectorError):
    """The state database cannot be used: unreachable, of a newer version, or damaged."""


class LeaseHeld(ConnectorError):
    """Somebody else works on the same thing right now."""


class LeaseLost(ConnectorError):
    """Our lease expired and was taken by another; nothing of this attempt may be published."""


class StorageFull(ConnectorError):
    """No space is left on a disk, ours or the partner's."""


class WarehouseError(ConnectorError):
    """The warehouse cannot be used, does not fit the records, or was asked something it cannot answer."""
