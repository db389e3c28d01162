"""Where records become tables that people query: one interface, an embedded DuckDB file behind it."""
