"""One process that fits one set with one method: limits come in, measurements go out as JSON, a line each.

    echo 100 | python benchmarks/worker.py iris "scikit-learn lbfgs" 1.0 [DIR]

A warm-up on another set comes first, so that a lazy import or a pool of threads costs nobody anything.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from methods import METHODS, Method
from sets import prepared

from objective import objective


def main(name: str, method_name: str, C: str, directory: str = "") -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes elsewhere
    method = METHODS[method_name]
    X, y = prepared(name, Path(directory) if directory else None)
    method.fit(*prepared("breast_cancer", None), 1.0, method.rungs[0])
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(measured(method, X, y, float(C), float(line))), file=answers, flush=True)


def measured(method: Method, X: Any, y: Any, C: float, limit: float) -> dict[str, Any]:
    """Fit once; return time, memory beyond what was held before, and the objective reached."""
    held = restart_peak()
    start, others = time.perf_counter(), cpu_of_others()
    try:
        fitted = method.fit(X, y, C, limit)
    except Exception as failure:
        return {"failed": f"{type(failure).__name__}: {failure}"}
    seconds = time.perf_counter() - start
    return {
        "limit": limit,
        "seconds": [seconds],
        "disturbed": cpu_of_others() - others,
        "peak_mb": (memory("VmHWM") - held) / 1e6,
        "iterations": fitted.iterations,
        "objective": objective(fitted.coef, fitted.intercept, X, y, C, penalised=method.penalises_intercept),
        **fitted.proof,
    }


def cpu_of_others() -> float:
    """Return the seconds of processor time that all other processes have had, to a hundredth."""
    user, nice, system, _, _, *stolen = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9])
    return (user + nice + system + sum(stolen)) / os.sysconf("SC_CLK_TCK") - time.process_time()


def restart_peak() -> int:
    """Forget the peak of memory so far; return what is held now."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(kind: str) -> int:
    """Return an entry of Linux's account of this process, in bytes."""
    account = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in account.splitlines() if line.startswith(kind)).split()[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
