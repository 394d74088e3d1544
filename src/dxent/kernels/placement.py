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
from threading import local

__all__ = ["keep_to", "other_processors", "staying"]

_getcpu = getattr(ctypes.CDLL(None), "sched_getcpu", None) if hasattr(os, "sched_setaffinity") else None
_thread = local()


@contextmanager
def staying() -> Iterator[None]:
    """Keep this thread on the processor it is on, and its helpers on the others, until the block ends."""
    others = other_processors()
    if not others or hasattr(_thread, "others"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    keep_to(allowed - others)
    _thread.others = others
    try:
        yield
    finally:
        del _thread.others
        keep_to(allowed)


def other_processors() -> set[int]:
    """Return the processors that this thread may run on, but for the one it does; none if that is unknown."""
    if not _getcpu:
        return set()
    return getattr(_thread, "others", None) or os.sched_getaffinity(0) - {_getcpu()}


def keep_to(processors: set[int]) -> None:
    """Let this thread run on some processors only, if there are any and the system allows it."""
    if processors and processors != getattr(_thread, "processors", None):
        with suppress(OSError):  # a sandbox may forbid it, or take processors away meanwhile
            os.sched_setaffinity(0, processors)
        _thread.processors = processors
