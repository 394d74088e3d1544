"""Threads change nothing but the time: the same bits for any number, their limits, and forks."""

import os
import threading
import warnings

import numpy as np
import pytest
import scipy.sparse
from threadpoolctl import threadpool_limits

from dxent.kernels import choice, dispatch, moments, threads, tiles
from dxent.kernels.placement import (
    forget_helpers,
    keep_helpers_to,
    keep_to,
    move,
    other_processors,
    staying,
)

on_linux = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="moves threads on Linux only")


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("outputs", [1, 3, 120])
def test_the_same_bits_for_any_number_of_threads(make_problem, monkeypatch, outputs, wide, kind):
    monkeypatch.setattr(tiles, "ENTRIES_A_TILE", 256)
    monkeypatch.setattr(tiles, "WORK_A_TILE", 1024)
    monkeypatch.setattr(tiles, "GRAM_ROWS_A_TILE", 32)
    monkeypatch.setattr(choice, "is_wide", lambda X, outputs: wide and outputs > 1)
    monkeypatch.setattr("dxent.kernels.wide.COLUMNS_A_TILE", 2)
    monkeypatch.setattr(tiles, "NARROW", 0 if wide else 1000)
    monkeypatch.setattr(tiles, "FEW_PRODUCTS", 0)
    problem = make_problem(400, 7, outputs)
    problem.X[problem.X < 1.5] = 0

    _, centre, weights, labels, s = problem.arguments
    X = dispatch.prepare(kind(problem.X))
    assert isinstance(X, np.ndarray) == (kind is not scipy.sparse.csr_array)

    def results():
        loss, gradient, probs = dispatch.loss_pass(X, centre, weights, labels, s)
        return [
            np.array(loss),
            gradient,
            probs,
            dispatch.hessian_pass(X, centre, probs, s, problem.direction),
            dispatch.softmax_gram(X, centre, probs, s, True),
            *map(np.asarray, moments.column_moments(X, s)),
        ]

    with threads.single_threaded_blas():
        seen = []
        for count in (1, 2, 4):
            monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
            seen.append([array.tobytes() for array in results()])
    assert seen[0] == seen[1] == seen[2]


def test_results_come_in_order(monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: 4)
    assert list(threads.in_order(lambda i: i * i, range(50))) == [i * i for i in range(50)]
    assert threads.sum_in_order(lambda i: (i, np.ones(2)), range(10))[0] == 45


def test_few_results_wait(monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: 4)
    made = []
    for taken, _ in enumerate(threads.in_order(made.append, range(100))):
        assert len(made) - taken <= threads.MOST_AT_ONCE
    for _ in threads.in_order(made.append, range(100)):
        break
    assert len(made) <= 100 + threads.MOST_AT_ONCE


@pytest.mark.parametrize("count", [1, 4])
def test_everything_is_done_once(monkeypatch, count):
    monkeypatch.setattr(threads, "thread_count", lambda: count)
    done = []
    threads.do_all(done.append, range(1000))
    assert sorted(done) == list(range(1000))


@on_linux
def test_a_helper_keeps_off_the_processor_of_the_thread_it_helps(monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: 2)
    monkeypatch.setattr(threads, "other_processors", lambda: {max(os.sched_getaffinity(0))})
    mine, both = os.sched_getaffinity(0), threading.Barrier(2)
    seen = {}

    def look(_):
        both.wait(timeout=30)  # each thread gets one item
        seen[threading.get_ident()] = os.sched_getaffinity(0)

    threads.do_all(look, range(2))
    assert seen.pop(threading.get_ident()) == mine
    assert list(seen.values()) == [{max(mine)}]


def test_the_processors_of_others_are_all_but_one():
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()
    others = other_processors()
    assert others <= allowed
    assert len(others) == max(len(allowed) - 1, 0)


@on_linux
def test_a_thread_stays_until_the_block_ends_and_is_free_after():
    allowed = os.sched_getaffinity(0)
    with staying(), staying():
        here, others = os.sched_getaffinity(0), other_processors()
        assert here | others == allowed
        assert not here & others
        assert len(here) == 1
    assert os.sched_getaffinity(0) == allowed
    with pytest.raises(KeyboardInterrupt), staying():
        raise KeyboardInterrupt
    assert os.sched_getaffinity(0) == allowed


@on_linux
@pytest.mark.parametrize("count", [1, 2])
def test_a_thread_without_helpers_goes_where_it_likes(monkeypatch, count):
    monkeypatch.setattr(threads, "thread_count", lambda: count)
    allowed = os.sched_getaffinity(0)
    with threads.settled():
        assert len(os.sched_getaffinity(0)) == (1 if count > 1 else len(allowed))


@on_linux
def test_helpers_are_moved_before_they_wake():
    allowed = sorted(os.sched_getaffinity(0))
    moved, done = threading.Event(), threading.Event()
    seen = []

    def help_out():
        keep_to({allowed[0]})
        moved.set()
        done.wait(timeout=30)
        seen.append(os.sched_getaffinity(0))

    helper = threading.Thread(target=help_out)
    helper.start()
    moved.wait(timeout=30)
    keep_helpers_to({allowed[-1]})
    done.set()
    helper.join()
    assert seen == [{allowed[-1]}]
    keep_helpers_to(set(allowed))  # that one is gone: no error
    assert os.sched_getaffinity(0) == set(allowed)
    forget_helpers()


@on_linux
def test_a_system_that_does_not_let_threads_be_moved_is_no_error():
    before = os.sched_getaffinity(0)
    move(0, {10**5})  # there is no such processor
    assert os.sched_getaffinity(0) == before


def test_an_error_in_a_thread_is_raised(monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        list(threads.in_order(lambda i: 1 // (3 - i), range(10)))
    for culprit in (0, 500, 999):
        with pytest.raises(ZeroDivisionError):
            threads.do_all(lambda i, culprit=culprit: 1 // (culprit - i), range(1000))


@pytest.mark.parametrize(("value", "wanted"), [("3", 3), ("2,1", 2), (" 5 ", 5)])
def test_the_environment_sets_the_number(monkeypatch, value, wanted):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads.processors() == wanted


@pytest.mark.parametrize("value", ["", "0", "many"])
def test_a_senseless_environment_is_ignored(monkeypatch, value):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    unset = threads.processors()
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads.processors() == unset


def test_a_limit_on_blas_is_ours_too():
    with threadpool_limits(1, user_api="blas"):
        assert threads.thread_count() == 1
        with threads.single_threaded_blas():
            assert threads.thread_count() == 1


def test_holding_blas_leaves_our_threads_as_they_were():
    before = threads.thread_count()
    with threads.single_threaded_blas():
        assert threads.thread_count() == before
        assert all(library.num_threads == 1 for library in threads.blas_libraries().lib_controllers)
    assert threads.thread_count() == before


def test_overlapping_holds_end_with_the_last():
    before = threads.thread_count()
    first, second = threads.single_threaded_blas(), threads.single_threaded_blas()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert all(library.num_threads == 1 for library in threads.blas_libraries().lib_controllers)
    assert threads.thread_count() == before
    second.__exit__(None, None, None)
    assert threads.thread_count() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_starts_threads_of_its_own(monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: 2)
    assert sum(threads.in_order(abs, range(10))) == 45  # the pool exists
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tested
        child = os.fork()
    if child == 0:
        os._exit(0 if sum(threads.in_order(abs, range(10))) == 45 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
