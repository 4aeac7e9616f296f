# make demo     install into .venv and analyse a sample
# make test     build a fresh .venv-test and run the tests in it
# make extras   build .venv-extras with torch, ultralytics, transformers; run the tests of detectors
# make check    lint, format, types, import layers
# make eval     measure how often physcheck is right, and write reports/accuracy.md
# make clean    remove what the others made
#
# Needs make, Python 3.11 or newer with venv, and PyPI. PYTHON=... chooses another Python.

PYTHON ?= python3
SAMPLE ?= samples/three_balls.mp4

DEMO := .venv
TEST := .venv-test
EXTRA := .venv-extras
INSTALL := -m pip install --quiet --quiet --disable-pip-version-check --no-input --use-pep517 \
	-c constraints.txt
SOURCES := physcheck tests samples reports
EXTRA_TESTS := $(addprefix tests/test_,yolo.py tensors.py yolo_fused.py detr.py hybrid.py sight.py weights.py) tests/gpu

.PHONY: help demo test check eval extras clean python
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# //p' Makefile | head -6

demo: $(DEMO)/installed
	@$(DEMO)/bin/physcheck analyze $(SAMPLE)

test:
	@rm -rf $(TEST)
	@$(MAKE) --no-print-directory $(TEST)/installed
	@$(TEST)/bin/python -m pytest -n auto --dist loadfile

check: $(TEST)/installed
	@$(TEST)/bin/ruff check --quiet $(SOURCES)
	@$(TEST)/bin/ruff format --quiet --check $(SOURCES) || \
		{ echo "not formatted; run: $(TEST)/bin/ruff format $(SOURCES)" >&2; exit 1; }
	@$(TEST)/bin/mypy --strict --no-error-summary physcheck
	@$(TEST)/bin/python -m pytest tests/test_layers.py
	@echo "check: passed"

extras: $(EXTRA)/installed
	@$(EXTRA)/bin/python -m pytest $(EXTRA_TESTS)

eval: $(TEST)/installed
	@$(TEST)/bin/python reports/measure_accuracy.py
	@$(TEST)/bin/python reports/write_rules.py

clean:
	rm -rf $(DEMO) $(TEST) $(EXTRA) build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find physcheck tests samples reports -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is built again when what it was built from has changed.
# One whose making broke off has no `installed` in it and counts for nothing.
$(DEMO)/installed: EXTRAS =
$(TEST)/installed: EXTRAS = [dev]
$(EXTRA)/installed: EXTRAS = [dev,yolo,onnx,openvino,transformers]
$(DEMO)/installed $(TEST)/installed $(EXTRA)/installed: pyproject.toml constraints.txt | python
	@echo "installing into $(@D) ..." >&2
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(INSTALL) -e '.$(EXTRAS)'
	@$(@D)/bin/python -c 'import cv2' || { \
		echo "OpenCV cannot be loaded. On Debian or Ubuntu it needs the system's packages" \
		"libgl1 and libglib2.0-0: apt-get install libgl1 libglib2.0-0" >&2; exit 1; }
	@touch $@

python:
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer with venv is needed (on Debian or Ubuntu: python3-venv);" \
		"name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
