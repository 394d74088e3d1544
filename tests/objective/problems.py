"""Small random problems, and what is true of them, from the formulas alone in extended precision.

Weights are (outputs, features [+ 1]) as in the kernels: one output stands for the logits (0, z) of two
classes. Nothing here uses the package's own arithmetic.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from dxent.data.blocks import Block, Rows
from dxent.objective.objective import Objective
from dxent.objective.scaling import coordinates, moments

Extended = np.longdouble


@dataclass(frozen=True, eq=False)
class Data:
    X: np.ndarray
    labels: np.ndarray
    sample_weight: np.ndarray
    classes: int

    def rows(self, cuts=()):
        """The same rows in consecutive blocks that start at the cuts."""
        shares = self.sample_weight / self.sample_weight.sum()
        edges = (0, *cuts, len(self.labels))
        blocks = tuple(Block(self.X[a:b], self.labels[a:b], shares[a:b]) for a, b in pairwise(edges))
        return Rows(blocks, self.classes, float(self.sample_weight.sum()))

    def objective(self, strength, intercept, cuts=()):
        rows = self.rows(cuts)
        columns = moments(rows)
        return Objective.of(rows, coordinates(rows, columns, strength, intercept), columns, strength)


def draw(seed, samples=60, features=3, classes=3, noise=1.0):
    """Rows of a softmax model, each class present; the smaller the noise, the nearer to separation."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(samples, features)) * np.exp(rng.normal(size=features)) + rng.normal(size=features)
    logits = (X @ rng.normal(size=(features, classes))) / noise + rng.gumbel(size=(samples, classes))
    labels = logits.argmax(axis=1)
    labels[:classes] = np.arange(classes)
    return Data(X, labels.astype(np.int64), rng.exponential(size=samples) + 0.01, classes)


@dataclass(frozen=True, eq=False)
class Truth:
    """F(W) = Σ s ℓ + (λ/2) ‖coefficients‖² of one data set, by the textbook."""

    data: Data
    strength: float
    intercept: bool

    @cached_property
    def columns(self):
        X = self.data.X.astype(Extended)
        return np.column_stack([X, np.ones(len(X))]) if self.intercept else X

    @cached_property
    def shares(self):
        weight = self.data.sample_weight.astype(Extended)
        return weight / weight.sum()

    @cached_property
    def expand(self):
        """The map from outputs to the classes' logits."""
        return np.array([[0.0], [1.0]]) if self.data.classes == 2 else np.eye(self.data.classes)

    @cached_property
    def strengths(self):
        features = self.data.X.shape[1]
        return np.append(np.full(features, self.strength), np.zeros(self.columns.shape[1] - features))

    def logits(self, W):
        return self.columns @ W.T @ self.expand.T

    def log_probs(self, W):
        Z = self.logits(W)
        gaps = Z - Z.max(axis=1, keepdims=True)
        return gaps - np.log(np.exp(gaps).sum(axis=1, keepdims=True))

    def value(self, W):
        own = np.take_along_axis(self.log_probs(W), self.data.labels[:, None], axis=1)[:, 0]
        return -(self.shares @ own) + (self.strengths * W**2).sum() / 2

    def gradient(self, W):
        residuals = np.exp(self.log_probs(W))
        residuals[np.arange(len(residuals)), self.data.labels] -= 1
        return (residuals * self.shares[:, None] @ self.expand).T @ self.columns + self.strengths * W

    def hessian(self, W):
        """In float64, with the direction that is common to all classes filled in."""
        p, columns = np.exp(self.log_probs(W)).astype(float), self.columns.astype(float)
        curvature = np.einsum("ik,kl->ikl", p, np.eye(p.shape[1])) - np.einsum("ik,il->ikl", p, p)
        curvature = np.einsum("ka,ikl,lb->iab", self.expand, curvature, self.expand)
        if self.data.classes > 2:
            curvature += 1.0
        H = np.einsum("i,iab,ij,il->ajbl", self.shares.astype(float), curvature, columns, columns)
        return H.reshape(W.size, W.size) + np.diag(np.tile(self.strengths, len(W)))

    def minimise(self):
        """Newton with gradients in extended precision and steps in float64; None where it does not settle."""
        W = np.zeros((self.expand.shape[1], self.columns.shape[1]), Extended)
        for _ in range(60):
            gradient = self.gradient(W)
            step = np.linalg.solve(self.hessian(W), -gradient.ravel().astype(float)).reshape(W.shape)
            t = Extended(1.0)
            while t > 1e-3 and self.value(W + t * step) > self.value(W) * (1 + Extended(1e-18)):
                t /= 2
            W = W + t * step
            if np.abs(step).max() < 1e-17 * (1 + np.abs(W).max()):
                return W
        return None

    def rise(self, optimum, W):
        """F(W) − F(optimum) to full relative accuracy: no difference of two values of F is formed."""
        move = W - optimum
        change = self.logits(move)
        probs = np.exp(self.log_probs(optimum))
        own = np.take_along_axis(change, self.data.labels[:, None], axis=1)[:, 0]
        loss = self.shares @ (np.log1p((probs * np.expm1(change)).sum(axis=1)) - own)
        return float(loss + (self.strengths * move * (optimum + move / 2)).sum())


def raw(objective, point):
    """The uncentred weights of a flat θ, as W x + b sees them, in extended precision."""
    coords = objective.coordinates
    W = coords.weights(point).astype(Extended)
    if coords.intercept:
        W[:, -1] -= W[:, :-1] @ coords.centre.astype(Extended)
    return W


def centred(objective, W):
    """The flat θ nearest to given uncentred weights."""
    coords, W = objective.coordinates, W.copy()
    if coords.intercept:
        W[:, -1] += W[:, :-1] @ coords.centre.astype(Extended)
    return coords.point(W.astype(float))
