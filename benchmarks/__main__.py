"""`make bench`: every measurement, in one run. Machines are shared and noisy: read the ratios."""

from __future__ import annotations

import time

from benchmarks import audit, current_state, delimited, edi, fixed_width, idle_cycle, reading, sftp, warehouse

PARTS = (
    ("reading from Odoo", reading.run),
    ("a cycle with nothing new", idle_cycle.run),
    ("delimited files", delimited.run),
    ("fixed-width and XML files", fixed_width.run),
    ("X12 and EDIFACT", edi.run),
    ("current state", current_state.run),
    ("SFTP", sftp.run),
    ("warehouse", warehouse.run),
    ("audit", audit.run),
)

for title, run in PARTS:
    started = time.perf_counter()
    print(f"\n{title}", flush=True)
    for what, result in run():
        print(f"  {what:<55} {result}", flush=True)
    print(f"  ({time.perf_counter() - started:.0f} s)", flush=True)
