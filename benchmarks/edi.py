"""Reading and checking X12 and EDIFACT: invoices of ten lines, 12 MB of 810 and 19 MB of INVOIC, and ten times that, beside a
bare `bytes.split` of the same file and beside pydifact, in the same run. Rounds alternate, the best of each counts, in seconds of
the processor.

Goals: X12 within 8 times, EDIFACT within 11 times the time of `bytes.split`; a hundred times as fast as pydifact; a file of which
1 % of the messages are faulty within 2 times a clean one; at most 280 MB of memory at both sizes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.edi_files import write_edifact, write_x12
from mlconnector_assets.formats.edi.reading import read
from mlconnector_assets.formats.edifact.standard import Edifact
from mlconnector_assets.formats.x12.standard import X12

INVOICES, ROUNDS, FAULTY, PYDIFACT_MESSAGES = 10_000, 5, 100, 100
FILES = (("X12 810", write_x12, b"~", 8.0), ("EDIFACT INVOIC", write_edifact, b"'", 11.0))
MOST_MEMORY, FAULTY_GOAL, PYDIFACT_GOAL = 280, 2.0, 100


def check(path: Path) -> tuple[int, int]:
    """How many messages of a file are sound, and how many are not."""
    sound = faulty = 0
    with path.open("rb") as stream:
        for batch in read(stream, (X12(), Edifact())):
            sound += sum(len(checked.sound) for checked in batch.checked.values())
            faulty += len(batch.reports)
    return sound, faulty


def fastest(*ways: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """The least processor time of each way."""
    best = [float("inf")] * len(ways)
    for _ in range(rounds):
        for number, way in enumerate(ways):
            started = time.process_time()
            way()
            best[number] = min(best[number], time.process_time() - started)
    return best


def peak(path: Path) -> float:
    """MB that a process of its own needs for a file."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.edi", str(path)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def with_pydifact(path: Path) -> float:
    """Seconds that pydifact takes for a file."""
    from pydifact.segmentcollection import Interchange

    text = path.read_text(encoding="latin-1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fastest(lambda: Interchange.from_str(text), rounds=1)[0]


def run() -> list[tuple[str, str]]:
    """Lines of what was measured, beside what."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        clean, faulty, large, small = (Path(folder) / name for name in ("clean", "faulty", "large", "small"))
        for name, write, terminator, goal in FILES:
            size = write(clean, INVOICES) / 1e6
            write(faulty, INVOICES, faulty=FAULTY)
            assert check(clean) == (INVOICES, 0)
            assert check(faulty) == (INVOICES - INVOICES // FAULTY, INVOICES // FAULTY)
            data = clean.read_bytes()
            ours, theirs, spoiled = fastest(lambda: check(clean), partial(data.split, terminator), lambda: check(faulty))
            times, more = ours / theirs, spoiled / ours
            rate = f"{size / ours:.0f} MB/s; {times:.1f} x bytes.split"
            lines.append((f"{name}, {size:.0f} MB, read and checked", f"{rate} (goal {goal:.0f} x: {_met(times <= goal)})"))
            verdict = f"(goal {FAULTY_GOAL:.0f} x: {_met(more <= FAULTY_GOAL)})"
            lines.append(("  1 % of the messages faulty", f"{more:.2f} x clean {verdict}"))
            write(large, 10 * INVOICES)
            used = (peak(clean), peak(large))
            verdict = f"(goal {MOST_MEMORY} MB: {_met(max(used) <= MOST_MEMORY)})"
            lines.append((f"  memory, {size:.0f} and {10 * size:.0f} MB", f"{used[0]:.0f} and {used[1]:.0f} MB {verdict}"))
            if name.startswith("EDIFACT"):
                theirs = write(small, PYDIFACT_MESSAGES) / 1e6 / with_pydifact(small)
                faster = size / ours / theirs
                verdict = f"(goal {PYDIFACT_GOAL} x: {_met(faster >= PYDIFACT_GOAL)})"
                lines.append(("  pydifact, no checks", f"{theirs:.2f} MB/s; ours is {faster:.0f} x as fast {verdict}"))
    return lines


def _met(met: bool) -> str:
    return "met" if met else "MISSED"


def main() -> None:
    """Print what `run` measured, or for one file the memory that reading it takes."""
    if len(sys.argv) > 1:
        check(Path(sys.argv[1]))
        # not ru_maxrss, which a process has from the one that started it
        status = Path("/proc/self/status").read_text()
        print(next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")))
        return
    for what, result in run():
        print(f"{what:<60} {result}")


if __name__ == "__main__":
    main()
