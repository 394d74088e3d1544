"""Time the functions of rows beside SciPy, the formula in NumPy, PyTorch and JAX: whatever is installed.

    python benchmarks/functions.py [--repeats 9] [--threads 2]

Every result is a fresh array. All take turns, so that a busy machine slows all of them, each after a pause in
which the threads of the one before go to sleep; a ratio above 1 says that dxent is faster, and its spread is
over the turns: the quartiles. PyTorch and JAX get their own arrays, and JAX's functions are compiled
beforehand.
"""

import argparse
import os
import time
from importlib.util import find_spec

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--repeats", type=int, default=9)
parser.add_argument("--threads", type=int, default=2)
OPTIONS = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(OPTIONS.threads)  # read when the libraries are imported

import numpy as np  # noqa: E402

import dxent  # noqa: E402

SHAPES = [(1_000_000, 10), (10_000, 1000), (100, 100_000), (1, 10_000_000)]


def ours():
    """Return the functions by name, of logits and labels."""
    return {
        "softmax": lambda x, y: dxent.softmax(x),
        "log_softmax": lambda x, y: dxent.log_softmax(x),
        "logsumexp": lambda x, y: dxent.logsumexp(x),
        "loss and gradient": lambda x, y: dxent.SoftmaxCrossEntropy(y).linearize(x),
    }


def scipy():
    """SciPy has no loss."""
    from scipy import special

    return {
        "softmax": lambda x, y: special.softmax(x, axis=-1),
        "log_softmax": lambda x, y: special.log_softmax(x, axis=-1),
        "logsumexp": lambda x, y: special.logsumexp(x, axis=-1),
    }


def formula():
    """The formulas as one would write them in NumPy."""

    def shifted(x):
        z = x - x.max(axis=-1, keepdims=True)
        e = np.exp(z)
        return z, e, e.sum(axis=-1, keepdims=True)

    def softmax(x, y):
        _, e, total = shifted(x)
        return e / total

    def log_softmax(x, y):
        z, _, total = shifted(x)
        return z - np.log(total)

    def logsumexp(x, y):
        return x.max(axis=-1) + np.log(shifted(x)[2][:, 0])

    def loss(x, y):
        z, p, total = shifted(x)
        rows = np.arange(len(x))
        value = np.mean(np.log(total[:, 0]) - z[rows, y])
        p /= total
        p[rows, y] -= 1
        p /= len(x)
        return value, p

    return {
        "softmax": softmax,
        "log_softmax": log_softmax,
        "logsumexp": logsumexp,
        "loss and gradient": loss,
    }


def torch():
    """PyTorch; its gradient by autograd."""
    import torch

    torch.set_num_threads(OPTIONS.threads)

    def loss(x, y):
        x = x.detach().requires_grad_()
        value = torch.nn.functional.cross_entropy(x, y)
        value.backward()
        return value, x.grad

    return {
        "softmax": lambda x, y: torch.softmax(x, -1),
        "log_softmax": lambda x, y: torch.log_softmax(x, -1),
        "logsumexp": lambda x, y: torch.logsumexp(x, -1),
        "loss and gradient": loss,
    }


def jax():
    """JAX, compiled; a call returns when its result is there."""
    import jax

    jax.config.update("jax_enable_x64", True)

    def loss(x, y):
        log_p = jax.nn.log_softmax(x)
        return -jax.numpy.take_along_axis(log_p, y[:, None], axis=-1).mean()

    functions = {
        "softmax": lambda x, y: jax.nn.softmax(x),
        "log_softmax": lambda x, y: jax.nn.log_softmax(x),
        "logsumexp": lambda x, y: jax.nn.logsumexp(x, axis=-1),
        "loss and gradient": jax.value_and_grad(loss),
    }
    return {name: _ready(jax.jit(function)) for name, function in functions.items()}


def _ready(function):
    import jax

    return lambda *arguments: jax.block_until_ready(function(*arguments))


def arrays_of(library, x, y):
    """Return logits and labels as arrays of a library."""
    if library == "torch":
        import torch

        return torch.from_numpy(x), torch.from_numpy(y)
    if library == "jax":
        import jax

        return jax.numpy.asarray(x), jax.numpy.asarray(y)
    return x, y


def seconds(function, arguments):
    """Return how long one call takes."""
    time.sleep(0.01)
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def spread(ratios):
    """Return the median and the quartiles."""
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def main():
    """Print a line for each shape, dtype and function."""
    peers = {"scipy": scipy, "numpy": formula, "torch": torch, "jax": jax}
    libraries = {"dxent": ours(), **{name: make() for name, make in peers.items() if find_spec(name)}}
    rng = np.random.default_rng(0)
    print(dxent.show_config())
    for shape in SHAPES:
        for dtype in (np.float64, np.float32):
            x, y = rng.normal(size=shape).astype(dtype), rng.integers(0, shape[1], shape[0])
            inputs = {name: arrays_of(name, x, y) for name in libraries}
            for function in libraries["dxent"]:
                calls = {n: (fs[function], inputs[n]) for n, fs in libraries.items() if function in fs}
                turns = [[seconds(*call) for call in calls.values()] for _ in range(OPTIONS.repeats + 1)]
                times = dict(zip(calls, np.transpose(turns[1:]), strict=True))
                mine = times.pop("dxent")
                ratios = "  ".join(f"{name} {spread(t / mine)}" for name, t in times.items())
                size = " × ".join(map(str, shape))
                took = 1e3 * np.median(mine)
                print(f"{size:16} {dtype.__name__} {function:17} {took:7.1f} ms  {ratios}", flush=True)


if __name__ == "__main__":
    main()
