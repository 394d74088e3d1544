"""Where and on what a benchmark ran."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from methods import version

__all__ = ["about", "processor"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "scikit-learn-intelex", "cyanure", "torch", "glmnet", "dxent")
ROOT = Path(__file__).resolve().parents[1]


def about() -> dict[str, Any]:
    """Return the machine, the versions, the commit and the date."""
    return {
        "machine": processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": {package: version(package) for package in PACKAGES if version(package)},
        "commit": git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--short", "src") else ""),
        "date": datetime.date.today().isoformat(),
    }


def processor() -> str:
    """Return the processor's name and how many cores this process may use."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {len(os.sched_getaffinity(0))} cores"


def git(*words: str) -> str:
    """Return what git says, or nothing outside of a checkout."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()
