# `make run`: set up and run the quickstart.  `make test`: set up and run lint, types and tests.  `make docs`: build site/.
# The newest Python that every package here is built for, unless PYTHON names one.
PYTHON ?= $(firstword $(foreach minor,13 12 11,$(shell python3.$(minor) -c 'import sys; print(sys.executable)' 2>/dev/null)))
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.docs-installed
WHEELHOUSE ?= wheelhouse

.PHONY: run test docs install lint types wheelhouse python

run: install
	$(BIN)/reexplore campaign run campaigns/quickstart.yaml

test: install lint types
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

# A warning is an error (`--quiet` would keep them from being counted): a link that leads nowhere, a page in no section.
docs: $(DOCS_STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "open site/index.html"

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(MAKE) --no-print-directory python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[dev]"
	@touch $@

$(DOCS_STAMP): $(STAMP)
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[docs]"
	@touch $@

# Every wheel of reexplore and of what it needs, for a machine without a network.
wheelhouse:
	@$(MAKE) --no-print-directory python
	$(PYTHON) -m pip wheel -q -c constraints.txt -w $(WHEELHOUSE) .
	@echo "on the other machine: python -m pip install --no-index --find-links $(WHEELHOUSE) reexplore"

python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "reexplore needs Python 3.11, 3.12 or 3.13 (not '$(PYTHON)'): install one, or name it with PYTHON=/path/to/python3"; exit 1; }
