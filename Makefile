# make demo   render the embedded benchmark, train IFD on it in both stages, evaluate it on a site it never saw, draw rank lists
# make search after the demo: a page in the browser that finds its people by photo
# make test   lint and test
# Both set up .venv by themselves, once.

PYTHON ?= python3
VENV ?= .venv
# The pair that the tests ran with last. Any torch >= 2.6 serves (weights-only loading): make demo TORCH="torch torchvision"
TORCH ?= torch==2.14.1 torchvision==0.29.1

BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_CONFIG := configs/IFD_Demo.yml
DEMO_DIR := logs/demo
SEARCH_DIR = $(DEMO_DIR)/search
SEARCH_PEOPLE := datasets/rendered_people/LTCC_ReID
PORT ?= 8000

export MPLBACKEND := Agg

.PHONY: setup demo search test lint chromium

setup: $(READY)

# fastreid comes last and without its dependencies: it pins a torch that no current Python can install.
$(READY): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed, found " + sys.version.split()[0] + ": make PYTHON=/path/to/python3 ...")'
	@echo "Setting up $(VENV), once: PyTorch and what fast-reid and IFD need."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[imagenet,render,test]"
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps fastreid==1.4.0
	@touch $@

demo: export FASTREID_DATASETS := datasets
demo: $(READY)
	$(BIN)/python -m rendered_people --output datasets/rendered_people --images-per-view 2 --sites 4 --unseen-sites 1
	$(BIN)/python projects/IFD/train_net.py --config-file $(DEMO_CONFIG) --resume OUTPUT_DIR $(DEMO_DIR)
	$(BIN)/python projects/IFD/tools/plot_rank_lists.py --config-file $(DEMO_CONFIG) \
		--output $(DEMO_DIR)/rank_lists.png MODEL.WEIGHTS $(DEMO_DIR)/model_final.pth

# Export, gallery and decisions follow from the demo's model: another model, and all three are made anew.
search: export FASTREID_DATASETS := datasets
search: $(READY)
	@test -f $(DEMO_DIR)/model_final.pth || { echo "There is no $(DEMO_DIR)/model_final.pth: run the demo first (make demo)." >&2; exit 2; }
	@test $(SEARCH_DIR)/model.onnx -nt $(DEMO_DIR)/model_final.pth || rm -rf $(SEARCH_DIR)
	@test -f $(SEARCH_DIR)/model.onnx || $(BIN)/python projects/IFD/tools/export.py --config-file $(DEMO_CONFIG) \
		--weights $(DEMO_DIR)/model_final.pth --output $(SEARCH_DIR)/model.onnx
	$(BIN)/python -m person_search index $(SEARCH_PEOPLE)/test --maps $(SEARCH_PEOPLE)/parsing/test \
		--pattern "{person}_{clothes}_c{camera}_{}" --model $(SEARCH_DIR)/model.onnx --gallery $(SEARCH_DIR)/people.db
	-@test -f $(SEARCH_DIR)/calibrated || { $(BIN)/python -m person_search calibrate --model $(SEARCH_DIR)/model.onnx \
		--gallery $(SEARCH_DIR)/people.db && touch $(SEARCH_DIR)/calibrated; }
	$(BIN)/python -m person_search serve --maps $(SEARCH_PEOPLE)/parsing/test --open --port $(PORT) \
		--model $(SEARCH_DIR)/model.onnx --gallery $(SEARCH_DIR)/people.db

# The search page is tested in a browser: what is there, Debian's where this user may install it, else Playwright's. Where
# there is none of them, its tests are skipped, and the summary says why.
chromium: $(READY)
	@command -v chromium || command -v chromium-browser || command -v google-chrome || { \
		echo "There is no Chromium to test the search page in: installing one, once."; \
		{ test "$$(id -u)" = 0 && { $(APT) || { apt-get update --quiet=2 && $(APT); }; }; } \
		|| $(BIN)/python -m playwright install chromium \
		|| echo "None could be installed: the tests of the page in a browser are skipped (apt-get install chromium)."; }
APT := apt-get install --yes --quiet=2 --no-install-recommends chromium

test: lint chromium
	$(BIN)/python -m pytest -rs --numprocesses auto --maxprocesses 4 --dist worksteal

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/python -m mypy
