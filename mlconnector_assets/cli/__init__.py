"""The `mlconnector` command. Only calls steps; every import of a heavy part is inside its command, so
that `--help` answers at once."""

from __future__ import annotations


def main() -> None:
    """Run the command line; failures end with one clear message and exit code 1."""
    from mlconnector_assets.cli.app import run

    run()
