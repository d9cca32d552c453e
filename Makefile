# make run    set everything up and serve on 127.0.0.1:8080
# make test   set everything up and pass the tests
# make check  linters, types, import contracts
# make bench  the measurements of docs/measurements.md (needs KRAB_BENCH_DATA)
# make slack-demo  a stand-in for Slack with krab in it, to try by hand (127.0.0.1:8090)
# make lock   resolve the dependencies anew
# make audit  look the locked packages up among known vulnerabilities; without network it says so, and passes
# make sbom   build/sbom.json: what krab is made of (CycloneDX)
# make fuzz   a minute of fuzzing

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# requirements-milvus.lock has the client of Milvus besides.
LOCK ?= requirements.lock
TORCH := $(shell sed -n "s/^torch==//p" constraints.txt)
# On Linux the plain torch package brings gigabytes of CUDA libraries; the +cpu build does not.
# It is taken from whatever pip is told of (a wheel directory, a mirror) or from PyTorch's own index.
ifeq ($(shell uname -s),Linux)
TORCH_BUILD := torch==$(TORCH)+cpu --extra-index-url https://download.pytorch.org/whl/cpu --retries 2
else
TORCH_BUILD := torch==$(TORCH)
endif
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test check bench lock clean dev audit sbom fuzz slack-demo

run: $(VENV)/.run
	$(BIN)/krab serve

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

bench: $(VENV)/.dev
	$(BIN)/python -m tests.evaluation.bench

slack-demo: $(VENV)/.dev
	$(BIN)/python -m tests.slack_demo

# What `make run` needs. The lock is complete, so nothing is resolved (--no-deps) and every file is checked.
.venv: $(VENV)/.run
$(VENV)/.run: pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "krab needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --no-deps $(TORCH_BUILD)
	$(PIP) install --no-deps --require-hashes -r $(LOCK)
	$(PIP) install --no-deps --no-build-isolation --editable .
	$(BIN)/python -m index.embed
	@touch $@

dev: $(VENV)/.dev
$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# torch is installed above; the packages named CUDA and what only pyduck-janitor itself needs are left out.
UNUSED := torch triton cuda-bindings cuda-pathfinder cuda-toolkit pyduck-janitor duckdb \
  nvidia-cublas nvidia-cuda-cccl nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft \
  nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink \
  nvidia-nvshmem-cu13 nvidia-nvtx
# Of what krab runs on only the client of Milvus needs it.
NO_PANDAS := --no-emit-package pandas
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-emit-index-url \
  --generate-hashes --constraint constraints.txt $(UNUSED:%=--no-emit-package %) pyproject.toml
lock: $(VENV)/.dev
	$(PIP) install uv
	$(COMPILE) $(NO_PANDAS) -o requirements.lock
	$(COMPILE) --extra milvus -o requirements-milvus.lock
	$(COMPILE) --extra milvus --group dev -o requirements-dev.lock

# Tools of their own, apart from what krab runs on.
AUDIT := build/audit
$(AUDIT)/.done:
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip --disable-pip-version-check --quiet install "pip-audit>=2.9" "cyclonedx-bom>=7"
	@touch $@

audit: $(AUDIT)/.done
	@$(AUDIT)/bin/pip-audit --requirement requirements.lock --disable-pip --no-deps --progress-spinner off > build/audit.txt 2>&1; \
	if grep -q "Found [0-9]* known vulnerabilit" build/audit.txt; then cat build/audit.txt; exit 1; \
	elif grep -q "could not be audited\|Max retries\|Error" build/audit.txt; then echo "not audited: the vulnerability service can't be reached"; \
	else tail -1 build/audit.txt; fi

sbom: $(AUDIT)/.done
	$(AUDIT)/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-file build/sbom.json

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.evaluation.fuzz --seconds 60

clean:
	rm -rf $(VENV) build dist *.egg-info
