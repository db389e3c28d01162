"""ml-connector: accounting systems, trading partners' folders and a warehouse, as a Dagster code location."""

__version__ = "0.1.0"
