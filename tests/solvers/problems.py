"""Convex problems that a solver may be given, with their optima known."""

from dataclasses import dataclass, field

import numpy as np

from dxent.evaluation import Evaluation
from dxent.operators.elementary import Dense


@dataclass(frozen=True, eq=False)
class Scaling:
    """The inverse of the Hessian's diagonal, at a price."""

    diagonal: np.ndarray
    cost: float = 3.0

    def apply(self, vector):
        return vector / self.diagonal


@dataclass(frozen=True, eq=False)
class Ray:
    """The ray x + t d; slopes are not visits."""

    problem: object
    point: np.ndarray
    direction: np.ndarray

    def slope(self, step):
        return float(self.problem.gradient(self.point + step * self.direction) @ self.direction)

    def evaluate(self, step):
        return self.problem.evaluate(self.point + step * self.direction)


@dataclass(frozen=True, eq=False)
class Quadratic:
    """½ xᵀ A x − bᵀ x; the condition number of A is 1e4."""

    A: np.ndarray
    b: np.ndarray
    visited: list = field(default_factory=list)
    precision: type = np.float64

    @classmethod
    def draw(cls, size=12):
        rng = np.random.default_rng(0)
        Q, _ = np.linalg.qr(rng.normal(size=(size, size)))
        return cls((Q * np.logspace(-2, 2, size)) @ Q.T, rng.normal(size=size))

    @property
    def start(self):
        return np.zeros(len(self.b))

    @property
    def optimum(self):
        return np.linalg.solve(self.A, self.b)

    def evaluate(self, point):
        self.visited.append(point)
        Ax, shape = self.A @ point, point.shape
        value = point @ (Ax / 2 - self.b)
        rounding = 1e-15 * np.abs(point) @ (np.abs(self.A) @ np.abs(point) + np.abs(self.b))
        return Evaluation(point, float(value), Ax - self.b, Dense(self.A, shape, shape), float(rounding))

    def gradient(self, point):
        return self.A @ point - self.b

    def along(self, here, direction):
        return Ray(self, here.point, direction)

    def preconditioner(self, here):
        return Scaling(np.diag(self.A))


@dataclass(frozen=True, eq=False)
class Logistic:
    """Σ log(1 + exp(−m_i·x)) + ½ ‖x‖²/100: far from quadratic at the start, where |m·x| is large."""

    M: np.ndarray
    visited: list = field(default_factory=list)
    precision: type = np.float64

    @classmethod
    def draw(cls, samples=80, size=6):
        rng = np.random.default_rng(1)
        return cls(rng.normal(size=(samples, size)) + 0.3)

    @property
    def start(self):
        return np.full(self.M.shape[1], -20.0)

    @property
    def optimum(self):
        x = np.zeros(self.M.shape[1])
        for _ in range(50):
            here = self.evaluate(x)
            x = x - np.linalg.solve(here.hessian.matrix, here.gradient)
        return x

    def evaluate(self, point):
        self.visited.append(point)
        z = self.M @ point
        p = (1 - np.tanh(z / 2)) / 2
        value = np.logaddexp(0, -z).sum() + point @ point / 200
        hessian = (self.M.T * (p * (1 - p))) @ self.M + np.eye(len(point)) / 100
        gradient, shape = self.gradient(point), point.shape
        return Evaluation(point, float(value), gradient, Dense(hessian, shape, shape), 64e-16 * float(value))

    def gradient(self, point):
        return point / 100 - self.M.T @ ((1 - np.tanh(self.M @ point / 2)) / 2)

    def along(self, here, direction):
        return Ray(self, here.point, direction)

    def preconditioner(self, here):
        return Scaling(np.diag(here.hessian.matrix).copy())
