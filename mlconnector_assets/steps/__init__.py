"""One plain function a step: read, render, deliver, load, and the checks and previews around them.
Knows every part but Dagster and the command line; clock, progress and stores are passed in."""
