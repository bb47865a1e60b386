# Each target does all its own set-up, in a virtual environment of its own; nothing is installed globally.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo docs test test-all wheels editors coverage soak fuzz lint bench clean

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kg needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[all]' --group dev
	@touch $@

demo: $(STAMP) ## Ingest notes/, answer three questions and list broken links, in three screens
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh docs/demo.sh

docs: $(STAMP) ## The documentation as a site in site/, which needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo 'open site/index.html'

test: $(STAMP) lint ## Style, types, layers and all tests but the long ones
	$(BIN)/python -m pytest -n 3 --dist worksteal -m 'not slow and not system'

test-all: $(STAMP) ## What `make test` leaves out: long runs, and what needs system packages, which this installs
	sh tests/system/packages.sh
	day=$$(date -u +%Y%m%d) && KG_DRAW=$$day $(BIN)/python -m pytest --hypothesis-seed=$$day -n 3 --dist worksteal -m 'slow or system or drawn'

PYTHONS ?= $(PYTHON)
wheels: ## Build the wheel and the sdist; install and use both with each of PYTHONS='python3.11 python3.12 …'
	sh tests/system/installing.sh $(PYTHONS)

editors: $(STAMP) ## Build and test the VS Code extension; leaves its package in dist/
	cd editors/vscode && npm ci --no-audit --no-fund && KG=$(CURDIR)/$(BIN)/kg npm test && npm run package
	mkdir -p dist
	mv editors/vscode/kg-notes-*.vsix dist/

coverage: $(STAMP) ## The lines of kg that the tests of `make test` do not run; fails below 95 %
	COVERAGE_FILE=$(CURDIR)/.coverage $(BIN)/python -m pytest -n 3 --dist worksteal -m 'not slow and not system' --cov=kg --cov-report=term-missing

soak: ## The long runs of `make test-all` at ten times the length: 500 kills, 200 random histories of a vault, and the like
	KG_SOAK=1 $(MAKE) test-all

MINUTES ?= 120
fuzz: $(STAMP) ## Make up hostile inputs for MINUTES=120, all readers in turn; what breaks one is kept in fuzz-failures/
	PYTHONPATH=tests $(BIN)/python -m fuzz --minutes $(MINUTES) --failures fuzz-failures

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## Figures, each beside a peer in the same run
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/vault.py --peers
	$(BIN)/python benchmarks/ingest.py --peers
	$(BIN)/python benchmarks/editing.py
	$(BIN)/python benchmarks/comparing.py
	$(BIN)/python benchmarks/inferring.py
	$(BIN)/python benchmarks/validating.py
	$(BIN)/python benchmarks/searching.py --peers
	$(BIN)/python benchmarks/asking.py
	$(BIN)/python benchmarks/pushing.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/analyzing.py
	$(BIN)/python benchmarks/analyzing.py --large
	$(BIN)/python benchmarks/suggesting.py
	$(BIN)/python benchmarks/page.py
	$(BIN)/python benchmarks/browsing.py
	$(BIN)/python benchmarks/agents.py
	$(BIN)/python benchmarks/editors.py
	$(BIN)/python benchmarks/hostile.py

clean:
	rm -rf $(VENV) .kg notes/.kg dist build site
