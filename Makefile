# The tasks of this project. `make help` lists them.

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/installed
EXAMPLES := $(wildcard examples/*/*.wf)

# What wfc writes is linted by the tests, with the default rules that it promises.
RUFF_EXCLUDES := --extend-exclude 'examples/*/server.py' --extend-exclude 'tests/cases/*/expected.py'

# wfc as a user has it, and what it is measured beside.
BENCHMARKS := build/benchmarks
SOURCES := pyproject.toml $(shell find compiler grammar templates -type f -not -path '*/__pycache__/*')

.PHONY: help test lint bless examples bench bench-check

help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

test: lint ## lint, and run all tests in parallel
	$(PYTHON) -m pytest -n auto

lint: $(INSTALLED) build/mypy/wfc ## ruff, and mypy --strict of the package
	$(PYTHON) -m ruff check $(RUFF_EXCLUDES) .
	MYPYPATH=build/mypy $(PYTHON) -m mypy

bless: $(INSTALLED) ## write the expectations of tests/cases anew; read the diff
	WFC_BLESS=1 $(PYTHON) -m pytest -n auto tests/test_cases.py -k "what_is_built and not clean"
	WFC_BLESS=1 $(PYTHON) -m pytest tests/test_explain.py tests/test_api.py
	git --no-pager diff --stat -- tests/cases

examples: $(INSTALLED) ## build the servers of the examples anew
	@for file in $(EXAMPLES); do \
		$(VENV)/bin/wfc build --locked --force "$$file" -o "$$(dirname "$$file")/server.py" || exit; \
	done

bench: $(BENCHMARKS)/wfc/installed $(BENCHMARKS)/peers/installed ## measure, and write benchmarks/README.md; QUESTIONS="start scale"
	$(BENCHMARKS)/peers/bin/python benchmarks --wfc $(BENCHMARKS)/wfc/bin --peers $(BENCHMARKS)/peers/bin $(QUESTIONS)

bench-check: $(INSTALLED) ## compare what can be counted with benchmarks/bounds.json
	$(PYTHON) benchmarks/counts.py

$(BENCHMARKS)/wfc/installed: $(SOURCES)
	python3 -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check .
	touch $@

$(BENCHMARKS)/peers/installed: benchmarks/requirements.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(INSTALLED): pyproject.toml
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# mypy finds a package by the name of its folder, and that of `wfc` is called compiler.
build/mypy/wfc:
	mkdir -p $(@D)
	ln -sfn ../../compiler $@
