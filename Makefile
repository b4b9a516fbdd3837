# Needs Python >= 3.10 and make, and GCC or Clang for the native kernels; without one, they are left out.
# `make demo` and `make test` set up .venv the first time and again only when pyproject.toml, setup.py or
# constraints.txt changes. Another interpreter: make demo PYTHON=python3.12
PYTHON ?= python3

VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
INSTALL := $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
BUILD_KERNELS := $(VENV_PYTHON) src/ostinato/kernels/native/build.py
export PYTHONPATH :=

.PHONY: demo test kernels bench bench-tf1 bench-memory bench-checkpoint peers clean
.DELETE_ON_ERROR:

demo: $(VENV)/stamp-demo
	-$(BUILD_KERNELS)
	$(VENV_PYTHON) -m ostinato demo

# One torch thread a worker: two workers with a thread pool each would fight over the same cores.
test: $(VENV)/stamp-test kernels
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy
	$(VENV)/bin/lint-imports
	OMP_NUM_THREADS=1 $(VENV_PYTHON) -m pytest -q -n 2

# Compiles what is not up to date with the sources; the set-up has done it the first time.
kernels: | $(VENV)/stamp-demo
	$(BUILD_KERNELS)

# make bench ARGS='--quick --only streaming': docs/benchmarks.md says what there is.
bench: $(VENV)/stamp-demo kernels
	$(VENV_PYTHON) -m benchmarks $(ARGS)

bench-tf1: $(VENV)/stamp-demo kernels
	$(VENV_PYTHON) -m benchmarks.tf1 $(ARGS)

# make bench-memory ARGS='--only seed,disk'
bench-memory: $(VENV)/stamp-demo kernels
	$(VENV_PYTHON) -m benchmarks.memory $(ARGS)

# make bench-checkpoint ARGS='--rounds 3'
bench-checkpoint: $(VENV)/stamp-demo
	$(VENV_PYTHON) -m benchmarks.checkpoint $(ARGS)

# What `make bench` compares with, beside torch: environments of their own, as none of them goes with our torch.
# TensorFlow 1.15 needs Python 3.7: make peers TF1_PYTHON='env PYENV_VERSION=3.7.16 python3.7'
TF1_PYTHON ?= python3.7
PEER_INSTALL := bin/python -m pip install --quiet --disable-pip-version-check --requirement

peers: .peers/tf1/stamp .peers/tf2/stamp .peers/jax/stamp

.peers/tf1/stamp: benchmarks/peers/tf1.txt
	@if $(TF1_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 7))' 2>/dev/null; then \
		set -e; $(TF1_PYTHON) -m venv .peers/tf1; .peers/tf1/$(PEER_INSTALL) $<; touch $@; \
	else \
		echo "No Python 3.7 as '$(TF1_PYTHON)': TensorFlow 1.15 is left out; name one with: make peers TF1_PYTHON=..."; \
	fi

.peers/%/stamp: benchmarks/peers/%.txt
	$(PYTHON) -m venv .peers/$*
	.peers/$*/$(PEER_INSTALL) $<
	@touch $@

clean:
	rm -rf $(VENV) .peers build dist src/ostinato/kernels/native/*.so src/ostinato.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# A stamp is written last, so that a set-up that failed is tried again by the next make.
$(VENV)/stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Ostinato needs Python 3.10 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/stamp-demo: pyproject.toml setup.py constraints.txt | $(VENV)/stamp-venv
	$(INSTALL) --editable '.[demo]'
	@touch $@

$(VENV)/stamp-test: pyproject.toml setup.py constraints.txt | $(VENV)/stamp-venv
	$(INSTALL) --editable '.[demo,dev]'
	@touch $(VENV)/stamp-demo $@
