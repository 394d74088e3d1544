r"""Formulas from one line of text: as MathML for a page, as Unicode for a terminal.

The line is Unicode with three marks of TeX: ``_`` and ``^`` for scripts, ``{…}`` to group, ``\frac{…}{…}``.

    p_j = \frac{e^{z_j}}{Σ_k e^{z_k}}    →    p_j = e^z_j / Σ_k e^z_k
"""

from __future__ import annotations

import re
from html import escape

__all__ = ["mathml", "plain"]

_TOKEN = re.compile(r"\\frac|ᵀ|[∂Σ∇]|[^\W\d_∂Σ∇ᵀ]+|\d+(?:\.\d+)?|[{}_^]|\s+|.")
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_FRACTION = re.compile(rf"\\frac{_GROUP}{_GROUP}")
_TRANSPOSED = '<mi mathvariant="normal">T</mi>'


def plain(formula: str) -> str:
    """Return the formula as a terminal shows it."""
    return re.sub(r"[{}]", "", _FRACTION.sub(_quotient, formula))


def _quotient(fraction: re.Match[str]) -> str:
    """Write a fraction on one line, its parts in parentheses where the slash would tear them apart."""
    above, below = fraction.groups()
    if re.search(" [+−] ", above):
        above = f"({above})"
    if " " in below and not below.startswith("Σ"):
        below = f"({below})"
    return f"{above} / {below}"


def mathml(formula: str) -> str:
    """Return the formula as a <math> element, with the plain text as its label."""
    tokens = [token for token in _TOKEN.findall(formula) if not token.isspace()]
    body = _row(tokens)
    return f'<math aria-label="{escape(plain(formula))}">{body}</math>'


def _row(tokens: list[str]) -> str:
    """Read up to the end or to a closing brace, which is consumed."""
    parts: list[str] = []
    while tokens and tokens[0] != "}":
        parts.append(_scripted(tokens))
    if tokens:
        tokens.pop(0)
    return f"<mrow>{''.join(parts)}</mrow>"


def _scripted(tokens: list[str]) -> str:
    """Read one atom with the scripts that follow it."""
    base, below, above = _atom(tokens), "", ""
    while tokens and tokens[0] in {"_", "^", "ᵀ"}:
        mark = tokens.pop(0)
        if mark == "_":
            below = _atom(tokens)
        else:
            above = _TRANSPOSED if mark == "ᵀ" else _atom(tokens)
    if below and above:
        return f"<msubsup>{base}{below}{above}</msubsup>"
    if below:
        return f"<msub>{base}{below}</msub>"
    return f"<msup>{base}{above}</msup>" if above else base


def _atom(tokens: list[str]) -> str:
    if not tokens:
        raise ValueError("a formula ends where something must follow")
    token = tokens.pop(0)
    if token == "{":
        return _row(tokens)
    if token == "\\frac":
        return f"<mfrac>{_atom(tokens)}{_atom(tokens)}</mfrac>"
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    if token[0].isalpha() and token not in "Σ∂∇":
        return _letters(token)
    return f"<mo>{escape(token)}</mo>"


def _letters(token: str) -> str:
    """A word of three letters or more is a function; fewer are that many symbols, as in W_ij."""
    if len(token) > 2:
        return f'<mi>{token}</mi><mspace width="0.2em"/>'
    return "".join(f"<mi>{letter}</mi>" for letter in token)
