"""What old SSH servers offer, in words, and the algorithms that a partner file may allow for one of them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from mlconnector_assets.errors import ConnectorError

GROUPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "aes-cbc": (("aes256-cbc", "aes192-cbc", "aes128-cbc"), ()),
    "3des-cbc": (("3des-cbc",), ()),
    "hmac-sha1": ((), ("hmac-sha1", "hmac-sha1-96")),
    "hmac-md5": ((), ("hmac-md5", "hmac-md5-96")),
}
"""Name in a partner file → (ciphers, MACs) that it allows besides the safe ones."""

_SUBJECTS = {"kex": ("key exchange", 0), "host key": ("host key", 1), "ciphers": ("cipher", 2), "macs": ("MAC", 4)}
"""Word in the library's complaint → (what is meant, position of its list in the server's first packet)."""


@dataclass(frozen=True)
class Offer:
    """What a server offers where nothing is in common: of which `subject`, and the names in the server's order."""

    subject: str
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """The names, for a message."""
        return ", ".join(self.names) or "unknown ones"

    @property
    def mend(self) -> str:
        """What to do: allow an old group where one helps, else the partner has to."""
        groups = [name for name, lists in GROUPS.items() if {*lists[0], *lists[1]} & set(self.names)]
        ask = "ask the partner to update the SSH server or to allow current algorithms"
        if groups:
            return f"{ask}; until then `wire: {{algorithms: [{groups[0]}]}}` in the partner's file allows this old one"
        if any(name.endswith("-sha1") or name in ("ssh-rsa", "ssh-dss") for name in self.names):
            return f"{ask}; SHA-1 and DSA keys cannot be allowed, no current SSH library still has them"
        return ask


def offered(complaint: str, reach: Callable[[], Any]) -> Offer:
    """What the server offers of the thing that the library's `complaint` names, read from the server's first packet.
    `reach` opens a socket to the server; an Offer without names when it does not tell."""
    subject, position = next((found for word, found in _SUBJECTS.items() if word in complaint), ("algorithm", 0))
    try:
        with closing(reach()) as sock, closing(sock.makefile("rb")) as stream:
            sock.sendall(b"SSH-2.0-mlconnector\r\n")
            while not (line := stream.readline(1024)).startswith(b"SSH-"):
                if not line:
                    return Offer(subject, ())
            stream.read(5 + 1 + 16)  # packet length, padding length, message type, cookie (RFC 4253, sections 6 and 7.1)
            lists = [stream.read(struct.unpack(">I", stream.read(4))[0]).decode() for _ in range(position + 1)]
    except (OSError, EOFError, struct.error, UnicodeDecodeError, ConnectorError):
        return Offer(subject, ())
    return Offer(subject, tuple(lists[position].split(",")))
