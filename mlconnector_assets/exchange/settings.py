"""How to reach one partner's server. Knows no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class Revealable(Protocol):
    """A secret: its text only on demand."""

    def reveal(self) -> str:
        """The text."""
        ...


@dataclass(frozen=True)
class SftpSettings:
    """Everything needed to reach one partner's server. Exactly one of `password` and `private_key` is set.

    `partner` names the partner in messages. `host_keys` are pinned lines (`ssh-ed25519 AAAA…`), `next_host_keys` those
    announced for a change, accepted as well and told; `revoked_host_keys` are refused whatever else says. Time-outs in
    seconds: `connect_timeout` for TCP, banner and key exchange each, `channel_timeout` for login and for the longest time
    without any progress afterwards. `old_algorithms` are groups of `old_servers.GROUPS`, offered besides the safe ones.
    `jump` is the host to go through, with its own login and pinned keys.
    """

    partner: str
    host: str
    port: int
    user: str
    host_keys: tuple[str, ...]
    password: Revealable | None = field(default=None, repr=False)
    private_key: Revealable | None = field(default=None, repr=False)
    connect_timeout: float = 10.0
    channel_timeout: float = 30.0
    next_host_keys: tuple[str, ...] = ()
    revoked_host_keys: tuple[str, ...] = ()
    old_algorithms: tuple[str, ...] = ()
    jump: SftpSettings | None = None

    def __post_init__(self) -> None:
        if (self.password is None) == (self.private_key is None):
            raise ValueError("exactly one of password and private_key is needed")

    @property
    def where(self) -> str:
        """The place, for messages."""
        through = f" through {self.jump.host}:{self.jump.port}" if self.jump else ""
        return f"partner {self.partner}, {self.host}:{self.port}{through}"
