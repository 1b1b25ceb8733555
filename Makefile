# make demo    sets everything up and shows the main job on a simulated line
# make test    sets everything up and runs every check
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
OUT    ?= out/demo

.PHONY: demo test lint format setup clean

demo: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python run_pipeline.py demo --out $(OUT)  # small tiles: threads only wait

test: $(VENV)/.installed-dev lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 11) and "Python 3.11 or newer is needed, this is %d.%d: set PYTHON=python3.11" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# GigE Vision cameras: docs/cameras.md says which packages of the system this needs first.
.PHONY: gige
gige: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[gige]'

clean:
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache

# The models of the demo, made anew from the simulator's good parts (about an hour on two cores).
DEMO_MODELS = plant_config/plants/demo/models
.PHONY: demo-models
demo-models: $(VENV)/.installed
	$(BIN)/python -m inspect_pipeline.capture.simulated brushed_web data/brushed_web
	$(BIN)/python -m inspect_pipeline.capture.simulated machined_plate data/machined_plate
	OMP_NUM_THREADS=1 $(BIN)/python run_pipeline.py train brushed_web --images data/brushed_web --budget-minutes 60 --models $(DEMO_MODELS) & \
	OMP_NUM_THREADS=1 $(BIN)/python run_pipeline.py train machined_plate --images data/machined_plate --budget-minutes 60 --models $(DEMO_MODELS) ; \
	wait
