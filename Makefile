# Needs a virtual environment with the package, its cli extra and the groups test and dev (CONTRIBUTING.md).
.PHONY: test lint types accuracy docs bench

test:
	python -m pytest -n auto

lint:
	ruff check .
	ruff format --check .
	lint-imports
	python tools/house_numbers.py

types:
	mypy

accuracy:
	PYTHONPATH=tests python -m accuracy.report

# The group docs too; every page is run.
docs:
	python -m sphinx -W --keep-going -q -d build/doctrees docs build/docs

bench:
	python benchmarks/kernels.py
