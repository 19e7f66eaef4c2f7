# `make` alone lists what there is. Everything happens in this folder: the environment in .venv, what is made in data.

.DEFAULT_GOAL := help
.PHONY: help run test test-quick test-long test-services setup setup-tests check bench lock

VENV := .venv/bin/python
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --no-header --no-annotate --quiet
ARGS ?=
# Several at a time; the tests of one file stay together, since they share what they started. In the order of the
# folders: what takes long begins first, and the many short ones fill the end.
WORKERS ?= auto
PYTEST = $(VENV) -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 10

# The set-up script runs on any Python since 3.7 and finds a fitting one; without any, uv brings one along.
SETUP = for python in python3 python3.12 python3.11 python3.13 python; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 7))' >/dev/null 2>&1; \
	then exec "$$python" tools/setup.py $(1); fi; done; \
	if command -v uv >/dev/null && uv python install --quiet --no-bin --install-dir .python 3.12; \
	then exec .python/*/bin/python3.12 tools/setup.py $(1); fi; \
	echo "setup_problem: Clipper needs Python 3.11, 3.12 or 3.13, and there is none. Install it, or uv, which fetches it." >&2; exit 1

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-13s %s\n", $$1, $$2}' Makefile

run: setup ## set up if needed, bring the database up to date, and serve at http://127.0.0.1:8501 until Ctrl-C
	@exec $(VENV) -m clipper_core serve

test: setup-tests ## set up if needed, and run the tests (ARGS="-k silence" for some)
	@exec $(PYTEST) $(ARGS)

test-quick: setup-tests ## the unit tests alone, with few examples
	@exec env CLIPPER_TEST_LENGTH=quick $(PYTEST) tests/unit $(ARGS)

test-long: setup-tests ## all tests with all their examples (ARGS="-m long" for those that have more than in make test)
	@exec env CLIPPER_TEST_LENGTH=long $(PYTEST) $(ARGS)

test-services: setup-tests ## the tests on PostgreSQL, Redis and S3, which must be installed, and the tests of these
	@exec env CLIPPER_TEST_SERVICES=1 $(PYTEST) $(ARGS)

setup: ## the environment alone, in .venv
	@$(call SETUP,)

setup-tests:
	@$(call SETUP,--tests)

check: setup-tests ## lint, format, types and the shape of the code
	@$(VENV) -m ruff check .
	@$(VENV) -m ruff format --check .
	@$(VENV) -m mypy
	@$(VENV) -m pytest tests/unit/promises/test_architecture.py

.PHONY: house
house: setup ## measure the code: sizes, rooms, names, prose (ARGS=--check to hold the goals)
	@$(VENV) -m tools.house $(ARGS)

bench: setup-tests ## measure speed and quality
	@exec $(VENV) -m benchmarks $(ARGS)

lock: ## pin what pyproject.toml asks for (needs uv; ARGS=--upgrade for the newest)
	@$(LOCK) -o requirements.txt $(ARGS)
	@$(LOCK) --group dev -o requirements-dev.txt $(ARGS)
