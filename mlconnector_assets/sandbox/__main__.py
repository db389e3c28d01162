"""`python -m mlconnector_assets.sandbox`: run a sandbox in the foreground until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime
from pathlib import Path

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.sandbox.server import SandboxServer, SandboxSettings
from mlconnector_assets.sandbox.world.seed import Scale


def main() -> int:
    """Parse the arguments, serve, and answer the exit code."""
    defaults = Scale()
    parser = argparse.ArgumentParser(prog="python -m mlconnector_assets.sandbox", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="keeps books, keys and partners' files")
    parser.add_argument("--odoo-port", type=int, default=8069)
    parser.add_argument("--sftp-port", type=int, default=2222)
    parser.add_argument(
        "--partner", action="append", dest="partners", help="a partner with a folder and a login (repeatable; default acme)"
    )
    parser.add_argument("--now", type=datetime.fromisoformat, help="start a new sandbox's clock at this instant")
    for name in ("moves", "vendors", "customers", "days", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(defaults, name))
    given = parser.parse_args()
    scale = Scale(given.moves, given.vendors, given.customers, given.days, given.seed)
    server = SandboxServer(
        SandboxSettings(given.folder, given.odoo_port, given.sftp_port, tuple(given.partners or ("acme",)), scale, given.now)
    )
    return run(server)


def run(server: SandboxServer) -> int:
    """Serve in the foreground and tell what is offered; answers the exit code."""
    try:
        server.prepare()
        asyncio.run(_serve(server))
    except ConnectorError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's own output
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _serve(server: SandboxServer) -> None:
    async def tell() -> None:
        while not server.sftp.port:
            await asyncio.sleep(0.02)
        offered = server.description
        lines = (
            f"Odoo 19   {offered.odoo_url}   database {offered.database}   key in {offered.api_key_file}",
            f"SFTP      sftp://{offered.sftp_host}:{offered.sftp_port}   users {', '.join(offered.partners)}",
            f"Folder    {server.folder}   Stop with Ctrl-C.",
        )
        print(*lines, sep="\n", flush=True)  # noqa: T201

    telling = asyncio.create_task(tell())
    try:
        await server.serve()
    finally:
        telling.cancel()


if __name__ == "__main__":
    sys.exit(main())
