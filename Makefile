# Needs a virtual environment with the package, its cli extra and the groups test and dev (CONTRIBUTING.md).
.PHONY: test lint types accuracy bench

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

bench:
	python benchmarks/kernels.py
