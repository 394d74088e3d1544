"""Functions that know their derivative. Read `chain_rule` first."""

from dxent.functions.chain_rule import Composition, Function
from dxent.functions.costs import cost_report
from dxent.functions.custom import function
from dxent.functions.elementwise import Elementwise, Exp, Identity, Log, ReLU, Square, Tanh
from dxent.functions.linear import Affine, Linear, Map
from dxent.functions.logistic import Logit, LogSigmoid, Sigmoid, Softplus
from dxent.functions.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from dxent.functions.normalizers import LogSoftmax, LogSumExp, Softmax
from dxent.functions.rules import simplify

softmax = Softmax()
log_softmax = LogSoftmax()
logsumexp = LogSumExp()
sigmoid = Sigmoid()
log_sigmoid = LogSigmoid()
softplus = Softplus()
logit = Logit()
exp = Exp()
log = Log()
tanh = Tanh()
square = Square()
relu = ReLU()
identity = Identity()

__all__ = [
    "Affine",
    "BinaryCrossEntropy",
    "Composition",
    "CrossEntropy",
    "Elementwise",
    "Exp",
    "Function",
    "Identity",
    "Linear",
    "Log",
    "LogSigmoid",
    "LogSoftmax",
    "LogSumExp",
    "Logit",
    "Map",
    "ReLU",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Softplus",
    "Square",
    "Tanh",
    "cost_report",
    "exp",
    "function",
    "identity",
    "log",
    "log_sigmoid",
    "log_softmax",
    "logit",
    "logsumexp",
    "relu",
    "sigmoid",
    "sigmoid_cross_entropy",
    "simplify",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "square",
    "tanh",
]
