"""`mlconnector partner`: setting up a trading partner."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, ProjectOption, counted, err, out
from mlconnector_assets.errors import HostKeyMismatch

if TYPE_CHECKING:
    from mlconnector_assets.exchange.host_keys import HostKey
    from mlconnector_assets.steps.host_keys import HostKeyScan

app = typer.Typer(no_args_is_help=True, help="Setting up trading partners: the keys of their servers.")
COLUMNS = ("type", "fingerprint", "in the file")


@app.command("host-key")
def host_key(
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner's id: the name of its file, without .yaml.")],
    fingerprint: Annotated[
        list[str] | None,
        typer.Option(metavar="SHA256:…", help="The fingerprint the partner told you; pins that key without asking. Repeatable."),
    ] = None,
    jump: Annotated[bool, typer.Option("--jump", help="The key of the jump host instead of that of the server.")] = False,
    project: ProjectOption = HERE,
) -> None:
    """Show every host key of a partner's server, and pin what you confirm in partners/PARTNER.yaml.

    Ask the partner for the fingerprint first, on another way than the one by which you got the address: whoever sits in
    between could show a key of their own. Nothing is pinned without your yes or a --fingerprint that matches. A key of
    next_host_keys that the server shows moves to host_keys. Comments in the file stay. What happens next:
    `mlconnector check --live` logs in.

    Examples: mlconnector partner host-key acme,
    mlconnector partner host-key acme --fingerprint SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU
    """
    from mlconnector_assets.steps.host_keys import pin, scan_partner

    scan = scan_partner(project, partner, jump=jump)
    rows = [(shown.key.type, shown.key.fingerprint, str(shown.status)) for shown in scan.shown]
    rows += [(key.type, key.fingerprint, "pinned, but not shown by the server") for key in scan.not_shown]
    out.print(f"host keys of {scan.place}", markup=False)
    tables.show(COLUMNS, rows, folding=["fingerprint"])
    _refuse_revoked(scan)
    keys = _matching(scan, fingerprint) if fingerprint else scan.to_pin
    if not keys:
        out.print("nothing to do: every key that the server shows is pinned already")
        return
    if not fingerprint:
        _ask(scan, keys)
    pin(scan, keys)
    out.print(f"pinned {counted(len(keys), 'key')} in {scan.file}", markup=False)


def _refuse_revoked(scan: HostKeyScan) -> None:
    revoked = [shown.key for shown in scan.shown if shown.status == "revoked"]
    if revoked:
        raise HostKeyMismatch(
            f"the server shows the revoked key {revoked[0]}",
            where=scan.place,
            mend="tell the partner: somebody may be in between; nothing was pinned",
        )


def _matching(scan: HostKeyScan, fingerprints: list[str]) -> list[HostKey]:
    """The keys to pin with these fingerprints. Raises HostKeyMismatch for one that the server does not show."""
    shown = {one.key.fingerprint: one.key for one in scan.shown}
    wanted = [text.strip().rstrip("=") for text in fingerprints]
    for text in wanted:
        if text not in shown:
            raise HostKeyMismatch(
                f"the server shows no key with the fingerprint {text}",
                where=scan.place,
                mend="compare it with the partner, on the phone or in person; nothing was pinned",
            )
    return [shown[text] for text in wanted if shown[text] in scan.to_pin]


def _ask(scan: HostKeyScan, keys: list[HostKey]) -> None:
    """Go on only with a person's yes."""
    if scan.changed:
        err.print("[bold red]![/] the server shows none of the keys that are pinned: it was changed, or somebody is in between")
    if not _somebody_is_there():
        raise HostKeyMismatch(
            f"{counted(len(keys), 'key')} would be pinned, but there is nobody to ask",
            where=scan.place,
            mend="run it in a terminal, or give the fingerprint that the partner told you: --fingerprint SHA256:…",
        )
    if not typer.confirm(f"Did the partner confirm {'these fingerprints' if len(keys) > 1 else 'this fingerprint'}?"):
        out.print("nothing was pinned")
        raise typer.Exit(1)


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()
