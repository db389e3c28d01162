"""Accounting systems that records are read from. A folder a system, each behind `source.Source`."""
