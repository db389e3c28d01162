"""Files that are claimed stay ours for as long as they travel."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from mlconnector_assets.errors import StateError

LOG = logging.getLogger(__name__)


@contextmanager
def renewing(partner: str, ttl: timedelta, renew: Callable[[], None]) -> Iterator[None]:
    """Call `renew` three times in `ttl`, however long what is done inside takes."""
    done = threading.Event()

    def keep() -> None:
        while not done.wait(ttl.total_seconds() / 3):
            try:
                renew()
            except StateError as error:
                LOG.warning("claims for partner %s could not be renewed yet: %s", partner, error.what)

    thread = threading.Thread(target=keep, name=f"claims {partner}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
