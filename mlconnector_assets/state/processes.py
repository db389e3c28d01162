"""Who a process is, so that what a killed process held is free at once instead of after its expiry.
Only a process of the same machine and process-id space is ever judged; all others have to expire."""

from __future__ import annotations

import hashlib
import os
import pwd
import socket
from functools import lru_cache
from pathlib import Path


def this_process() -> str:
    """An owner name for leases and deliveries: "host:pid:start:space". Not kept over a fork."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_started(pid)}:{_space()}"


def this_person() -> str:
    """Who is at work here, "user@host", also behind sudo: the actor of a decision."""
    try:
        user = os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def is_gone(owner: str | None) -> bool:
    """True only when `owner` came from `this_process` in our own process-id space and that process is dead."""
    parts = (owner or "").rsplit(":", 3)
    if len(parts) != 4 or not parts[1].isdigit() or parts[3] != _space() or parts[3] == "unknown":
        return False
    return _started(int(parts[1])) != parts[2]


def _started(pid: int) -> str:
    """Start of a process in clock ticks since boot; "gone" for none or a zombie. Source: proc(5), fields 3 and 22."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
    except OSError:
        return "gone"
    return "gone" if fields[0] in "ZX" else fields[19]


@lru_cache(maxsize=1)
def _space() -> str:
    """This boot of this machine and this container's process ids; "unknown" where /proc does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        numbering = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return "unknown"
    return hashlib.sha256(f"{boot} {numbering}".encode()).hexdigest()[:12]
