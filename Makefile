# `make lab` and `make test` need nothing but Python 3.11 or newer; `make` alone lists the rest.
# Plain recipes: macOS has GNU make 3.81 and BSD tools.

VENV_PYTHON = .venv/bin/python

.PHONY: help env lab test test-slow html notebooks checkpoints claims bench links readme pins

help:
	@echo "make lab                     set up, copy the lessons into work/, open JupyterLab"
	@echo "make test                    set up, then all tests of the course"
	@echo "make test-slow               the long tests: lessons without data and network, saved and opened again"
	@echo "make html [LESSONS=03]       the lessons as pages in build/html, to be read without Python and network"
	@echo "for authors:"
	@echo "make notebooks [LESSONS=03]  run lessons/*.py and write notebooks/*.ipynb"
	@echo "make checkpoints             train the small models that lessons 00 and 06 open"
	@echo "make claims [QUICK=1]        the long experiments behind docs/claims.md; goes on where it was stopped"
	@echo "make bench [QUICK=1]         all benchmarks, and their tables in docs/benchmarks.md"
	@echo "make links REPO=owner/name   Binder and Colab links for a fork"
	@echo "make readme                  the table of lessons in README.md"
	@echo "make pins                    constraints.txt from the versions in .venv"

env:
	@python=$$(PYTHON="$(PYTHON)" sh tools/find_python.sh) && "$$python" tools/setup.py

# ARGS go to JupyterLab, for example ARGS=--no-browser.
lab: env
	@$(VENV_PYTHON) -m vitcourse.course.cli lab $(ARGS)

test: env
	@$(VENV_PYTHON) tools/check.py

test-slow: env
	@$(VENV_PYTHON) tools/check.py slow

html: env
	@$(VENV_PYTHON) tools/build_html.py $(LESSONS)

notebooks: env
	@$(VENV_PYTHON) tools/build_notebooks.py $(LESSONS)

checkpoints: env
	@$(VENV_PYTHON) tools/train_checkpoints.py

claims: env
	@QUICK=$(QUICK) $(VENV_PYTHON) tools/measure_claims.py

bench: env
	@QUICK=$(QUICK) $(VENV_PYTHON) tools/run_benchmarks.py $(ONLY)

links: env
	@$(VENV_PYTHON) tools/links.py "$(REPO)"

readme: env
	@$(VENV_PYTHON) tools/lesson_table.py

pins: env
	@$(VENV_PYTHON) tools/pins.py
