"""Tests of arrays that are used again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dxent.kernels.workspace import LARGE, empty, reusing

SHAPE = (LARGE // 8, 2)


def address(array):
    return array.__array_interface__["data"][0]


def test_an_array_is_used_again_once_nobody_refers_to_it():
    with reusing():
        first = empty(SHAPE, np.float64)
        place = address(first)
        assert address(empty(SHAPE, np.float64)) != place
        del first
        assert address(empty(SHAPE, np.float64)) == place
        assert address(empty(SHAPE, np.float32)) != place
        assert address(empty(SHAPE[::-1], np.float64)) != place


def test_a_view_keeps_its_array():
    with reusing():
        view = empty(SHAPE, np.float64)[3:, 1:].T
        view[:] = 7
        empty(SHAPE, np.float64)[:] = 8
        assert (view == 7).all()


def test_nothing_is_kept_outside_nor_for_other_threads():
    with reusing():
        mine = empty(SHAPE, np.float64)
        place = address(mine)
        del mine
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: address(empty(SHAPE, np.float64))).result() != place
        with reusing():
            assert address(empty(SHAPE, np.float64)) != place
        assert address(empty(SHAPE, np.float64)) == place
    array = empty(SHAPE, np.float64)
    array[:] = 7
    with reusing():
        empty(SHAPE, np.float64)[:] = 8
    assert (array == 7).all()


def test_small_arrays_are_new():
    with reusing():
        small = [empty((3, 2), np.float64) for _ in range(3)]
        assert len({address(array) for array in small}) == 3
