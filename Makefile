# `make train` and `make test` set up everything they need in .venv and run; nothing else is needed.
PYTHON ?= python3
# Such as `make train EXTRA=cuda13`: one of the extras of setup.cfg.
EXTRA ?=
BIN := .venv/bin
BASE := .venv/.installed
ENVIRONMENT := $(BASE)$(if $(EXTRA),-with-$(EXTRA))
NEW_ENOUGH := import sys; sys.version_info >= (3, 11) or sys.exit("gans_jax needs Python 3.11 or newer: make PYTHON=python3.12 ...")
export JAX_COMPILATION_CACHE_DIR ?= $(HOME)/.cache/gans_jax/xla

.PHONY: train test test-all test-torch benchmark claims docs gpu lint clean

train: $(ENVIRONMENT)
	$(BIN)/python -m gans_jax train experiments/digits/conditional_wgan_digits.py

test: $(ENVIRONMENT)
	$(BIN)/python -m pytest --numprocesses auto -m "not slow and not torch"

test-all: $(ENVIRONMENT) $(BASE)-torch
	$(BIN)/python -m pytest

test-torch: $(ENVIRONMENT) $(BASE)-torch
	$(BIN)/python -m pytest --numprocesses auto -m "slow or torch"

benchmark: $(ENVIRONMENT) $(BASE)-torch
	$(BIN)/python -m experiments.benchmark.jax_vs_torch --json benchmark.json --plot benchmark.png

# Takes hours, and goes on where it was stopped: docs/claims.md.
claims: $(ENVIRONMENT)
	$(BIN)/python -m experiments.claims

# The site of the pages in docs, in the folder site.
docs: $(ENVIRONMENT) $(BASE)-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

# On the Python whose jax and PyTorch see the GPU, which stays as it is: docs/gpu.md.
gpu:
	@$(PYTHON) -c '$(NEW_ENOUGH)'
	$(PYTHON) -m experiments.gpu --json gpu.json

lint: $(ENVIRONMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

$(BASE): requirements.txt setup.cfg
	@$(PYTHON) -c '$(NEW_ENOUGH)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(BASE)-with-%: $(BASE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@

$(BASE)-docs: requirements-docs.txt $(BASE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	touch $@

$(BASE)-torch: requirements-torch.txt $(BASE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-torch.txt
	touch $@

clean:
	rm -rf .venv build dist site *.egg-info
