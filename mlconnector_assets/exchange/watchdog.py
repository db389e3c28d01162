"""The watchdog of a connection: keep-alives and socket time-outs do not notice every black hole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watchdog:
    """Calls `on_stall`, which closes the connection, when somebody waits for longer than `limit` seconds. Each channel
    of a connection waits on its own; nobody is watched who is not waiting."""

    def __init__(self, limit: float, on_stall: Callable[[], None]) -> None:
        self._limit, self._on_stall = limit, on_stall
        self._deadlines: dict[object, float] = {}
        self._stopped = threading.Event()
        self.stalled = False
        threading.Thread(target=self._run, name="sftp-watchdog", daemon=True).start()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """What is done inside must be over within `limit` seconds."""
        waiter = object()
        self._deadlines[waiter] = time.monotonic() + self._limit
        try:
            yield
        finally:
            del self._deadlines[waiter]

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(min(self._limit / 5, 1.0)):
            if min(self._deadlines.copy().values(), default=float("inf")) < time.monotonic():
                self.stalled = True
                self._on_stall()
                return
