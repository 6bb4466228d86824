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
SCALING_OPTIONS ?=

# A process of tests for each processor, and no second thread in any of them.
TEST_OPTIONS ?= --numprocesses=auto --maxprocesses=8 --dist=worksteal

.PHONY: help demo test test-cpu docs test-clusters compat compat-oldest compat-newest lock check bench bench-peers bench-micro gpu-check accuracy soak campaign scaling format clean

help:
	@echo "make demo    export a sentence encoder, fit a head on it, label unseen texts (about a minute, downloads apart)"
	@echo "make test    the test suite"
	@echo "make test-cpu   the tests that depend on the CPU, on an emulated one: CPU=Haswell (needs qemu-user)"
	@echo "make docs    the documentation as a site, in build/site"
	@echo "make test-clusters   the tests that start Ray and Spark on this machine (Spark needs Java)"
	@echo "make compat  the suite on the oldest releases that the bounds admit, and on the newest; without torch, 15 minutes"
	@echo "make lock    requirements-dev.lock anew: every release that development was last seen to work with, by its hashes"
	@echo "make check   format, lint, types"
	@echo "make bench   BUNDLE (the demo's) against its peers in one run; tables and plots go to benchmarks/results"
	@echo "make bench-peers   the peers' virtual environments (10 GB); a peer without one is left out, and the table says so"
	@echo "make bench-micro   parts of a run, timed alone"
	@echo "make gpu-check   on a machine with CUDA, without a network, 8 minutes: right, fast, where the time goes (docs/devices.md)"
	@echo "make accuracy   the published experiments again: DATA=folder DISTILBERT=bundle MPNET=bundle"
	@echo "make campaign   faults by the thousand on a small bundle, half an hour; results to benchmarks/results/reliability"
	@echo "make soak    the campaign's mixed calls alone, 20,000 on BUNDLE in one process: does memory grow?"
	@echo "make scaling   times shards of BUNDLE, simulates a billion texts from them, renews docs/scaling.md"
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
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest $(TEST_OPTIONS)

# On a processor that this machine is not; QEMU emulates AVX2 and older sets. `qemu-x86_64 -cpu help` lists the names.
CPU ?= Haswell
CPU_TESTS ?= tests/export/int8 tests/runtime/engine

test-cpu: $(VENV)/installed
	OMP_NUM_THREADS=1 qemu-x86_64 -cpu $(CPU) $(VENV)/bin/python -m pytest -m processor -p no:xdist $(CPU_TESTS)

docs: $(VENV)/installed
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet --site-dir build/site

# The two ends of the bounds in pyproject.toml, each on the Python at its end. Old libraries warn of what is to go from
# those that they use; that is between them.
OLDEST_PYTHON ?= python3.11
NEWEST_PYTHON ?= python3.13

.venv-compat-oldest/installed: COMPAT_PYTHON = $(OLDEST_PYTHON)
.venv-compat-oldest/installed: RESOLUTION = lowest-direct
.venv-compat-newest/installed: COMPAT_PYTHON = $(NEWEST_PYTHON)
.venv-compat-newest/installed: RESOLUTION = highest
.venv-compat-oldest/installed .venv-compat-newest/installed: pyproject.toml
	$(COMPAT_PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet uv
	$(@D)/bin/uv pip compile --quiet --no-header --no-annotate --resolution $(RESOLUTION) --python $(@D)/bin/python \
	  --extra test --output-file $(@D)/requirements.txt pyproject.toml
	$(@D)/bin/uv pip install --quiet --python $(@D)/bin/python --requirement $(@D)/requirements.txt
	$(@D)/bin/uv pip install --quiet --python $(@D)/bin/python --no-deps --editable .
	@touch $@

compat: compat-oldest compat-newest

compat-oldest: .venv-compat-oldest/installed
	OMP_NUM_THREADS=1 .venv-compat-oldest/bin/python -m pytest -W ignore::DeprecationWarning $(TEST_OPTIONS)

compat-newest: .venv-compat-newest/installed
	OMP_NUM_THREADS=1 .venv-compat-newest/bin/python -m pytest $(TEST_OPTIONS)

# No index and no path is written down: whoever installs from it uses an index of their own.
lock: $(VENV)/installed
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --upgrade \
	  --no-emit-index-url --no-header --no-annotate --output-file requirements-dev.lock pyproject.toml

check: $(VENV)/installed
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests benchmarks examples

$(VENV)/clusters-installed: $(VENV)/installed
	$(VENV)/bin/pip install --quiet --editable '.[dev,ray,spark]'
	@touch $@

CLUSTER_TESTS := tests/runtime/jobs/test_ray_engine.py tests/runtime/test_ray.py tests/runtime/test_spark.py tests/test_examples.py \
  tests/benchmarks/reliability/test_engines.py tests/benchmarks/scaling

test-clusters: $(VENV)/clusters-installed
	CLAXON_CLUSTERS=1 $(VENV)/bin/python -m pytest $(CLUSTER_TESTS)

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

# Needs no virtual environment and no package index: whatever Python there has PyTorch for CUDA. Goes on where it ended.
GPU_PYTHON ?= python3
GPU_OPTIONS ?=

gpu-check:
	PYTHONPATH="$(CURDIR)/runtime:$(CURDIR)/export:$(CURDIR)/benchmarks$${PYTHONPATH:+:$$PYTHONPATH}" HF_HUB_OFFLINE=1 \
	  $(GPU_PYTHON) -m gpu $(GPU_OPTIONS)

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

scaling: $(VENV)/installed $(BUNDLE)/manifest.json
	$(VENV)/bin/python -m scaling.measure $(BUNDLE) $(SCALING_OPTIONS)
	$(VENV)/bin/python -m scaling

format: $(VENV)/installed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

clean:
	rm -rf $(VENV) $(DEMO_VENV) .venv-peers .venv-compat-oldest .venv-compat-newest build dist demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .campaign
