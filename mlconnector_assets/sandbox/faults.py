"""What may go wrong on demand. A fault is armed through the control interface, counted down each time it
strikes, and can be cleared."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field

from mlconnector_assets.sandbox.values import Row, Value

KINDS = {
    "too_many_requests": "429 with Retry-After (option retry_after, seconds)",
    "unavailable": "503",
    "serialization": "500 psycopg2 SerializationFailure",
    "locked": "422 of a locked period, as for a change of an entry in it (option model)",
    "hard_lock": "500 RedirectWarning, as for a hard lock date over draft entries (option model)",
    "html": "an HTML page instead of JSON (option status, default 200)",
    "cut": "the connection breaks in the middle of the body",
    "slow": "the answer waits (option seconds)",
    "no_rights": "403 on a model (option model)",
    "no_app": "404 on a model, as if its app were not installed (option model)",
    "expired_key": "401 whatever the key",
    "rewrite_rows": "each `every`-th page request on `model` rewrites `rows` rows already read and as many not yet read",
    "sftp_close": "closing a written file fails",
    "sftp_full": "writing fails once `after_bytes` are written, as on a full disk",
    "sftp_read_only": "nothing in `folder` can be written, renamed or removed",
    "sftp_no_rename": "nothing can be renamed",
    "sftp_taken": "the partner moves a file to `taken` beside `folder` (outbound) the moment it has its final name",
    "sftp_growing": "each look into `folder` (inbound) makes the files there longer, as if they were still being written",
    "sftp_drop": "the connection drops once `after_bytes` are written",
    "sftp_down": "connections are refused",
    "sftp_plain": "new sessions are offered no extensions (no fsync, no posix-rename, no statvfs)",
}
"""Every kind with what it does. Options `model` and `partner` narrow a fault to one model or one partner."""


@dataclass
class Fault:
    """An armed fault; `times` is how often it still strikes, None = until cleared."""

    id: int
    kind: str
    times: int | None
    options: Row = field(default_factory=dict)


class Faults:
    """All armed faults. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []
        self._last_id = 0

    def arm(self, kind: str, times: int | None, options: Row) -> int:
        """Add a fault; answers its id. Raises ValueError for an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; there are: {', '.join(KINDS)}")
        with self._lock:
            self._last_id += 1
            self._armed.append(Fault(self._last_id, kind, times, options))
            return self._last_id

    def clear(self, kind: str | None = None) -> None:
        """Remove the faults of a kind, or all."""
        with self._lock:
            self._armed = [fault for fault in self._armed if kind not in (None, fault.kind)]

    def armed(self, kind: str, **scope: Value) -> Fault | None:
        """The first armed fault of this kind that applies to `scope`, without counting it."""
        with self._lock:
            return self._find(kind, scope)

    def strike(self, kind: str, **scope: Value) -> Fault | None:
        """The same, counted down."""
        with self._lock:
            fault = self._find(kind, scope)
            if fault and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._armed.remove(fault)
            return fault

    def listing(self) -> list[Row]:
        """All armed faults as plain values."""
        with self._lock:
            return [asdict(fault) for fault in self._armed]

    def _find(self, kind: str, scope: Row) -> Fault | None:
        for fault in self._armed:
            if fault.kind == kind and all(fault.options.get(name) in (None, value) for name, value in scope.items()):
                return fault
        return None
