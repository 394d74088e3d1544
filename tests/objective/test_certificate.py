"""The bounds hold, on hundreds of random problems, against optima found in extended precision."""

from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pytest

from dxent.objective.certificate import Certificate, carried
from dxent.objective.duality import duality_bound, duality_estimate
from dxent.objective.self_concordance import decrement_factor, self_concordance_bound
from dxent.solvers.newton import newton
from objective.problems import Truth, centred, draw, raw

STRENGTHS = [0.0, 1e-6, 1e-4, 1e-2, 1.0, 10.0]


@dataclass(frozen=True)
class Trial:
    """A point near the optimum: what is true of it, and what is proved."""

    gap: float
    distance: float
    factor: float
    value: float
    estimate: float
    by_duality: Certificate
    by_concordance: Certificate
    carried: tuple[Certificate, ...]  # from a point nearby

    @property
    def certificates(self):
        return self.by_duality, self.by_concordance


def trial(seed):
    rng = np.random.default_rng(seed)
    strength, intercept = STRENGTHS[seed % 6], bool(seed // 6 % 2)
    data = draw(seed, classes=2 + seed // 12 % 4, features=int(rng.integers(1, 5)))
    truth = Truth(data, strength, intercept)
    optimum = truth.minimise()
    if optimum is None:
        return None
    objective = data.objective(strength, intercept, cuts=(20,) if seed % 3 else ())
    size = 10.0 ** rng.uniform(-8, -1)
    anchor, here = (
        objective.evaluate(centred(objective, optimum) + size * rng.normal(size=objective.size))
        for _ in range(2)
    )
    anchor = anchor if seed % 2 else here
    aside = size * 10.0 ** rng.uniform(-6, 0.5) * rng.normal(size=objective.size)
    near = objective.evaluate(here.point + aside)
    proofs = duality_bound(objective, near), self_concordance_bound(objective, anchor, near)
    W = raw(objective, here.point)
    ratio = np.abs(truth.log_probs(W) - truth.log_probs(optimum)).max()
    return Trial(
        gap=truth.rise(optimum, W),
        distance=float(np.linalg.norm((W - optimum)[:, : data.X.shape[1]].astype(float))),
        factor=float(np.exp(ratio)),
        value=here.value,
        estimate=duality_estimate(objective, here),
        by_duality=duality_bound(objective, here),
        by_concordance=self_concordance_bound(objective, anchor, here),
        carried=tuple(carried(proof, objective, near, here.point) for proof in proofs),
    )


@pytest.fixture(scope="module")
def trials():
    found = [trial(seed) for seed in range(336)]
    return [t for t in found if t is not None]


def test_enough_problems_have_an_optimum(trials):
    assert len(trials) >= 300


def test_no_gap_exceeds_its_bound(trials):
    assert all(t.gap <= c.gap_bound for t in trials for c in t.certificates + t.carried)
    assert all(c.relative_gap == c.gap_bound / t.value for t in trials for c in t.certificates)


def test_no_coefficients_are_farther_than_their_bound(trials):
    assert all(t.distance <= c.coef_distance_bound for t in trials for c in t.certificates + t.carried)


def test_no_probability_is_off_by_more_than_its_factor(trials):
    assert all(t.factor <= c.prob_factor_bound for t in trials for c in t.certificates + t.carried)


def test_a_proof_that_is_carried_a_short_way_proves_about_as_much(trials):
    pairs = [pair for t in trials for pair in zip(t.certificates, t.carried, strict=True)]
    proved = [(here, far) for here, far in pairs if here.gap_bound < np.inf]
    assert np.mean([far.gap_bound < 2 * here.gap_bound for here, far in proved]) > 0.5
    assert np.mean([far.gap_bound < np.inf for _, far in proved]) > 0.95


def test_what_two_bounds_prove_together_holds(trials):
    for t in trials:
        both = t.by_duality.meet(t.by_concordance)
        assert t.gap <= both.gap_bound == min(c.gap_bound for c in t.certificates)
        assert t.distance <= both.coef_distance_bound
        assert t.factor <= both.prob_factor_bound


def test_self_concordance_is_sharp_where_the_decrement_is_small(trials):
    near = [t for t in trials if t.by_concordance.prob_factor_bound < 1.1]
    ratios = [t.by_concordance.gap_bound / t.gap for t in near if t.gap > 1e-13 * t.value]
    assert len(near) > 150
    assert np.median(ratios) < 1.5


def test_self_concordance_is_refused_far_away_only(trials):
    refused = [t for t in trials if t.by_concordance.method == "none"]
    assert all(t.gap > 1e-6 * t.value for t in refused)
    assert len(refused) < len(trials) / 3


def test_duality_is_sharp_where_the_penalty_is_strong(trials):
    ratios = [
        t.by_duality.gap_bound / t.gap
        for t in trials
        if t.by_duality.relative_gap < 1e-2 and t.gap > 1e-12 * t.value
    ]
    assert len(ratios) > 50
    assert np.median(ratios) < 5


def test_duality_needs_a_penalty():
    objective = draw(0).objective(0.0, True)
    assert duality_bound(objective, objective.evaluate(objective.start())) == Certificate.none()


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("move", [1e-4, 1e-2, 1.0])
def test_a_wrong_intercept_is_seen_by_duality_but_not_by_the_gradient_of_the_coefficients(classes, move):
    """‖G‖²/2λ is no bound while the intercept's gradient is not zero."""
    data, strength = draw(classes, classes=classes), 1.0
    truth = Truth(data, strength, True)
    optimum = truth.minimise()
    objective = data.objective(strength, True)
    theta = centred(objective, optimum).reshape(objective.coordinates.shape)
    # the coefficients that are best for the wrong intercept: G = 0 there, to rounding
    theta[:, -1] += move * np.linspace(1, -1, len(theta)) if len(theta) > 1 else move
    for _ in range(60):
        here = objective.evaluate(theta.ravel())
        H = here.hessian.to_dense().reshape(*theta.shape, *theta.shape)[:, :-1, :, :-1]
        slopes = here.gradient.reshape(theta.shape)[:, :-1]
        theta[:, :-1] -= np.linalg.solve(H.reshape(slopes.size, slopes.size), slopes.ravel()).reshape(
            slopes.shape
        )
    here = objective.evaluate(theta.ravel())
    gap = truth.rise(optimum, raw(objective, here.point))
    G = here.gradient.reshape(theta.shape)[:, :-1] * objective.coordinates.scale
    assert np.sum(G**2) / (2 * strength) < gap / 10
    assert duality_bound(objective, here).gap_bound >= gap


def test_a_bound_by_duality_is_about_what_the_gradient_says(trials):
    ratios = [t.by_duality.gap_bound / t.estimate for t in trials if t.by_duality.relative_gap < 1e-2]
    assert len(ratios) > 50
    low, high = np.quantile(ratios, [0.1, 0.9])
    assert 1 / 3 < low <= high < 3


def test_confident_rows_round_no_more_than_their_loss_says():
    """‖p − y‖² ≤ ℓ: so the root of the objective bounds the residuals' root mean square."""
    losses = np.geomspace(1e-12, 700, 4000)
    assert (2 * np.expm1(-losses) ** 2 <= losses).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_separated_classes_are_never_certified(classes):
    """Without a penalty there is no optimum: at no point of the way to infinity may one be proved."""
    data = draw(8, classes=classes)
    data.X[:, 0] = data.labels * 10.0
    objective = data.objective(0.0, True)
    point, values = objective.start(), []
    for _ in range(12):
        here = objective.evaluate(point)
        values.append(here.value)
        assert self_concordance_bound(objective, here, here) == Certificate.none()
        point = point - here.hessian.factor.solve(here.gradient)
    assert values[-1] < 1e-4


def test_rounding_is_part_of_the_bound():
    """At the optimum the computed gradient says nothing any more; the bound stays above what it hides."""
    data = draw(5)
    objective = data.objective(1e-6, True)
    here = objective.evaluate(centred(objective, Truth(data, 1e-6, True).minimise()))
    bound = self_concordance_bound(objective, here, here)
    assert 0 < bound.relative_gap < 1e-20


@pytest.mark.parametrize("rho", [1e-12, 1e-6, 0.01, 0.0999, 0.1, 0.5, 0.99])
def test_the_factor_of_the_decrement_against_its_series(rho):
    k = np.arange(2.0, 4000)
    series = float(np.sum(np.longdouble(rho) ** (k - 2) / (k * (k - 1))))
    assert series * (1 - 1e-12) <= decrement_factor(rho) <= series * (1 + 2e-3 if rho < 0.1 else 1 + 1e-12)


def test_the_dual_point_has_the_observed_totals_where_probabilities_underflow():
    """Logits beyond 745 make p exactly 0 there; the bound by duality does not need them."""
    data = draw(5, samples=60, features=4, classes=3)
    data = replace(data, X=data.X * np.where(np.arange(60) % 10 == 0, 1e5, 1.0)[:, None])
    objective = data.objective(1e-4, True)
    for here in newton(objective, objective.evaluate(objective.start())):
        last = here
    assert (last.hessian.probs[0] == 0).any()
    assert duality_bound(objective, last).relative_gap < 1e-3  # the rest is the rounding of such columns


def test_rounding_in_the_class_totals_of_many_rows_voids_no_proof():
    """The shares of the classes sum to one only up to the rounding of their sums, and so do P's totals."""
    data = draw(1, samples=60_000, features=2, classes=3)
    objective = replace(data, sample_weight=np.ones(60_000)).objective(1e-3, True)
    *_, last = islice(newton(objective, objective.evaluate(objective.start())), 8)
    assert duality_bound(objective, last).relative_gap < 1e-12
