"""One process that fits one set with one method: limits come in, measurements go out as JSON, a line each.

    echo 100 | python benchmarks/worker.py iris "scikit-learn lbfgs" 1.0 [DIR]

A warm-up on another set comes first, so that a lazy import or a pool of threads costs nobody anything; for
one on the set itself fits.py asks.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from methods import METHODS, Method
from sets import prepared

from objective import objective

PAUSE = 0.1
"""Seconds before a fit: BLAS's threads, after the objective of the last one, keep the cores busy a while."""


def main(name: str, method_name: str, C: str, directory: str = "") -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes elsewhere
    method = METHODS[method_name]
    X, y = prepared(name, Path(directory) if directory else None)
    method.fit(*prepared("breast_cancer", None), 1.0, method.rungs[0])
    ctypes.CDLL(None).malloc_trim(0)  # what loading has freed is not held
    held = memory("VmRSS")
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(measured(method, X, y, float(C), float(line), held)), file=answers, flush=True)


def measured(method: Method, X: Any, y: Any, C: float, limit: float, held: int) -> dict[str, Any]:
    """Fit once; return time, memory beyond what was held before all fits, and the objective reached."""
    time.sleep(PAUSE)
    restart_peak()
    start, others = time.perf_counter(), cpu_of_others()
    try:
        fitted = method.fit(X, y, C, limit)
    except Exception as failure:
        return {"failed": f"{type(failure).__name__}: {failure}"}
    elapsed = time.perf_counter() - start
    seconds = elapsed if fitted.seconds is None else fitted.seconds
    return {
        "limit": limit,
        "seconds": [seconds],
        "disturbed": (cpu_of_others() - others) * seconds / elapsed,
        "peak_mb": (memory("VmHWM") - held) / 1e6 if fitted.seconds is None else None,
        "iterations": fitted.iterations,
        "objective": objective(fitted.coef, fitted.intercept, X, y, C, penalised=method.penalises_intercept),
        **fitted.proof,
    }


def cpu_of_others() -> float:
    """Return the seconds of processor time that all other processes but its children have had, to 0.01."""
    user, nice, system, _, _, *stolen = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9])
    return (user + nice + system + sum(stolen)) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])


def restart_peak() -> None:
    """Forget the peak of memory so far."""
    Path("/proc/self/clear_refs").write_text("5")


def memory(kind: str) -> int:
    """Return an entry of Linux's account of this process, in bytes."""
    account = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in account.splitlines() if line.startswith(kind)).split()[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
