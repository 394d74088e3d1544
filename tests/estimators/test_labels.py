"""Class labels as indices."""

import numpy as np
import pytest

from dxent.estimators.labels import encode

LABELS = {
    "texts as objects": np.array(["b", "a", "ß", "a", "", "b"], dtype=object),
    "texts": np.array(["b", "a", "ß", "a", "", "b"]),
    "integers": np.array([3, -128, 3, 127], dtype=np.int8),
    "many integers": np.repeat(np.arange(-128, 128, dtype=np.int8)[::-1], 2)[3:],
    "large integers near each other": np.repeat(np.array([2**64 - 1, 2**64 - 3], dtype=np.uint64), 2),
    "large integers": np.array([2**63 + 1, 0, 2**64 - 1, 0], dtype=np.uint64),
    "truth values": np.array([True, False, True]),
    "whole numbers": np.array([2.0, -0.0, 0.0, -7.0]),
}


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_labels_are_the_places_of_the_sorted_classes(y):
    classes, labels = encode(y)
    expected, places = np.unique(y, return_inverse=True)
    np.testing.assert_array_equal(classes, expected)
    assert classes.dtype == y.dtype
    np.testing.assert_array_equal(labels, places)
    assert labels.dtype == np.int64


@pytest.mark.parametrize("y", [np.array([0.5, 1.5, 0.5]), np.array([0.5, 1.5, 2.5], dtype=object)])
def test_numbers_that_are_no_classes_are_refused(y):
    with pytest.raises(ValueError, match="Unknown label type"):
        encode(y)
