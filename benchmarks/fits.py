"""How long does each method take to come how near to the optimum? Every set, every C, every installed method.

    python benchmarks/fits.py --data DIR [--sets mnist letter] [--C 0.01 1 100] [--methods dxent cyanure]

A method climbs a ladder of limits, a whole fit each (methods.py), in a process of its own, until it is within
1e-9 of the best objective known, or no longer improves, or the next fit would take more than --cap seconds:
then the last rung is the limit that just fits. The first fit of a process takes two or three times as long as
the next, so one at the first rung comes before those that count; if it takes over three seconds, it counts,
and nothing is warmed up. Repeats are interleaved, all methods once and then again; fits of more than
--once-above seconds are not repeated. --launch puts a command before each process, such as "taskset -c 0".
Results go to --results after each climb; climbs of peers that are there already, on the same machine with the
same version, are kept unless --fresh, or unless other processes had more than --company cores: threads that
wait for each other suffer from that out of proportion. page.py makes the page.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import about, processor
from methods import METHODS, Method, version
from sets import BUNDLED, FILES, MADE, facts
from summary import disturbance, read, reference

RESULTS = Path(__file__).parent / "results" / "fits.json"
SMALL, ENOUGH, HELD, QUICK = ("iris", "digits"), 1e-9, 60.0, 3.0
Run = dict[str, Any]


@dataclass
class Worker:
    """Fits of one set with one method, in one process for as long as that holds the machine for a minute."""

    command: list[str]
    first: float
    quick: bool = True
    process: subprocess.Popen[str] | None = None
    since: float = 0.0

    def fit(self, limit: float, patience: float) -> Run:
        """Ask for a fit, a new process for one at the first rung before; that counts only if it is slow."""
        if self.quick and not self.process:
            run = self._ask(self.first, patience)
            self.quick = run.get("seconds", [math.inf])[0] < QUICK
            if limit == self.first and not self.quick:
                return run
        return self._ask(limit, patience)

    def close(self) -> None:
        """Let the process end."""
        if self.process:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process.wait()
        self.process = None

    def _ask(self, limit: float, patience: float) -> Run:
        """Have one fit made; a process that does not answer in time is killed."""
        process = self.process or self._start()
        # with all that it was launched by
        watch = threading.Timer(patience, os.killpg, (process.pid, signal.SIGKILL))
        with contextlib.suppress(BrokenPipeError):
            print(limit, file=process.stdin, flush=True)
        watch.start()
        answer = process.stdout.readline()
        in_time = watch.is_alive()
        watch.cancel()
        if not answer or time.monotonic() - self.since > HELD:
            self.close()
        if not answer:
            return {"failed": "the process died" if in_time else "killed beyond the cap"}
        return json.loads(answer)

    def _start(self) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            self.command,
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.process.stdout.readline()  # ready: the data are loaded
        self.since = time.monotonic()
        return self.process


def climb(worker: Worker, method: Method, target: float, cap: float) -> tuple[list[Run], str]:
    """Return the fits, one a rung, and why there are no more."""
    runs: list[Run] = []
    for rung in method.rungs:
        limit = rung
        if runs and not method.proves:
            limit = min(rung, math.floor(runs[-1]["limit"] * cap / runs[-1]["seconds"][0]))
            if limit < 1.2 * runs[-1]["limit"]:
                return runs, "capped"
        run = worker.fit(limit, 1.5 * cap)
        if "failed" in run:
            return runs, run["failed"]
        runs.append(run)
        if method.proves:
            continue
        if run["objective"] <= target:
            return runs, "reached"
        if run["iterations"] < limit or (
            len(runs) > 1 and run["objective"] > runs[-2]["objective"] * (1 - 1e-12)
        ):
            return runs, "stalled"
    return runs, "ladder ended"


def measure(problem: tuple[str, float], names: list[str], options: Any, book: Book) -> None:
    """Climb with every method, then repeat the short fits, all methods by turns."""
    name, C = problem
    workers: dict[str, Worker] = {}
    book.sets[name] = facts(name, options.data)
    for method_name in names:
        method = METHODS[method_name]
        if refusal := method.refuses(book.sets[name]):
            print(f"{name:12} C={C:<6g} {method_name:30} {refusal}")
        elif options.fresh or method.proves or not book.has(problem, method_name, options):
            worker = Worker([
                *shlex.split(options.launch), sys.executable, str(Path(__file__).with_name("worker.py")),
                name, method_name, str(C), str(options.data or ""),
            ], method.rungs[0])  # fmt: skip
            target = book.best(problem, method.penalises_intercept) * (1 + ENOUGH)
            runs, end = climb(worker, method, target, options.cap)
            worker.close()
            book.enter(problem, method_name, runs, end=end, cap=options.cap, warmed=worker.quick)
            workers[method_name] = worker
    for _, (method_name, worker) in itertools.product(range(1, options.repeats), workers.items()):
        for run in book.curves[(*problem, method_name)]["runs"]:
            if run["seconds"][0] <= options.once_above:
                again = worker.fit(run["limit"], 1.5 * options.cap)
                run["seconds"] += again.get("seconds", [])
        worker.close()
    book.write()


class Book:
    """The results so far, by set, C and method, in their file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        given = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"sets": {}, "curves": []}
        self.sets: dict[str, dict[str, Any]] = given["sets"]
        self.curves = {(curve["set"], curve["C"], curve["method"]): curve for curve in given["curves"]}

    def has(self, problem: tuple[str, float], method: str, options: Any) -> bool:
        """Tell whether a climb was made here, with this version, high enough, warmed up and undisturbed."""
        curve = self.curves.get((*problem, method), {"runs": []})
        here = (processor(), version(METHODS[method].package))
        return (
            bool(curve["runs"])
            and "warmed" in curve
            and (curve["machine"], curve["version"]) == here
            and (curve["end"] in ("reached", "stalled") or curve["cap"] >= options.cap)
            and disturbance(curve) <= options.company
        )

    def best(self, problem: tuple[str, float], penalised: bool) -> float:
        """Return the lowest objective known, or −∞."""
        curves = [
            curve for curve in self.curves.values()
            if (curve["set"], curve["C"]) == problem and curve["penalised"] == penalised
        ]  # fmt: skip
        return reference(curves).upper if any(curve["runs"] for curve in curves) else -math.inf

    def enter(self, problem: tuple[str, float], method: str, runs: list[Run], **how: Any) -> None:
        """Keep a climb, and say so."""
        (name, C), made = problem, METHODS[method]
        self.curves[name, C, method] = {
            "set": name, "C": C, "method": method, "penalised": made.penalises_intercept,
            "version": about()["commit"] if made.proves else version(made.package), "machine": processor(),
            **how, "runs": runs,
        }  # fmt: skip
        self.write()
        last = f"{runs[-1]['seconds'][0]:9.3f} s {runs[-1]['objective']:.14f}" if runs else f"{'–':>28}"
        others = disturbance(self.curves[name, C, method]) if runs else 0.0
        said = f"{how['end']}; others had {others:.2f} cores"
        print(f"{name:12} C={C:<6g} {method:30} {last} {said}", flush=True)

    def write(self) -> None:
        """Write the file, whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        spare = self.path.with_suffix(".part")
        head = f'"about": {json.dumps(about())},\n"sets": {json.dumps(self.sets)}'
        lines = ",\n".join(json.dumps(curve, ensure_ascii=False) for curve in self.curves.values())
        spare.write_text(f'{{{head},\n"curves": [\n{lines}\n]}}\n', encoding="utf-8")
        spare.replace(self.path)


def main() -> None:
    """Measure every problem that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="directory of the sets that scikit-learn does not bring")
    parser.add_argument("--sets", nargs="+", choices=[*BUNDLED, *FILES, *MADE])
    parser.add_argument("--C", nargs="+", type=float, default=[1.0, 0.01, 100.0])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--once-above", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--cap", type=float, default=120.0, metavar="SECONDS")
    parser.add_argument("--company", type=float, default=0.1, metavar="CORES")
    parser.add_argument("--launch", default="", metavar="COMMAND")
    parser.add_argument("--fresh", action="store_true", help="climb again where the results have it")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.data and not options.data.is_dir():
        parser.error(
            f"there is no directory {str(options.data)!r}: give --data one with the sets, or leave it out"
        )
    book = Book(options.results)
    installed = {name: bool(version(METHODS[name].package)) for name in options.methods}
    for name in [name for name in installed if not installed[name]]:
        print(f"{name}: not measured, for {METHODS[name].package} is not installed")
    names = [name for name in METHODS if installed.get(name)]
    sets = options.sets or [*SMALL, *(FILES if options.data else []), *MADE]
    for C, name in itertools.product(options.C, sets):
        measure((name, C), names, options, book)
    broken = [sentence for problem in read(options.results)[1] for sentence in problem.broken_proofs()]
    if broken:
        sys.exit("\n".join(["PROOFS THAT DO NOT HOLD:", *broken]))


if __name__ == "__main__":
    main()
