"""Dagster's view of a project: asset factories, checks, sensors, schedules. Thin: every body calls one
step, and progress is in the state database, so that deleting Dagster's events changes nothing."""
