"""`python -m mlconnector_assets.sandbox`: run a sandbox in the foreground until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.sandbox.launch import Sandbox, run_in_foreground
from mlconnector_assets.sandbox.server import SandboxServer, SandboxSettings
from mlconnector_assets.sandbox.world.seed import Scale


def main() -> int:
    """Parse the arguments, serve, and answer the exit code."""
    defaults = Scale()
    parser = argparse.ArgumentParser(prog="python -m mlconnector_assets.sandbox", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="keeps books, keys and partners' files")
    parser.add_argument("--odoo-port", type=int, default=8069, help="0 picks a free one")
    parser.add_argument("--sftp-port", type=int, default=2222, help="0 picks a free one")
    parser.add_argument("--partner", action="append", dest="partners", help="a partner with a folder and a login (default: acme)")
    parser.add_argument("--now", type=datetime.fromisoformat, help="start a new sandbox's clock at this instant")
    parser.add_argument("--with-parent", action="store_true", help="end when the starting process is gone")
    for name in ("moves", "vendors", "customers", "days", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(defaults, name), help="default %(default)s; for a new folder")
    given = parser.parse_args()
    scale = Scale(given.moves, given.vendors, given.customers, given.days, given.seed)
    partners = tuple(given.partners or ("acme",))
    settings = SandboxSettings(given.folder.resolve(), given.odoo_port, given.sftp_port, partners, scale, given.now)
    return run(SandboxServer(settings), with_parent=given.with_parent)


def run(server: SandboxServer, *, with_parent: bool = False) -> int:
    """Serve in the foreground and print what is offered; answers the exit code."""
    try:
        run_in_foreground(server, _tell, with_parent=with_parent)
    except ConnectorError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's own output
        return 1
    return 0


def _tell(sandbox: Sandbox) -> None:
    lines = (
        f"Odoo 19   {sandbox.odoo_url}   database {sandbox.database}   key in {sandbox.folder / 'keys' / 'api_key'}",
        f"SFTP      sftp://{sandbox.sftp_host}:{sandbox.sftp_port}   users {', '.join(sandbox.partners)}",
        f"Folder    {sandbox.folder}   Stop with Ctrl-C.",
    )
    print(*lines, sep="\n", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
