"""Bytes and frames: one module a file format. Knows neither network nor Dagster."""
