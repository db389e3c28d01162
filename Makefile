# Every target sets up its own .venv when it is missing or older than the pins.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# The newest interpreter on the path that is at least 3.11; override with `make PYTHON=…`.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PROJECT := .mlconnector/demo
export DAGSTER_DISABLE_TELEMETRY := 1

.PHONY: help demo dev test lint format bench clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.venv/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer on the path; install one or name it: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

.venv/.ready-bench: .venv/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@touch $@

demo: .venv/.ready ## the main job, end to end, on the sandbox and the embedded warehouse
	$(BIN)/mlconnector demo

dev: .venv/.ready ## the Dagster UI on the same sandbox, http://127.0.0.1:3000
	$(BIN)/mlconnector demo --ui

test: .venv/.ready ## all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -q

lint: .venv/.ready ## style, types, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.ready ## put the code into the common style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: .venv/.ready-bench ## measured figures beside peers, in one run
	$(BIN)/python -m benchmarks

clean: ## remove the environment and everything the demo made
	rm -rf .venv .mlconnector
