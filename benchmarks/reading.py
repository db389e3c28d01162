"""Reading invoices from Odoo beside a bare httpx loop over the same requests, in one run, against a sandbox in a
process of its own; then the peak memory of reading 20,000 and 200,000 invoices.

The bare loop sends the very bodies that the reader sent, one after the other, and parses each answer with
`response.json()`: it maps nothing and keeps nothing. Rounds alternate and the best of each counts.

Goals: reading within 1.3 times of the bare loop; memory flat.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from mlconnector_assets.sandbox import Sandbox, start_sandbox
from mlconnector_assets.systems.odoo.source import OdooSource
from mlconnector_assets.systems.source import Window

SMALL, LARGE, ROUNDS, PAGE_SIZE = 20_000, 200_000, 3, 500
RATIO_GOAL, MEMORY_GOAL = 1.3, 1.25
COMPANIES = {"nl": 1, "us": 2, "uk": 3}


class Key:
    """The sandbox's API key."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text


class Recording(httpx.HTTPTransport):
    """Sends requests as they are, and keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((str(request.url), dict(request.headers), request.content))
        return super().handle_request(request)


def source_of(url: str, key: str, transport: httpx.BaseTransport | None = None) -> OdooSource:
    """A reader of the sandbox."""
    return OdooSource(
        "bench", url=url, database="sandbox", api_key=Key(key), companies=COMPANIES, page_size=PAGE_SIZE, transport=transport
    )


def read_all(source: OdooSource) -> int:
    """Reads every invoice page by page, as the store does; answers how many there were."""
    window = Window(None, source.now() + timedelta(days=1))
    rows = sum(page.frame.height for page in source.pages("invoices", window))
    source.close()
    return rows


def bare_loop(requests: list[tuple[str, dict[str, str], bytes]]) -> int:
    """The same requests one by one; answers how many records came."""
    records = 0
    with httpx.Client(trust_env=False, timeout=60) as client:
        for url, headers, body in requests:
            answer = client.post(url, headers=headers, content=body).json()
            records += len(answer["records"]) if isinstance(answer, dict) else 0
    return records


def timed(work: Callable[[], int], expected: int) -> float:
    """Seconds on the wall clock; the work must have seen every record."""
    start = time.perf_counter()
    seen = work()
    taken = time.perf_counter() - start
    if seen != expected:
        raise RuntimeError(f"{seen} records instead of {expected}")
    return taken


def beside_the_bare_loop(url: str, key: str) -> tuple[int, float, float]:
    """Invoices, and the best seconds of our reader and of the bare loop."""
    recording = Recording()
    rows = read_all(source_of(url, key, recording))
    requests = [request for request in recording.requests if "/account.move/" in request[0]]
    ours, bare = [], []
    for _ in range(ROUNDS):
        bare.append(timed(lambda: bare_loop(requests), rows))
        ours.append(timed(lambda: read_all(source_of(url, key)), rows))
    return rows, min(ours), min(bare)


def in_a_child(url: str, key: str) -> tuple[int, float]:
    """Reads everything in a fresh process: invoices, and its peak memory in MiB."""
    command = [sys.executable, "-m", __spec__.name, url]
    done = subprocess.run(command, input=key, capture_output=True, text=True, check=True)
    rows, peak = done.stdout.split()
    return int(rows), float(peak)


def peak_memory() -> float:
    """Peak resident memory of this process, MiB. Where the kernel offers it, without what the parent had."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


@contextmanager
def sandbox_with(invoices: int) -> Iterator[Sandbox]:
    """A sandbox with about this many invoices, credit notes and receipts."""
    with tempfile.TemporaryDirectory(prefix="mlconnector-bench-") as folder:
        running = start_sandbox(Path(folder), moves=invoices, own_process=True)
        try:
            yield running
        finally:
            running.stop()


def run() -> list[tuple[str, str]]:
    """Measure; lines of (what, result)."""
    with sandbox_with(SMALL) as small:
        rows, ours, bare = beside_the_bare_loop(small.odoo_url, small.api_key)
        small_rows, small_peak = in_a_child(small.odoo_url, small.api_key)
    with sandbox_with(LARGE) as large:
        large_rows, large_peak = in_a_child(large.odoo_url, large.api_key)
    return [
        (f"Odoo, {rows:,} invoices: bare httpx loop", f"{bare:.2f} s"),
        ("Odoo, the same invoices in canonical frames", f"{ours:.2f} s; {verdict(ours / bare, RATIO_GOAL)}"),
        (f"Peak memory, {small_rows:,} invoices", f"{small_peak:.0f} MiB"),
        (f"Peak memory, {large_rows:,} invoices", f"{large_peak:.0f} MiB; {verdict(large_peak / small_peak, MEMORY_GOAL)}"),
    ]


def verdict(ratio: float, goal: float) -> str:
    """A ratio beside its goal, in words."""
    return f"{ratio:.2f} x (goal at most {goal} x: {'met' if ratio <= goal else 'MISSED'})"


def main() -> None:
    """Print what `run` measured."""
    for what, result in run():
        print(f"{what:<45} {result}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(read_all(source_of(sys.argv[1], sys.stdin.read())), peak_memory())
    else:
        main()
