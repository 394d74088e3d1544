"""What every test may use: the profile of the property tests, and the directory of real data sets.

Helpers shared by tests are packages beside this file: ``from cases.operators import …``.
"""

from pathlib import Path

import hypothesis
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

# Reproducible runs: the same examples every time, and no failure because a machine is slow.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")


@pytest.fixture(scope="session")
def repository():
    """The root of the source tree, for tests that read the files beside the package."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data():
    """``shared_data("adult.parquet")``: the path of a real data set; skips the test where it is absent."""

    def locate(name):
        path = REPOSITORY.parent / "shared" / "data" / name
        if not path.exists():
            pytest.skip(f"needs the data set {name} in {path.parent}")
        return path

    return locate
