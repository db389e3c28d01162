"""The watchdog hangs up when nothing moves, and only then."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from mlconnector_assets.exchange import watchdog as module

SEVERAL_LOOKS = 0.6
"""Seconds in which the watchdog looks at least twice, when its limit is 1 s."""


def test_it_hangs_up_when_nothing_moves_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(module, "time", clock)
    hung_up = threading.Event()
    watchdog = module.Watchdog(1.0, hung_up.set)
    clock.now += 100  # idle: nobody waits for anything
    assert not hung_up.wait(SEVERAL_LOOKS)
    for _ in range(3):
        with watchdog.watching():
            clock.now += 0.9
    with watchdog.watching():  # one channel waits
        clock.now += 0.9
        with watchdog.watching():  # another one begins to wait, and is answered
            assert not hung_up.wait(SEVERAL_LOOKS)
        clock.now += 0.2
        assert hung_up.wait(20)
    assert watchdog.stalled


def test_stopped_it_never_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(module, "time", clock)
    hung_up = threading.Event()
    watchdog = module.Watchdog(1.0, hung_up.set)
    watchdog.stop()
    with watchdog.watching():
        clock.now += 100
        assert not hung_up.wait(SEVERAL_LOOKS)
