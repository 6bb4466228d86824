# Every target makes the virtual environment that it needs; nothing else has to be there but Python and a package index.
PYTHON ?= python3
VENV := .venv
DEMO_VENV := .venv-demo

.PHONY: help demo test check bench format clean

help:
	@echo "make demo    export a sentence encoder, fit a head on it, label unseen texts (about a minute, downloads apart)"
	@echo "make test    the test suite"
	@echo "make check   format, lint, types"
	@echo "make bench   the demo's bundle against sentence-transformers, in one run"
	@echo "make format  put the code into the house's format"
	@echo "make clean   remove what the others made"

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --editable '.[dev]'
	@touch $@

$(DEMO_VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(DEMO_VENV)
	$(DEMO_VENV)/bin/pip install --quiet --editable '.[cpu,export]'
	@touch $@

demo: $(DEMO_VENV)/installed
	$(DEMO_VENV)/bin/claxon demo

test: $(VENV)/installed
	$(VENV)/bin/python -m pytest

check: $(VENV)/installed
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests benchmarks

demo/minilm/manifest.json:
	$(MAKE) demo

bench: $(VENV)/installed demo/minilm/manifest.json
	$(VENV)/bin/python -m benchmarks.compare demo/minilm demo/all-MiniLM-L6-v2

format: $(VENV)/installed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

clean:
	rm -rf $(VENV) $(DEMO_VENV) build dist demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
