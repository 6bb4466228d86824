# Every target makes the virtual environment that it needs; nothing else has to be there but Python and a package index.
PYTHON ?= python3
VENV := .venv
DEMO_VENV := .venv-demo

# What is measured: a bundle, and the checkpoint that it was made from, which its peers run.
BUNDLE ?= demo/minilm
CHECKPOINT ?= demo/all-MiniLM-L6-v2
BENCH_OPTIONS ?=
SOAK_OPTIONS ?=
CAMPAIGN_OPTIONS ?=

.PHONY: help demo test check bench bench-peers bench-micro accuracy soak campaign format clean

help:
	@echo "make demo    export a sentence encoder, fit a head on it, label unseen texts (about a minute, downloads apart)"
	@echo "make test    the test suite"
	@echo "make check   format, lint, types"
	@echo "make bench   BUNDLE (the demo's) against its peers in one run; tables and plots go to benchmarks/results"
	@echo "make bench-peers   the peers' virtual environments (10 GB); a peer without one is left out, and the table says so"
	@echo "make bench-micro   parts of a run, timed alone"
	@echo "make accuracy   the published experiments again: DATA=folder DISTILBERT=bundle MPNET=bundle"
	@echo "make campaign   faults by the thousand on a small bundle, half an hour; results to benchmarks/results/reliability"
	@echo "make soak    the campaign's mixed calls alone, 20,000 on BUNDLE in one process: does memory grow?"
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

bench-peers: $(VENV)/installed
	$(VENV)/bin/python -m claxon_bench.peers

bench: $(VENV)/installed $(BUNDLE)/manifest.json
	$(VENV)/bin/claxon bench $(BUNDLE) --checkpoint $(CHECKPOINT) $(BENCH_OPTIONS)
	$(VENV)/bin/claxon bench $(BUNDLE) --profile --quiet

bench-micro: $(VENV)/installed
	mkdir -p benchmarks/results
	$(VENV)/bin/python -m pytest benchmarks/test_speed.py --benchmark-json=benchmarks/results/micro.json

# Folders of labelled texts, and the bundles that the published experiments run on.
DATA ?=
DISTILBERT ?=
MPNET ?=
DISTILBERT_CHECKPOINT ?=

accuracy: $(VENV)/installed
	$(VENV)/bin/python -m accuracy --data $(DATA) $(if $(DISTILBERT),--distilbert $(DISTILBERT)) $(if $(MPNET),--mpnet $(MPNET)) \
	  $(if $(DISTILBERT_CHECKPOINT),--checkpoint $(DISTILBERT_CHECKPOINT))

soak: $(VENV)/installed $(BUNDLE)/manifest.json
	$(VENV)/bin/python -m reliability mixed --bundle $(BUNDLE) --scale 0.2 \
	  --out benchmarks/results/reliability/$(notdir $(BUNDLE)) $(SOAK_OPTIONS)

campaign: $(VENV)/installed
	$(VENV)/bin/python -m reliability $(CAMPAIGN_OPTIONS)

format: $(VENV)/installed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

clean:
	rm -rf $(VENV) $(DEMO_VENV) .venv-peers build dist demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .campaign
