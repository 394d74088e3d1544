"""Errors in units of the last place of the exact result."""

from dataclasses import dataclass

import mpmath
import numpy as np
from mpmath import mpf


@dataclass
class Errors:
    """The largest and the mean error of some results, and how many were wrong altogether."""

    largest: float = 0.0
    total: float = 0.0
    count: int = 0
    lost: int = 0
    wrong: int = 0

    def add(self, found, exact, size, dtype):
        """Count a result, with the error in units of the last place of `size`, or of itself."""
        error = ulps(found, exact, dtype, size)
        self.count += 1
        self.wrong += not np.isfinite(found)
        self.lost += bool(size is None and found == 0 and abs(exact) >= np.finfo(dtype).tiny)
        self.largest = max(self.largest, error)
        self.total += error

    def joined(self, other):
        """Return the errors of both."""
        return Errors(
            max(self.largest, other.largest),
            self.total + other.total,
            self.count + other.count,
            self.lost + other.lost,
            self.wrong + other.wrong,
        )

    def keeps(self, allowed):
        """Tell whether no result is lost or wrong, and none is off by more than allowed."""
        return self.lost == self.wrong == 0 and self.largest <= allowed

    @property
    def mean(self):
        return self.total / max(self.count, 1)

    def __str__(self):
        remarks = [f"{n} {what}" for n, what in ((self.lost, "lost"), (self.wrong, "wrong")) if n]
        return " ".join([_short(self.largest), f"({_short(self.mean)})", *remarks])


def ulps(found, exact, dtype, size=None):
    """Return |found − exact| in units of the last place; infinity where it is no number."""
    if not np.isfinite(found):
        return float("inf")
    return float(abs(mpf(float(found)) - exact) / unit(exact if size is None else size, dtype))


def unit(exact, dtype):
    """Return the spacing of the numbers of a dtype at an exact number; never less than the smallest one."""
    info = np.finfo(dtype)
    _, exponent = mpmath.frexp(exact)
    return mpmath.ldexp(mpf(1), max(int(exponent), info.minexp + 1) - info.nmant - 1)


def _short(error):
    return f"{error:.2f}" if error < 100 else f"{error:.1e}"
