"""What GradBench asks of each of its modules: input from JSON, a call to time, output for JSON.

A function here takes the "input" of a message and returns (call, plain): `call()` is what is timed, `plain(result)`
makes what JSON can hold. Compilation happens in the first call, which is not among the timings.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import srcad
from benchmarks.gradbench import nested
from benchmarks.gradbench import objectives as model
from benchmarks.peers import compiled

Problem = Callable[[Any], tuple[Callable[[], Any], Callable[[Any], Any]]]


def _backend() -> str:
    return os.environ.get("SRCAD_GRADBENCH_BACKEND", "auto")


@cache
def gradient(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The gradient by srcad."""
    return srcad.grad(f, argnums, backend=_backend())


@cache
def primal(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: compiled by Numba where that works and was not ruled out."""
    if _backend() == "numpy":
        return f
    import numba

    chosen = [compiled(f)]

    def call(*args: Any) -> Any:
        try:
            return chosen[0](*args)
        except numba.core.errors.NumbaError:
            chosen[0] = f
            return f(*args)

    return call


def _array(rows: Any) -> np.ndarray:
    return np.array(rows, dtype=np.float64)


def _list(result: Any) -> Any:
    return np.asarray(result).tolist()


def _scalar_and_gradient(f: Callable[..., Any], arguments: Callable[[Any], tuple[Any, ...]]) -> dict[str, Problem]:
    """The usual pair: "primal" gives the value, "gradient" the gradient with respect to the first argument."""

    def value(given: Any) -> Any:
        args, fast = arguments(given), primal(f)
        return lambda: fast(*args), _list

    def derivative(given: Any) -> Any:
        args, slope = arguments(given), gradient(f)
        return lambda: slope(*args), lambda g: np.asarray(g).ravel().tolist()

    return {"primal": value, "gradient": derivative}


# ---- hello, llsq, lse, det, ode: one vector in ----


def _double(x: Any) -> Any:
    slope = gradient(model.square)
    return lambda: slope(float(x)), float


HELLO: dict[str, Problem] = {"square": lambda x: (lambda: model.square(float(x)), float), "double": _double}


def _samples(given: Any) -> tuple[Any, ...]:
    n = int(given["n"])
    t = -1.0 + 2.0 * np.arange(n) / (n - 1)
    return _array(given["x"]), t, np.sign(t)


def _matrix(given: Any) -> tuple[Any, ...]:
    size = int(given["ell"])
    return _array(given["A"]).reshape(size, size), size


def _ode_primal(given: Any) -> Any:
    x, steps, fast = _array(given["x"]), int(given["s"]), primal(model.solution)
    return lambda: fast(x, steps), _list


LLSQ = _scalar_and_gradient(model.polynomial_misfit, _samples)
LSE = _scalar_and_gradient(model.log_sum_exp, lambda given: (_array(given["x"]),))
DET = _scalar_and_gradient(model.determinant, _matrix)
ODE = _scalar_and_gradient(model.final_state, lambda given: (_array(given["x"]), int(given["s"])))
ODE["primal"] = _ode_primal


# ---- gmm and lstm: the parameters of a model ----


def _mixture(given: Any) -> tuple[Any, ...]:
    """Both layouts of the suite's history: q and l apart, or together as icf."""
    d = int(given["d"])
    if "icf" in given:
        icf = _array(given["icf"])
        means, logs, lower = _array(given["means"]), icf[:, :d].copy(), icf[:, d:].copy()
    else:
        means, logs = _array(given["mu"]), _array(given["q"])
        lower = _array(given["l"]).reshape(logs.shape[0], -1)
    return _array(given["alpha"]), means, logs, lower, _array(given["x"]), float(given["gamma"]), int(given["m"])


def _gmm_objective(given: Any) -> Any:
    args, fast = _mixture(given), primal(model.gmm)
    return lambda: fast(*args), float


def _gmm_jacobian(given: Any) -> Any:
    args, slope = _mixture(given), gradient(model.gmm, (0, 1, 2, 3))

    def plain(result: Any) -> Any:
        alpha, means, logs, lower = result
        if "icf" in given:
            icf = np.concatenate([logs, lower], axis=1)
            return np.concatenate([alpha, means.ravel(), icf.ravel()]).tolist()
        return {"alpha": _list(alpha), "mu": _list(means), "q": _list(logs), "l": _list(lower)}

    return lambda: slope(*args), plain


def _letters(given: Any) -> tuple[Any, ...]:
    return tuple(_array(given[name]) for name in ("main_params", "extra_params", "state", "sequence"))


def _lstm_objective(given: Any) -> Any:
    args, fast = _letters(given), primal(model.lstm)
    return lambda: fast(*args), float


def _lstm_jacobian(given: Any) -> Any:
    args, slope = _letters(given), gradient(model.lstm, (0, 1))
    return lambda: slope(*args), lambda parts: np.concatenate([part.ravel() for part in parts]).tolist()


GMM: dict[str, Problem] = {"objective": _gmm_objective, "jacobian": _gmm_jacobian}
LSTM: dict[str, Problem] = {"objective": _lstm_objective, "jacobian": _lstm_jacobian}


# ---- kmeans: a gradient over the diagonal of a Hessian ----


def _clusters(given: Any) -> tuple[np.ndarray, np.ndarray]:
    return _array(given["points"]), _array(given["centroids"])


def _kmeans_cost(given: Any) -> Any:
    args, fast = _clusters(given), primal(model.distances)
    return lambda: fast(*args), float


def _kmeans_direction(given: Any) -> Any:
    points, centroids = _clusters(given)
    slope, ones = gradient(model.distances, 1), np.ones_like(centroids)

    def call() -> np.ndarray:
        # the Hessian is diagonal: its product with ones is its diagonal
        (diagonal,) = srcad.hvp(model.distances, (points, centroids), (ones,), argnums=(1,), backend=_backend())
        return slope(points, centroids) / diagonal

    return call, _list


KMEANS: dict[str, Problem] = {"cost": _kmeans_cost, "dir": _kmeans_direction}


# ---- ba: a sparse Jacobian, two seeds for all observations ----


def _observations(given: Any) -> tuple[Any, ...]:
    """Cameras, points, weights and features, one row per observation."""
    p = int(given["p"])
    one = (_array(given["cam"]), _array(given["x"]), _array(given["feat"]))
    cams, points, features = (np.tile(part, (p, 1)) for part in one)
    return cams, points, np.full(p, float(given["w"])), features


def _ba_objective(given: Any) -> Any:
    args, fast = _observations(given), primal(model.reprojection)

    def plain(result: Any) -> Any:
        errors, rest = result
        return {
            "reproj_error": {"elements": _list(errors[0]), "repeated": errors.shape[0]},
            "w_err": {"element": float(rest[0]), "repeated": rest.shape[0]},
        }

    return lambda: (fast(*args), 1.0 - args[2] * args[2]), plain


def _ba_jacobian(given: Any) -> Any:
    """Compressed rows: two rows of 15 per observation, then one entry per weight.

    An error depends on its own observation's row of each argument, so seeding the first (second) error of every
    observation at once gives the first (second) row of every block.
    """
    args = _observations(given)
    p, weights = args[2].shape[0], args[2]
    rows, cols = _ba_pattern(int(given["n"]), int(given["m"]), p)
    seeds = np.zeros((2, p, 2))
    seeds[0, :, 0] = seeds[1, :, 1] = 1.0

    def call() -> np.ndarray:
        _, pull = srcad.vjp(model.reprojection, *args, argnums=(0, 1, 2), backend=_backend())
        values = np.empty((p, 2, 15))
        for k in range(2):
            of_camera, of_point, of_weight = pull(seeds[k])
            values[:, k, :11], values[:, k, 11:14], values[:, k, 14] = of_camera, of_point, of_weight
        return np.concatenate([values.ravel(), -2.0 * weights])

    def plain(values: np.ndarray) -> Any:
        # all observations are alike: the suite compares the first block and the last entry
        parts = {"rows": rows, "cols": cols, "vals": values}
        return {name: [*_list(part[:30]), part[-1].item()] for name, part in parts.items()}

    return call, plain


def _ba_pattern(n: int, m: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Row starts and columns of the Jacobian: observation i sees camera i mod n and point i mod m."""
    i = np.arange(p)[:, None]
    of_weight = 11 * n + 3 * m + i
    block = [11 * (i % n) + np.arange(11), 11 * n + 3 * (i % m) + np.arange(3), of_weight]
    both = np.repeat(np.concatenate(block, axis=1), 2, axis=0)
    rows = np.concatenate([np.arange(0, 30 * p + 1, 15), 30 * p + np.arange(1, p + 1)])
    return rows, np.concatenate([both.ravel(), of_weight.ravel()])


BA: dict[str, Problem] = {"objective": _ba_objective, "jacobian": _ba_jacobian}


# ---- ht: a dense Jacobian with few columns ----


def _hand(given: Any) -> tuple[Any, ...]:
    data = given["data"]
    hand = data["model"]
    names = ("base_relatives", "inverse_base_absolutes", "base_positions", "weights")
    parts = [_array(hand[name]) for name in names]
    return np.array(hand["parents"]), *parts, bool(hand["is_mirrored"])


def _hand_problem(given: Any) -> tuple[Callable[..., Any], tuple[Any, ...], bool]:
    """The objective, its arguments, and whether it has barycentric coordinates."""
    theta, us = _array(given["theta"]), _array(given["us"])
    places, points = np.array(given["data"]["correspondences"]), _array(given["data"]["points"])
    if us.size == 0:
        return model.hand_of_theta, (theta, *_hand(given), places, points), False
    corners = np.array(given["data"]["model"]["triangles"])[places]
    return model.hand_surface, (theta, us.reshape(-1, 2), *_hand(given), corners, points), True


def _ht_objective(given: Any) -> Any:
    f, args, _ = _hand_problem(given)
    fast = primal(f)
    return lambda: fast(*args), _list


def _ht_jacobian(given: Any) -> Any:
    """Columns: two for the point's own coordinates, if any, then one for each parameter.

    A point depends on its own coordinates only, so one tangent with every first (second) coordinate moved gives the
    whole column.
    """
    f, args, complicated = _hand_problem(given)
    of_theta = srcad.jacfwd(f, 0, backend=_backend())
    if not complicated:
        return lambda: of_theta(*args), _list
    moves = [np.zeros_like(args[1]), np.zeros_like(args[1])]
    moves[0][:, 0] = moves[1][:, 1] = 1.0

    def call() -> np.ndarray:
        tangents = ((None, move, *[None] * (len(args) - 2)) for move in moves)
        columns = [srcad.jvp(f, args, tangent, backend=_backend())[1][:, None] for tangent in tangents]
        return np.concatenate([*columns, of_theta(*args)], axis=1)

    return call, _list


HT: dict[str, Problem] = {"objective": _ht_objective, "jacobian": _ht_jacobian}


PROBLEMS: dict[str, dict[str, Problem]] = {
    "hello": HELLO,
    "gmm": GMM,
    "ba": BA,
    "ht": HT,
    "lstm": LSTM,
    "det": DET,
    "kmeans": KMEANS,
    "llsq": LLSQ,
    "lse": LSE,
    "ode": ODE,
    "particle": nested.PARTICLE,
    "saddle": nested.SADDLE,
}
