"""How many threads the kernels may use, and the pool they run in."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import cache
from threading import Lock
from typing import Any, TypeVar

from dxent.kernels.placement import (
    forget_helpers,
    keep_helpers_to,
    keep_to,
    other_processors,
    staying,
)

__all__ = [
    "blas_libraries",
    "do_all",
    "in_order",
    "processors",
    "settled",
    "single_threaded_blas",
    "sum_in_order",
    "thread_count",
]

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_AT_ONCE = 16
"""Results that may wait together."""


class _Hold:
    """BLAS held at one thread while anyone asks for it, and how many threads were allowed before.

    Overlapping fits in several threads share one hold: the first takes it, the last gives it back.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self._holders = 0
        self._limiter: Any = None
        self.allowed: int | None = None

    def take(self) -> None:
        with self.lock:
            if self._holders == 0:
                self.allowed = thread_count()
                self._limiter = blas_libraries().limit(limits=1)
            self._holders += 1

    def give_back(self) -> None:
        with self.lock:
            self._holders -= 1
            if self._holders == 0:
                self._limiter.restore_original_limits()
                self.allowed = None


_hold = _Hold()


def thread_count() -> int:
    """Return the number of threads: the processors of this process, within every limit that is in force.

    ``OMP_NUM_THREADS`` overrides the number of processors, and a limit set on BLAS from outside
    (``threadpoolctl``, joblib's workers) holds for these kernels too.
    """
    if _hold.allowed is not None:
        return _hold.allowed
    limits: list[int] = [library.get_num_threads() for library in blas_libraries().lib_controllers]
    return max(1, min([processors(), *limits]))


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Hold BLAS at one thread, so that its sums do not depend on their number; ours stay as they were."""
    _hold.take()
    try:
        yield
    finally:
        _hold.give_back()


@contextmanager
def settled() -> Iterator[None]:
    """Hold BLAS at one thread, and ours to their processors, while many short calls follow each other."""
    with single_threaded_blas(), staying() if thread_count() > 1 else nullcontext():
        yield


def in_order(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield ``work(item)`` for each item, in the items' order, however many threads compute them.

    Few results wait at any time: each may be as large as a gradient.
    """
    for first in range(0, len(items), MOST_AT_ONCE):
        yield from few_in_order(work, items[first : first + MOST_AT_ONCE])


def few_in_order(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield ``work(item)`` for each item in order, and work on others while the next is not there."""
    waiting, results = deque(enumerate(items)), dict[int, Result]()

    def put(numbered: tuple[int, Item]) -> None:
        results[numbered[0]] = work(numbered[1])

    with helpers(put, waiting) as (take, last):
        for number in range(len(items)):
            while number not in results:
                if not take():
                    last()
            yield results.pop(number)


def do_all(work: Callable[[Item], object], items: Iterable[Item]) -> None:
    """Do ``work(item)`` for each item, in any order, in this thread and in others."""
    waiting = deque(items)
    if len(waiting) == 1:
        work(waiting.pop())
        return
    with helpers(work, waiting) as (take, _):
        while take():
            pass


@contextmanager
def helpers(
    work: Callable[[Item], object], waiting: deque[Item]
) -> Iterator[tuple[Callable[[], bool], Callable[[], None]]]:
    """Let other threads work on the items that wait, and give two functions to this one.

    The first works on one, and returns False if there is none left; the second waits until all are done. A
    thread wakes another but once.
    """

    def take() -> bool:
        try:
            item = waiting.popleft()
        except IndexError:
            return False
        work(item)
        return True

    def help_out() -> None:
        keep_to(others)
        while take():
            pass

    def last() -> None:
        for helper in helping:
            if not helper.cancel():  # it has begun
                helper.result()

    threads = min(thread_count(), len(waiting))
    others = other_processors() if threads > 1 else set()
    keep_helpers_to(others)
    helping = [_pool(threads).submit(help_out) for _ in range(threads - 1)]
    try:
        yield take, last
    finally:
        waiting.clear()
        last()


def sum_in_order(work: Callable[[Item], tuple[Any, ...]], items: Sequence[Item]) -> Any:
    """Return the sum of each of the numbers and arrays that ``work(item)`` returns, in the items' order.

    The first item's arrays are summed into.
    """
    if len(items) == 1:
        return work(items[0])
    results = in_order(work, items)
    total = list(next(results))
    for result in results:
        for i, term in enumerate(result):
            total[i] += term
    return total


def processors() -> int:
    """Return ``OMP_NUM_THREADS``, or else the number of processors that this process may run on."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def blas_libraries() -> Any:
    """Return threadpoolctl's controller of the BLAS libraries in this process."""
    # SciPy brings a BLAS of its own, which a search made before its import has not seen.
    return _find_blas(tuple(name for name in ("numpy", "scipy.linalg") if name in sys.modules))


@cache
def _find_blas(imported: tuple[str, ...]) -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="dxent")


def _forget_parent() -> None:
    """Drop the pool, whose threads stayed in the parent, and a lock that one of them may have held."""
    _pool.cache_clear()
    forget_helpers()
    _hold.lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parent)
