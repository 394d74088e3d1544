"""Time the derivatives of a softmax layer, W ↦ softmax(W x), beside automatic differentiation.

    taskset -c 0 python benchmarks/softmax_layer.py [--sizes 30 100 300 1000] [--repeats 25]

The layer has as many outputs as inputs. Each line is one question, from W to the answer: the Jacobian times
a vector, its transpose times a vector, the gradient of cross-entropy, and the whole Jacobian as a matrix.
PyTorch and JAX, where installed, answer with jvp, vjp, grad and jacrev; JAX's compilation is not counted.
"J v, J formed" is what the first question costs whoever holds a Jacobian only as what jacrev returns.

All take turns, so that a busy machine slows all. A ratio is peer / dxent with its quartiles over the turns:
above 1, dxent is faster. The peak is what dxent allocates beyond its input (tracemalloc). Nobody forms a
matrix of more than --most MB.
"""

import argparse
import importlib.util
import time
import tracemalloc

import numpy as np

from dxent import CrossEntropy, Linear, softmax

QUESTIONS = ("J v", "Jᵀ u", "gradient", "J v, J formed", "J as a matrix")
FORMED = QUESTIONS[3:]


def make_layer(size):
    """Return x, W, a tangent v of W's shape and a cotangent u of the outputs' shape."""
    rng = np.random.default_rng(0)
    W, v = rng.normal(size=(2, size, size)) / np.sqrt(size)
    return rng.normal(size=size), W, v, rng.normal(size=size)


def of_dxent(x, W, v, u):
    """Return the answers as functions without arguments."""
    layer = softmax @ Linear(x)
    loss = CrossEntropy(0) @ layer
    return {
        "J v": lambda: layer.jacobian(W).mv(v),
        "Jᵀ u": lambda: layer.jacobian(W).T.mv(u),
        "gradient": lambda: loss.gradient(W),
        "J v, J formed": lambda: layer.jacobian(W).mv(v),
        "J as a matrix": lambda: layer.jacobian(W).to_dense(),
    }


def of_torch(*arrays):
    """Return PyTorch's answers."""
    import torch
    from torch.func import grad, jacrev, jvp, vjp

    x, W, v, u = map(torch.from_numpy, arrays)

    def layer(W):
        return torch.softmax(W @ x, 0)

    def loss(W):
        return -torch.log_softmax(W @ x, 0)[0]

    return {
        "J v": lambda: jvp(layer, (W,), (v,))[1],
        "Jᵀ u": lambda: vjp(layer, W)[1](u)[0],
        "gradient": lambda: grad(loss)(W),
        "J v, J formed": lambda: torch.tensordot(jacrev(layer)(W), v, 2),
        "J as a matrix": lambda: jacrev(layer)(W),
    }


def of_jax(*arrays):
    """Return JAX's answers."""
    import jax

    jax.config.update("jax_enable_x64", True)
    x, W, v, u = map(jax.numpy.asarray, arrays)

    def layer(W):
        return jax.nn.softmax(W @ x)

    def compiled(answer, *at):
        fast = jax.jit(answer)
        return lambda: fast(*at).block_until_ready()

    return {
        "J v": compiled(lambda W, v: jax.jvp(layer, (W,), (v,))[1], W, v),
        "Jᵀ u": compiled(lambda W, u: jax.vjp(layer, W)[1](u)[0], W, u),
        "gradient": compiled(jax.grad(lambda W: -jax.nn.log_softmax(W @ x)[0]), W),
        "J v, J formed": compiled(lambda W, v: jax.numpy.tensordot(jax.jacrev(layer)(W), v, 2), W, v),
        "J as a matrix": compiled(jax.jacrev(layer), W),
    }


def peak_megabytes(answer):
    """Return the most memory that is held at once while an answer is found."""
    tracemalloc.start()
    answer()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def milliseconds(answer):
    """Return how long one answer takes."""
    start = time.perf_counter()
    answer()
    return 1e3 * (time.perf_counter() - start)


def line(answers, repeats):
    """Check that all agree, then time them by turns; ours is the first."""
    ours, *others = (np.asarray(answer()).ravel() for answer in answers.values())
    for name, other in zip(list(answers)[1:], others, strict=True):
        np.testing.assert_allclose(other, ours, rtol=1e-9, atol=1e-13, err_msg=name)
    turns = np.array([[milliseconds(answer) for answer in answers.values()] for _ in range(repeats)])
    median, p90 = np.median(turns, axis=0), np.quantile(turns[:, 0], 0.9)
    text = f"{median[0]:9.3f} {p90:7.3f} {peak_megabytes(next(iter(answers.values()))):9.2f}"
    for peer in range(1, len(answers)):
        low, ratio, high = np.quantile(turns[:, peer] / turns[:, 0], [0.25, 0.5, 0.75])
        text += f" {median[peer]:10.3f} {f'{ratio:.3g} ({low:.3g}–{high:.3g})':>22}"
    return text


def main():
    """Print a line for each size and question."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[30, 100, 300, 1000])
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--most", type=float, default=500, metavar="MB")
    options = parser.parse_args()
    makers = {"dxent": of_dxent}
    makers |= {
        name: make for name, make in (("torch", of_torch), ("jax", of_jax)) if importlib.util.find_spec(name)
    }
    print(
        f"T = N {'':15} dxent ms     p90   peak MB"
        + "".join(f"{name + ' ms':>11} {'ratio':>22}" for name in list(makers)[1:])
    )
    for size in options.sizes:
        arrays = make_layer(size)
        answers = {name: make(*arrays) for name, make in makers.items()}
        for question in QUESTIONS:
            if question in FORMED and 8e-6 * size**3 > options.most:
                print(f"{size:5} {question:14} not formed: J has {8e-6 * size**3:,.0f} MB")
            else:
                asked = {name: given[question] for name, given in answers.items()}
                print(f"{size:5} {question:14} {line(asked, options.repeats)}", flush=True)


if __name__ == "__main__":
    main()
