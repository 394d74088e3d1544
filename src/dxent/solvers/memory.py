"""What L-BFGS remembers, and the inverse Hessian that it makes of that, by products of whole matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike
from scipy.linalg.lapack import dtrtrs

from dxent.evaluation import Floats
from dxent.operators.vectors import add_combination, products

__all__ = ["Memory"]

STEPS = 20


class Memory:
    """The last steps s, and M⁻¹ y for the changes y of the gradient along them and the preconditioner M.

    The estimate of the inverse Hessian that L-BFGS builds up from γ M⁻¹ is, written as one product,

        H = γ M⁻¹ + [S, γ M⁻¹Y] [R⁻ᵀ (D + γ YᵀM⁻¹Y) R⁻¹, −R⁻ᵀ; −R⁻¹, 0] [S, γ M⁻¹Y]ᵀ

    where S and Y have the steps and changes as columns, oldest first, R is the upper triangle of SᵀY, D its
    diagonal, and γ = sᵀy / yᵀM⁻¹y for the newest.

    See: Byrd, Nocedal & Schnabel, Math. Program. 63 (1994), equation 3.1.
    """

    def __init__(self, size: int, precision: DTypeLike) -> None:
        self._steps, self._images = np.empty((2, STEPS, size), precision)
        self._SY, self._YMY = np.zeros((2, STEPS, STEPS))
        self._age: list[int] = []  # the rows in use, oldest first

    def __len__(self) -> int:
        return len(self._age)

    def clear(self) -> None:
        """Forget everything."""
        self._age.clear()

    def add(self, step: Floats, change: Floats, image: Floats) -> None:
        """Remember a step, its change, and M⁻¹ times that, instead of the oldest if there is no room."""
        row = self._age.pop(0) if len(self._age) == STEPS else len(self._age)
        self._age.append(row)
        used = len(self._age)
        self._steps[row], self._images[row] = step, image
        self._SY[:used, row] = products(self._steps[:used], change)
        self._YMY[:used, row] = self._YMY[row, :used] = products(self._images[:used], change)

    def apply(self, gradient: Floats, image: Floats) -> Floats:
        """Return H g, for a gradient g and M⁻¹ g."""
        if not self._age:
            return image
        age, used = np.array(self._age), len(self._age)
        R, YMY = np.triu(self._SY[np.ix_(age, age)]), self._YMY[np.ix_(age, age)]
        scale = R[-1, -1] / YMY[-1, -1]
        in_steps = products(self._steps[:used], gradient)[age]
        in_images = scale * products(self._images[:used], gradient)[age]
        u, _ = dtrtrs(R, in_steps)
        p, _ = dtrtrs(R, np.diagonal(R) * u + scale * (YMY @ u) - in_images, trans=1)
        result: Floats = scale * image
        by_row = np.empty((2, used), self._steps.dtype)
        by_row[:, age] = p, scale * u
        add_combination(result, by_row[0], self._steps[:used])
        add_combination(result, -by_row[1], self._images[:used])
        return result
