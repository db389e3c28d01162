"""`python -m mlconnector_assets.cli`: the same command where no script is installed."""

from mlconnector_assets.cli import main

main()
