"""Every function with a point to test it at: those of `dxent check`, and hard ones."""

import numpy as np

from dxent.functions import (
    Affine,
    BinaryCrossEntropy,
    CrossEntropy,
    Linear,
    LogSoftmax,
    LogSumExp,
    Map,
    SigmoidCrossEntropy,
    Softmax,
    SoftmaxCrossEntropy,
    exp,
    log,
    log_softmax,
    logit,
    logsumexp,
    sigmoid,
    softmax,
    square,
    tanh,
)
from dxent.operators import Dense
from dxent.report.textbook import known_functions

rng = np.random.default_rng(11)
z1, z2, z3 = rng.normal(size=4), rng.normal(size=(3, 4)), rng.normal(size=(2, 3, 4))
wide = np.array([[30.0, 0.0, -5.0, 29.0], [-40.0, 3.0, 2.0, 0.0], [0.5, 0.5, 0.5, 0.5]])
p1 = np.exp(z1 / 3) / np.exp(z1 / 3).sum()
p2 = np.exp(z2 / 3) / np.exp(z2 / 3).sum(axis=1, keepdims=True)
labels, soft = np.array([2, 0, 3]), rng.uniform(size=(3, 4)) * [[1.0], [0.3], [2.0]]
yes = rng.uniform(size=(3, 4))
x, X = rng.normal(size=3), rng.normal(size=(5, 3))
W, Wb, w = rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=3)
V = rng.normal(size=(4, 2))
weights = np.array([2.0, 0.5, 1.0])
present = np.array([[True, False, True, True], [False] * 4, [True, True, False, True]])
class_weight = np.array([1.0, 0.0, 2.0, 0.25])

CASES = {name: (known.f, known.x) for name, known in known_functions().items()} | {
    "sigmoid_tails": (sigmoid, np.array([-30.0, 30.0, 0.0])),
    "logit_near_a_half": (logit, np.array([0.1, 0.49, 0.5, 0.51, 0.9])),
    "elementwise_of_one_number": (sigmoid, np.array(0.3)),
    "softmax_one_row": (softmax, z1),
    "softmax_axis": (Softmax(axis=1), z3),
    "softmax_axes": (Softmax(axis=(0, 2)), z3),
    "log_softmax_wide": (log_softmax, wide),
    "log_softmax_axes": (LogSoftmax(axis=(0, -1)), z3),
    "logsumexp_one_row": (logsumexp, z1),
    "logsumexp_axes": (LogSumExp(axis=(0, 2)), z3),
    "linear_one_output": (Linear(X), w),
    "affine_one_sample": (Affine(x), Wb),
    "cross_entropy_one_sample": (CrossEntropy(2), p1),
    "cross_entropy_none": (CrossEntropy(labels, reduction="none"), p2),
    "cross_entropy_options": (
        CrossEntropy(labels, sample_weight=weights, class_weight=class_weight, label_smoothing=0.2),
        p2,
    ),
    "binary_cross_entropy": (BinaryCrossEntropy(yes), np.exp(-np.abs(z2)) / 2 + 0.1),
    "binary_cross_entropy_none": (
        BinaryCrossEntropy(yes, pos_weight=3.0, reduction="none"),
        np.exp(-np.abs(z2)) / 2 + 0.1,
    ),
    "softmax_cross_entropy_one_sample": (SoftmaxCrossEntropy(1), z1),
    "softmax_cross_entropy_wide": (SoftmaxCrossEntropy(labels), wide),
    "softmax_cross_entropy_sum": (SoftmaxCrossEntropy(labels, reduction="sum"), z2),
    "softmax_cross_entropy_none": (
        SoftmaxCrossEntropy(labels, sample_weight=weights, reduction="none"),
        z2,
    ),
    "softmax_cross_entropy_options": (
        SoftmaxCrossEntropy(labels, weights, class_weight, label_smoothing=0.1, ignore_index=0),
        z2,
    ),
    "softmax_cross_entropy_masked": (SoftmaxCrossEntropy(labels, weights, where=present), z2),
    "softmax_cross_entropy_masked_options": (
        SoftmaxCrossEntropy(labels, None, class_weight, label_smoothing=0.1, where=present),
        z2,
    ),
    "softmax_cross_entropy_masked_soft": (
        SoftmaxCrossEntropy(soft * present, reduction="none", where=present),
        z2,
    ),
    "sigmoid_cross_entropy_options": (
        SigmoidCrossEntropy(yes, sample_weight=rng.uniform(size=(3, 4)), pos_weight=2.0, label_smoothing=0.1),
        z2,
    ),
    "sigmoid_cross_entropy_none": (SigmoidCrossEntropy(yes, reduction="none"), z2),
}

COMPOSITIONS = {
    "softmax_layer": (softmax @ Linear(x), W),
    "tutorial": (CrossEntropy(2) @ softmax @ Linear(x), W),
    "tutorial_soft": (CrossEntropy(soft[0]) @ softmax @ Linear(x), W),
    "tutorial_batch": (CrossEntropy([0, 1, 2, 3, 3]) @ softmax @ Linear(X), W),
    "tutorial_none": (CrossEntropy([0, 1, 2, 3, 3], reduction="none") @ softmax @ Linear(X), W),
    "logistic": (BinaryCrossEntropy([0, 1, 1, 0, 1]) @ sigmoid @ Linear(X), w),
    "affine": (SoftmaxCrossEntropy([0, 1, 2, 3, 3]) @ Affine(X), Wb),
    "in_two_steps": (CrossEntropy(1) @ exp @ log @ softmax, z1),
    "log_likelihood": (log @ softmax @ Linear(x), W),
    "log_odds": (logit @ sigmoid @ Linear(X), w),
    "scalar_outside": (square @ SoftmaxCrossEntropy(2) @ Linear(x), W),
    "two_layers": (SoftmaxCrossEntropy(1) @ Map(Dense(V.T, (4,), (2,))) @ tanh @ Linear(x), W),
    "other_axis": (CrossEntropy([0, 1, 2]) @ Softmax(axis=0), z2),
    "energy": (square @ logsumexp @ square, z1),
}
