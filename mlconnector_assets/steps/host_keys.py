"""`partner host-key`: what keys a partner's server shows, beside those that are pinned, and pinning what a person
confirmed. Works on one partner's file alone, which may have no pinned key yet."""

from __future__ import annotations

import os
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mlconnector_assets.configuration.connections import DuckDBWarehouse
from mlconnector_assets.configuration.host_key_lines import UnsafeEdit, pinned_in
from mlconnector_assets.configuration.project import PARTNERS_FOLDER, Project
from mlconnector_assets.configuration.validation import validated
from mlconnector_assets.configuration.yaml_lines import read_yaml, refusal
from mlconnector_assets.durable import write_durably
from mlconnector_assets.errors import ConfigurationError, DeliveryError
from mlconnector_assets.exchange.host_keys import HostKey, parse_host_key
from mlconnector_assets.exchange.settings import SftpSettings
from mlconnector_assets.exchange.sftp import scan_host_keys
from mlconnector_assets.layouts.problems import Problem
from mlconnector_assets.partners.specification import UNPINNED, SftpTarget, SshHost
from mlconnector_assets.steps.deliver import host_settings
from mlconnector_assets.steps.workspace import Workspace

Status = Literal["pinned", "next", "revoked", "new"]


@dataclass(frozen=True)
class ShownKey:
    """A key that the server shows, and what the partner's file says about it."""

    key: HostKey
    status: Status


@dataclass(frozen=True)
class HostKeyScan:
    """What one server shows. `path` are the keys of the mapping in `file` that describes it; `not_shown` are pinned
    keys that it does not show any more; `keys_file` is where keys are pinned instead, if they are."""

    file: Path
    path: tuple[str, ...]
    place: str
    shown: tuple[ShownKey, ...]
    not_shown: tuple[HostKey, ...]
    keys_file: str | None

    @property
    def to_pin(self) -> list[HostKey]:
        """What is shown and not among the active keys yet."""
        return [shown.key for shown in self.shown if shown.status in ("new", "next")]

    @property
    def changed(self) -> bool:
        """Whether keys were pinned, and the server shows none of them."""
        return bool(self.not_shown) and not any(shown.status in ("pinned", "next") for shown in self.shown)


class _NoSecret:
    """A scan ends before the login."""

    def reveal(self) -> str:
        return ""


def scan_partner(
    root: Path, partner: str, *, jump: bool = False, environment: MutableMapping[str, str] = os.environ
) -> HostKeyScan:
    """Ask the partner's server, or with `jump` the host in between, for every key it has. Only to go through a jump host
    is anything secret used.

    Raises ConfigurationError for a file that is missing or wrong, Unavailable, and on a jump host what a login raises.
    """
    file = root.absolute() / PARTNERS_FOLDER / f"{partner}.yaml"
    target = _target(file)
    if jump and target.jump is None:
        raise ConfigurationError("there is no jump host", where=str(file), mend="leave out --jump")
    host: SshHost = target.jump if jump and target.jump else target
    pinned = dict.fromkeys(_active(root, host), "pinned")
    statuses = pinned | dict.fromkeys(host.next_host_keys, "next") | dict.fromkeys(host.revoked_host_keys, "revoked")
    known: dict[HostKey, Status] = {parse_host_key(line): status for line, status in statuses.items()}  # type: ignore[misc]
    settings = SftpSettings(
        partner=partner,
        host=host.host,
        port=host.port,
        user=host.user,
        host_keys=(),
        password=_NoSecret(),
        connect_timeout=target.connect_timeout.total_seconds(),
        channel_timeout=target.channel_timeout.total_seconds(),
        old_algorithms=() if jump else target.wire.algorithms,
    )
    if target.jump and not jump:
        settings = _through(settings, root, target, environment)
    keys = scan_host_keys(settings)
    if not keys:
        raise DeliveryError(
            "the server shows no host key of a kind that is still considered safe",
            where=settings.where,
            mend="ask the partner to make an ed25519 host key, or to allow rsa-sha2-256 signatures",
        )
    return HostKeyScan(
        file=file,
        path=("sftp", "jump") if jump else ("sftp",),
        place=f"{host.host}:{host.port}",
        shown=tuple(ShownKey(key, known.get(key, "new")) for key in keys),
        not_shown=tuple(key for key, status in known.items() if status == "pinned" and key not in keys),
        keys_file=host.host_keys_file,
    )


def pin(scan: HostKeyScan, keys: Sequence[HostKey]) -> None:
    """Write keys that a person confirmed into the partner's file; those of next_host_keys move.

    Raises ConfigurationError, with the lines to write by hand, when the file cannot be edited with certainty.
    """
    lines = [key.line for key in keys]
    try:
        if scan.keys_file:
            raise UnsafeEdit(f"its keys are in {scan.keys_file}")
        before = scan.file.read_bytes()
        edited = pinned_in(before.decode(), scan.path, lines).encode()
    except (UnsafeEdit, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the file is not edited, because {error}",
            where=str(scan.file),
            mend=f"write these lines into {scan.keys_file or '.'.join(scan.path) + '.host_keys'}:\n  " + "\n  ".join(lines),
        ) from None
    write_durably(scan.file, edited, mode=scan.file.stat().st_mode & 0o777)
    try:
        _target(scan.file)
    except ConfigurationError:
        write_durably(scan.file, before, mode=scan.file.stat().st_mode & 0o777)
        raise


def _target(file: Path) -> SftpTarget:
    """The `sftp` of a partner's file, pinned or not."""
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in file.parent.glob("*.yaml"))) or "none"
        raise ConfigurationError(f"there is no partner {file.stem!r}", where=str(file), mend=f"use one of: {known}")
    yaml = read_yaml(file, name=f"{PARTNERS_FOLDER}/{file.name}")
    target: SftpTarget | list[Problem] = []
    if not yaml.problems:
        data = yaml.data.get("sftp") if isinstance(yaml.data, dict) else None
        target = validated(SftpTarget, data, context=UNPINNED)
    if isinstance(target, list):
        yaml.problems += [Problem(("sftp", *problem.path), problem.text) for problem in target]
        raise refusal(yaml.located(yaml.problems))
    return target


def _active(root: Path, host: SshHost) -> tuple[str, ...]:
    return host.pinned(root) if host.host_keys or host.host_keys_file else ()


def _through(settings: SftpSettings, root: Path, target: SftpTarget, environment: MutableMapping[str, str]) -> SftpSettings:
    assert target.jump is not None
    workspace = Workspace(Project(root.absolute(), {}, {}, DuckDBWarehouse()), environment=environment)
    try:
        return replace(settings, jump=host_settings(workspace, settings.partner, target.jump, target))
    finally:
        workspace.close()
