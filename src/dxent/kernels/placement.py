"""Where threads run: a helper is kept off the processor of the thread that it is to help.

After a pause Linux may wake a thread on the processor of the one that wakes it, though another is idle, and
moves it only after many milliseconds: short fits would use one processor of two. Each of two threads wakes
the other, one with work, one when it lets go of the interpreter. Elsewhere than on Linux nothing is known,
and nothing done.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import get_native_id, local

__all__ = ["forget_helpers", "keep_helpers_to", "keep_to", "other_processors", "staying"]

_getcpu = getattr(ctypes.CDLL(None), "sched_getcpu", None) if hasattr(os, "sched_setaffinity") else None
_thread = local()
_kept: dict[int, set[int]] = {}  # where each thread that has helped may run


@contextmanager
def staying() -> Iterator[None]:
    """Keep this thread on the processor it is on, and its helpers on the others, until the block ends."""
    others = other_processors()
    if not others or hasattr(_thread, "others"):
        yield
        return
    allowed, _thread.others = os.sched_getaffinity(0), others
    try:
        move(0, allowed - others)
        yield
    finally:
        del _thread.others
        move(0, allowed)


def other_processors() -> set[int]:
    """Return the processors that this thread may run on, but for the one it does; none if that is unknown."""
    if not _getcpu:
        return set()
    return getattr(_thread, "others", None) or os.sched_getaffinity(0) - {_getcpu()}


def keep_helpers_to(processors: set[int]) -> None:
    """Let every thread that has helped run on some processors only, if there are any.

    Before it is woken up: it would wake where it was last, and that may be where the caller now is busy.
    """
    for helper in list(_kept):
        keep_to(processors, helper)


def keep_to(processors: set[int], helper: int = 0) -> None:
    """Let a helper, or this thread, which then is one, run on some processors only, if there are any."""
    helper = helper or get_native_id()
    if processors and _kept.get(helper) != processors:
        move(helper, processors)
        _kept[helper] = processors


def move(thread: int, processors: set[int]) -> None:
    """Let a thread, or this one for 0, run on some processors only, if the system allows it."""
    with suppress(OSError):  # a sandbox may forbid it, or take processors away meanwhile
        os.sched_setaffinity(thread, processors)


def forget_helpers() -> None:
    """In a process that was forked: its parent's helpers are not here."""
    _kept.clear()
