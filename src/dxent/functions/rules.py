"""The cancellations: which neighbours in a composition have a closed form together.

A rule matches two neighbours by their types and returns the one function they are, or None where it does not
apply to these two. ``RULES[Outer, Inner] = …`` adds one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any
from weakref import WeakKeyDictionary

from dxent.functions.chain_rule import Composition, Function
from dxent.functions.elementwise import Exp, Identity, Log
from dxent.functions.logistic import Logit, LogSigmoid, Sigmoid
from dxent.functions.losses import BinaryCrossEntropy, CrossEntropy, SigmoidCrossEntropy, SoftmaxCrossEntropy
from dxent.functions.normalizers import LogSoftmax, Softmax

__all__ = ["RULES", "simplify"]


def _on_logits(kind: type[Function], loss: Any) -> Function:
    """The same targets and options as a loss on logits."""
    return kind(**{field.name: getattr(loss, field.name) for field in fields(loss)})


RULES: dict[tuple[type, type], Callable[[Any, Any], Function | None]] = {
    (CrossEntropy, Softmax): lambda f, g: _on_logits(SoftmaxCrossEntropy, f) if g.axis == -1 else None,
    (BinaryCrossEntropy, Sigmoid): lambda f, g: _on_logits(SigmoidCrossEntropy, f),
    (Log, Softmax): lambda f, g: LogSoftmax(g.axis),
    (Log, Sigmoid): lambda f, g: LogSigmoid(),
    (Exp, LogSoftmax): lambda f, g: Softmax(g.axis),
    (Exp, LogSigmoid): lambda f, g: Sigmoid(),
    (Logit, Sigmoid): lambda f, g: Identity(),
}


_simplified: WeakKeyDictionary[Composition, Function] = WeakKeyDictionary()


def simplify(f: Function) -> Function:
    """Return the same function with every rule applied that matches; it is remembered as long as f lives."""
    if not isinstance(f, Composition):
        return f
    if f not in _simplified:
        _simplified[f] = _rewrite(list(f.functions))
    return _simplified[f]


def _rewrite(functions: list[Function]) -> Function:
    """Replace neighbours from the outside in; a new function meets its new neighbours."""
    k = 0
    while k < len(functions) - 1:
        outer, inner = functions[k : k + 2]
        together = RULES.get((type(outer), type(inner)), lambda f, g: None)(outer, inner)
        if together is None:
            k += 1
        else:
            functions[k : k + 2] = [together]
            k = max(k - 1, 0)
    return Composition(tuple(functions)) if len(functions) > 1 else functions[0]
