"""What `check --live` tells of a partner's server: host key, login, folders, and whether files can be
written, renamed and removed in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlconnector_assets.errors import ConfigurationError, ConnectorError, CredentialsError, HostKeyMismatch, Unavailable
from mlconnector_assets.exchange.send import TEMPORARY, probe_folder
from mlconnector_assets.exchange.sftp import FSYNC, SftpSession
from mlconnector_assets.partners.wire import WireSwitches
from mlconnector_assets.systems.source import Finding

DEFAULT_SWITCHES = WireSwitches()


def check_partner(
    *, open_session: Callable[[], SftpSession], folders: Mapping[str, str], switches: WireSwitches = DEFAULT_SWITCHES
) -> list[Finding]:
    """Log in and try every folder, as a delivery would: missing ones are made, and a hidden probe file is
    written, renamed and removed in each. `folders` maps a role to the remote path. Never raises for what the
    partner's side refuses."""
    try:
        session = open_session()
    except ConnectorError as error:
        return [_failed(_subject(error), error)]
    with session:
        findings = [
            Finding("host key", True, session.notice or session.host_key),
            Finding("login", True, f"user {session.settings.user}; {session.description}"),
        ]
        if switches.fsync == "required" and FSYNC not in session.extensions:
            mend = "set `fsync: auto` in the partner's file if the partner does not mind, or ask them to offer it"
            findings.append(Finding("fsync", False, "the server does not offer it, which `fsync: required` asks for", mend))
        temporary_first = sorted(folders.items(), key=lambda item: item[0] != TEMPORARY)
        for role, path in temporary_first:
            try:
                made = session.ensure_folder(path)
                probe_folder(session, path, folders.get(TEMPORARY), switches)
            except ConnectorError as error:
                findings.append(_failed(f"folder {role}", error))
                if isinstance(error, Unavailable):
                    break
            else:
                findings.append(Finding(f"folder {role}", True, f"{path}{' (made)' if made else ''}: files can be written"))
    return findings


def _subject(error: ConnectorError) -> str:
    if isinstance(error, (HostKeyMismatch, ConfigurationError)):
        return "host key"
    return "login" if isinstance(error, CredentialsError) else "server"


def _failed(subject: str, error: ConnectorError) -> Finding:
    return Finding(subject, False, f"{error.where}: {error.what}" if error.where else error.what, error.mend)
