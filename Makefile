.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin/
SETUP := @$(PYTHON) -m buddy.setup
# Several workers, each with a database server of its own; tests/support/spreading.py says how.
SPREAD := --numprocesses auto --dist loadscope --no-loadscope-reorder --durations=25 --durations-min=1
UV := .setup/resolver/bin/uv

help: ## Show this help
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-13s %s\n", $$1, $$2}'

setup: ## Install everything for work here (does nothing when nothing changed)
	$(SETUP) test

run: ## The whole product, no accounts needed; Ctrl-C stops it
	$(SETUP) run
	@exec $(BIN)python -m buddy run

test: ## The whole suite: unit, contract, integration, browser
	$(SETUP) test
	@status=0; \
	$(BIN)python -m pytest -m "not alone" $(SPREAD) || status=$$?; \
	$(BIN)python -m pytest -m alone --durations=5 || status=$$?; \
	exit $$status

test-fast: ## Unit and contract tests
	$(SETUP) tools
	$(BIN)python -m pytest tests/unit tests/contract

check: ## What CI checks before the tests: format, lint, types, imports
	$(SETUP) tools
	@$(MAKE) --no-print-directory format-check lint types imports

format: ## Rewrite the code in the house style
	$(SETUP) tools
	$(BIN)ruff check --fix .
	$(BIN)ruff format .

format-check: ## Is the code formatted?
	$(SETUP) tools
	$(BIN)ruff format --check .

lint: ## Ruff, every rule but those pyproject.toml argues away
	$(SETUP) tools
	$(BIN)ruff check .

types: ## mypy, strict
	$(SETUP) tools
	$(BIN)mypy

imports: ## Which way imports may point
	$(SETUP) tools
	$(BIN)lint-imports

bench: ## The figures of docs/benchmarks.md
	$(SETUP) test
	$(BIN)python -m bench

bench-peers: ## This service beside Pipecat and LiveKit: docs/benchmarks.md; 25 minutes on an idle machine
	$(SETUP) test
	$(BIN)python -m bench.peers $(ARGS)

SEED ?= 1
soak: soak-calls ## Ten thousand calls, then a million random events on talk time, each proved; docs/soak.md
	$(SETUP) test
	nice -n 19 $(BIN)python -m bench.soak --seed $(SEED)

soak-calls: ## Ten thousand calls of two seconds, a hundred at once: docs/soak.md has what was left of them
	$(SETUP) test
	$(BIN)python -m bench.call_soak $(ARGS)

call: ## Phone a buddy from the terminal: make call ARGS='--say "hello Ben" --digits 2'
	$(SETUP) run
	@$(BIN)python -m sandbox.phone $(ARGS)

doctor: ## Say what is set up, what runs, and what holds a port
	$(SETUP) run
	@$(BIN)python -m buddy doctor

audit: ## A dated report: dependencies, secrets, security lint, what is kept, consents
	$(SETUP) tools
	@$(BIN)python -m buddy audit

migrate: ## Bring the database up to date
	$(SETUP) run
	$(BIN)python -m buddy migrate

migration: ## New migration from the tables: make migration m="add plans"
	$(SETUP) run
	$(BIN)python -m buddy migrate
	$(BIN)alembic revision --autogenerate -m "$(m)"

# Keeps every version that still fits; `make lock UPGRADE=--upgrade` takes the newest.
# The files name no index: pip uses the one it is set up with, and the hashes decide.
lock: $(UV) ## Resolve pyproject.toml into the hashed requirements
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--quiet $(UPGRADE) --output-file requirements.txt pyproject.toml
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--quiet $(UPGRADE) --constraint requirements.txt --extra dev \
		--output-file requirements-dev.txt pyproject.toml

$(UV):
	$(PYTHON) -m venv .setup/resolver
	.setup/resolver/bin/pip install --quiet uv==0.13.9

clean: ## Remove data and build output; says how to remove cached models
	@$(PYTHON) -m buddy.setup clean

.PHONY: help setup run test test-fast check format format-check lint types imports bench bench-peers soak soak-calls call doctor audit \
	migrate migration lock clean
