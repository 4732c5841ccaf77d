# make demo   render the embedded benchmark, train a small IFD on it in both stages, evaluate, draw rank lists
# make test   lint and test
# Both set up .venv by themselves, once.

PYTHON ?= python3
VENV ?= .venv
# The pair that the tests ran with last. Any torch >= 2.6 serves (weights-only loading): make demo TORCH="torch torchvision"
TORCH ?= torch==2.14.1 torchvision==0.29.1

BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_CONFIG := configs/IFD_R18_RenderedPeople.yml
DEMO_DIR := logs/demo

export MPLBACKEND := Agg

.PHONY: setup demo test lint

setup: $(READY)

# fastreid comes last and without its dependencies: it pins a torch that no current Python can install.
$(READY): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed, found " + sys.version.split()[0] + ": make PYTHON=/path/to/python3 ...")'
	@echo "Setting up $(VENV), once: PyTorch and what fast-reid and IFD need."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[render,test]"
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps fastreid==1.4.0
	@touch $@

demo: export FASTREID_DATASETS := datasets
demo: $(READY)
	$(BIN)/python -m rendered_people --output datasets/rendered_people
	$(BIN)/python projects/IFD/train_net.py --config-file $(DEMO_CONFIG) --resume OUTPUT_DIR $(DEMO_DIR)
	$(BIN)/python projects/IFD/tools/plot_rank_lists.py --config-file $(DEMO_CONFIG) \
		--output $(DEMO_DIR)/rank_lists.png MODEL.WEIGHTS $(DEMO_DIR)/model_final.pth

test: lint
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/python -m mypy
