# Every target sets itself up: a fresh machine needs Python >= 3.11, git and make.

VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Test processes that run at once; 0 runs the tests in one process.
WORKERS ?= auto
# More words for pytest: make test PYTEST="-k ranking -x"
PYTEST ?=

# MkDocs and its theme advertise their successors at every build.
export NO_MKDOCS_2_WARNING = 1
export DISABLE_MKDOCS_2_WARNING = true

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup demo test test-slow check format bench docs clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(STAMPS)/base $(STAMPS)/test $(STAMPS)/check $(STAMPS)/docs ## Install everything for working on the project into .venv

demo: $(STAMPS)/base ## Build the day's page into demo/ and print its path
	@$(BIN)/hotpapers demo -o demo

test: $(STAMPS)/test ## Run all tests but those marked slow
	$(BIN)/python -m pytest --numprocesses $(WORKERS) -m "not slow" $(PYTEST)

test-slow: $(STAMPS)/test $(STAMPS)/check $(STAMPS)/docs ## Run the tests marked slow
	$(BIN)/python -m pytest -m slow $(PYTEST)

check: $(STAMPS)/check $(STAMPS)/docs ## Lint, format, types, and a strict build of the docs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mkdocs build --strict --quiet --site-dir $(VENV)/docs-check

format: $(STAMPS)/check ## Apply what the linter and the formatter can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(STAMPS)/bench ## Run every benchmark; figures go to results/
	@set -e; for file in benchmarks/[!_]*.py; do echo "== $$file"; $(BIN)/python "$$file"; done

docs: $(STAMPS)/docs ## Build the documentation into site/
	$(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

clean: ## Remove what the other targets made, .venv included
	rm -rf $(VENV) site demo dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python >= 3.11 of these; PYTHON=/path/to/python3.12 chooses another.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11 python

$(BIN)/python:
	@found=; for name in $(PYTHON); do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "hotpapers needs Python 3.11 or newer, and none of these is: $(PYTHON)." >&2; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; \
	fi; \
	"$$found" -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "could not make $(VENV) with $$found (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }

# Dependency groups need pip >= 25.1; constraints.txt names the pip to take.
$(STAMPS)/base: pyproject.toml constraints.txt | $(BIN)/python
	@mkdir -p $(STAMPS)
	@$(BIN)/python -c 'import pip, sys; sys.exit(tuple(map(int, pip.__version__.split(".")[:2])) < (25, 1))' \
	  || $(PIP) --upgrade pip
	$(PIP) --editable '.[all]'
	@touch $@

$(STAMPS)/%: $(STAMPS)/base
	$(PIP) --group $*
	@touch $@
