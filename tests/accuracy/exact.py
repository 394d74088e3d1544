"""What the functions should return: the same quantities in a few hundred digits, from the inputs as stored.

Differences of logits are exact; 1 − p is the sum of the other classes' terms; a product with diag p − p pᵀ is
p_i Σ_j p_j (v_i − v_j), which does not rest on Σ p = 1. So nothing here cancels, and 120 digits are plenty.
"""

from dataclasses import dataclass, field
from functools import cached_property

import mpmath
from mpmath import mp, mpf

DIGITS_OF_FUNCTIONS, DIGITS_OF_SUMS = 120, 700
"""A difference of two float64 has up to 2100 bits; exp and log need no more digits than their errors show."""


def exactly(function):
    """Make a function of mpmath's numbers add and subtract them exactly."""

    def with_all_digits(*args):
        with mp.workdps(DIGITS_OF_SUMS):
            return function(*args)

    return with_all_digits


@dataclass(frozen=True)
class ExactRow:
    """Softmax and what belongs to it, of one row of logits."""

    logits: tuple
    known: dict = field(default_factory=dict, compare=False)
    """What was computed before: each implementation is compared with the same numbers."""

    @cached_property
    def top(self):
        return max(range(len(self.logits)), key=self.logits.__getitem__)

    @cached_property
    @exactly
    def gaps(self):
        return [mpf(z) - mpf(self.logits[self.top]) for z in self.logits]

    @cached_property
    def terms(self):
        with mp.workdps(DIGITS_OF_FUNCTIONS):
            return [mpmath.exp(gap) for gap in self.gaps]

    @cached_property
    def others(self):
        with mp.workdps(DIGITS_OF_FUNCTIONS):
            return mpmath.fsum(term for j, term in enumerate(self.terms) if j != self.top)

    @cached_property
    def log_total(self):
        with mp.workdps(DIGITS_OF_FUNCTIONS):
            return mpmath.log1p(self.others)

    @cached_property
    def probabilities(self):
        with mp.workdps(DIGITS_OF_FUNCTIONS):
            return [term / (1 + self.others) for term in self.terms]

    def softmax(self, i):
        return self.probabilities[i]

    def complement(self, i):
        with mp.workdps(DIGITS_OF_FUNCTIONS):
            rest = self.others if i == self.top else 1 + self.others - self.terms[i]
            return rest / (1 + self.others)

    def log_softmax(self, i):
        return exactly(lambda: self.gaps[i] - self.log_total)()

    def logsumexp(self):
        return exactly(lambda: mpf(self.logits[self.top]) + self.log_total)()

    def largest_term(self):
        """The larger part of logsumexp = max + log Σ: what its error can be measured by where they cancel."""
        return max(abs(mpf(self.logits[self.top])), self.log_total)

    def gradient(self, i, label):
        return -self.complement(i) if i == label else self.softmax(i)

    def variance(self, i):
        return self.softmax(i) * self.complement(i)

    def product(self, i, v):
        with mp.workdps(DIGITS_OF_FUNCTIONS):
            return self.softmax(i) * mpmath.fsum(self.softmax(j) * d for j, d in self._distances(i, v))

    def size_of_product(self, i, v):
        """The same with every difference counted as positive: what the error of `product` is measured by."""
        with mp.workdps(DIGITS_OF_FUNCTIONS):
            return self.softmax(i) * mpmath.fsum(self.softmax(j) * abs(d) for j, d in self._distances(i, v))

    @staticmethod
    def _distances(i, v):
        return [(j, mpf(float(v[i])) - mpf(float(w))) for j, w in enumerate(v)]


def sigmoid(z):
    return 1 / (1 + mpmath.exp(-z))


def softplus(z):
    return mpmath.log1p(mpmath.exp(z))


def slope(z):
    return sigmoid(z) * sigmoid(-z)


def curvature(z):
    return -slope(z) * mpmath.tanh(z / 2)
