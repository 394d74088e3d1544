# Needs a virtual environment with the package, its cli extra and the groups test and dev (CONTRIBUTING.md).
.PHONY: test lint types accuracy docs bench bench-quick

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

# The group bench too, and Rscript with glmnet if that is to be measured. DATA: the sets that scikit-learn does not bring; BENCH: more options of benchmarks/fits.py.
# Peers that were measured here, with the same versions, are not measured again.
DATA ?= $(wildcard ../shared/data)
FITS = python benchmarks/fits.py $(if $(DATA),--data $(DATA))

bench:
	$(FITS) $(BENCH)
	python benchmarks/passes.py
	$(if $(DATA),python benchmarks/sparse_passes.py --data $(DATA))
	python benchmarks/allocations.py $(if $(DATA),--data $(DATA))
	python benchmarks/scaling.py
	python benchmarks/cold_start.py
	python benchmarks/profiles.py $(if $(DATA),--data $(DATA))
	python benchmarks/page.py

# Four sets, a page in build/bench.
bench-quick:
	$(FITS) --sets iris digits $(if $(DATA),satellite a9a) --C 1 --cap 10 --repeats 1 --results build/bench/fits.json $(BENCH)
	python benchmarks/page.py --results build/bench --page build/bench/benchmarks.md
