# A bare `make` lists what there is. Everything runs in .venv, made from requirements.lock.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$name && break; done)

.DEFAULT_GOAL := help
.PHONY: help install demo test lint unit slow bench soak prefect sandbox matrix lock clean

help:  ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## make .venv from the lock (the others do it by themselves)

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Tidegate needs Python 3.11, 3.12 or 3.13; none was found. Name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || { echo "Making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing $$(grep -c '==' requirements.lock) packages from requirements.lock; the first time takes a few minutes"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP)  ## replay a real shop's autumn of 2011, day by day, into the sandbox
	@echo "Starting from an empty warehouse (.tidegate/dev)"
	@rm -rf .tidegate/dev
	@$(BIN)/tidegate replay --from 2011-10-20 --to 2011-12-09 --every 1d
	@echo "Now look around (the command is $(BIN)/tidegate):"
	@echo "  make sandbox                          every message, list and contact, in a browser"
	@echo "  $(BIN)/tidegate status             what the last runs did, and what waits"
	@echo "  $(BIN)/tidegate journey second_order   who stands where, what was sent, and what it brought"
	@echo "  $(BIN)/tidegate person 12347       one customer's whole story"
	@echo "  $(BIN)/tidegate plan               what a run would do now"

test: lint unit  ## lint, types and all tests

lint: $(STAMP)  ## ruff, mypy and sqlfluff
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar models macros recipes
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar --templater placeholder src/tidegate/sql

unit: $(STAMP)
	@$(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder

slow: $(STAMP)  ## the tests that take minutes: every recipe's story on real data, made-up lives
	@$(BIN)/python -m pytest -q -m slow -n 2 --dist loadfile --no-loadscope-reorder

bench: $(STAMP)  ## measure against the bare engine (see benchmarks/README.md)
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; echo; done

soak: $(STAMP)  ## kill runs at random, many times, and look for a message sent twice
	@$(BIN)/python -m pytest -m soak -n 0 --timeout 0

prefect: $(STAMP)  ## start a Prefect server and serve the flows
	@$(BIN)/python -m flows.serve

sandbox: $(STAMP)  ## serve the page of what the sandbox received
	@$(BIN)/tidegate sandbox

matrix: $(STAMP)  ## write what every connector can do into connectors/MATRIX.csv and docs/connectors/README.md
	@$(BIN)/python -m tidegate.testing.matrix

lock: $(STAMP)  ## write requirements.lock anew from pyproject.toml
	@$(BIN)/python -m pip install -qq --disable-pip-version-check "uv>=0.13,<0.14"
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --quiet --upgrade --output-file requirements.lock
	@echo "requirements.lock: $$(grep -c '==' requirements.lock) packages"

clean:  ## remove .venv, the warehouse and whatever else was made here
	@rm -rf $(VENV) .tidegate .mypy_cache .ruff_cache .pytest_cache .hypothesis dist target logs exports
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
