"""What the evals of the public GradBench suite ask, and what they expect: twelve modules, restated.

Inputs have the suite's fields, shapes and distributions; "tiny" ones are small enough for every run of the tests,
"published" ones are the smallest that the suite's evals send when they are started without options. The expected
outputs share nothing with what is tested: closed forms, and complex steps through the definitions in plain NumPy,
with rotations as exponentials of their generators.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import expm
from scipy.special import multigammaln


@dataclass(frozen=True)
class Question:
    """An evaluation: the function, its input, what the suite's validator compares with, and how closely we do."""

    function: str
    input: Any
    expected: Any
    tolerance: float = 1e-9


def sloped(f: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """Derivatives of f at x by complex steps; the axes are f's, then x's."""
    columns = []
    for place in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[place] += 1e-150j
        columns.append(np.imag(f(moved)) / 1e-150)
    return np.moveaxis(np.array(columns), 0, -1).reshape(*np.shape(columns[0]), *x.shape)


def hello(size: str) -> Iterator[Question]:
    """Square, then double what came out, four times."""
    x = 1.0
    for _ in range(4):
        yield Question("square", x, x * x)
        yield Question("double", x * x, 2.0 * x * x)
        x = 2.0 * x * x


def gmm(size: str) -> Iterator[Question]:
    d, k, n, m, gamma = (3, 2, 4, 1, 1.2) if size == "tiny" else (2, 5, 1000, 0, 1.0)
    rng = np.random.default_rng(31337)
    x = rng.normal(size=(n, d))
    parts = {"mu": rng.uniform(size=(k, d)), "q": rng.normal(size=(k, d))}
    parts |= {"l": rng.normal(size=(k, d * (d - 1) // 2)), "alpha": rng.normal(size=k)}
    given = {"d": d, "k": k, "n": n, "x": x.tolist(), "m": m, "gamma": gamma}
    given |= {name: part.tolist() for name, part in parts.items()}
    yield Question("objective", given, _log_posterior(**parts, x=x, m=m, gamma=gamma))
    slopes = {
        name: sloped(lambda v, name=name: _log_posterior(**parts | {name: v}, x=x, m=m, gamma=gamma), part).tolist()
        for name, part in parts.items()
    }
    yield Question("jacobian", given, slopes)


def _log_posterior(mu: Any, q: Any, l: Any, alpha: Any, x: np.ndarray, m: int, gamma: float) -> Any:  # noqa: E741
    """Densities of Gaussians with precision Q.T @ Q, Wishart densities of the precisions; nothing simplified."""
    d, total, density = x.shape[1], 0.0, 0.0
    weights = np.exp(alpha) / np.sum(np.exp(alpha))
    for k in range(alpha.size):
        root = np.diag(np.exp(q[k])).astype(complex)
        root[np.triu_indices(d, 1)[::-1]] = l[k]  # column by column below the diagonal
        precision, r = root.T @ root, x - mu[k]
        far = np.einsum("ni,ij,nj->n", r, precision, r)
        density = density + weights[k] * np.sqrt(np.linalg.det(precision) / (2.0 * np.pi) ** d) * np.exp(-0.5 * far)
        free = d + m + 1
        total += 0.5 * (free - d - 1) * np.log(np.linalg.det(precision)) - 0.5 * gamma**2 * np.trace(precision)
        total -= 0.5 * free * d * math.log(2.0) - free * d * math.log(gamma) + multigammaln(0.5 * free, d)
    value = total + np.sum(np.log(density))
    return value if any(np.iscomplexobj(part) for part in (mu, q, l, alpha)) else float(value.real)


def ba(size: str) -> Iterator[Question]:
    n, m, p = (2, 3, 11) if size == "tiny" else (49, 7776, 31843)
    rng = np.random.default_rng(5)
    cam = rng.normal(size=11)
    x, w, feature = rng.normal(size=3) + [0.0, 0.0, 9.0], 0.7, rng.normal(size=2)
    given = {"n": n, "m": m, "p": p, "cam": cam.tolist(), "x": x.tolist(), "w": w, "feat": feature.tolist()}
    error = _reprojection(np.concatenate([cam, x, [w]]), feature).tolist()
    repeated = {"reproj_error": {"elements": error, "repeated": p}, "w_err": {"element": 1.0 - w * w, "repeated": p}}
    yield Question("objective", given, repeated)
    # the suite sends back the first 30 entries and the last one of each part of the compressed rows
    block = sloped(lambda v: _reprojection(v, feature), np.concatenate([cam, x, [w]]))
    rows = np.cumsum([0] + [15] * (2 * p) + [1] * p)
    own = [*range(11), *range(11 * n, 11 * n + 3), 11 * n + 3 * m]
    jacobian = {"rows": [*rows[:30].tolist(), int(rows[-1])], "cols": [*own, *own, 11 * n + 3 * m + p - 1]}
    yield Question("jacobian", given, jacobian | {"vals": [*block.ravel().tolist(), -2.0 * w]})


def _reprojection(everything: np.ndarray, feature: np.ndarray) -> np.ndarray:
    """Of the camera's 11 numbers, the point's 3 and the weight."""
    cam, point, weight = everything[:11], everything[11:14], everything[14]
    seen = _turned(cam[:3]) @ (point - cam[3:6])
    flat = seen[:2] / seen[2]
    r2 = flat @ flat
    return weight * (cam[6] * flat * (1.0 + cam[9] * r2 + cam[10] * r2 * r2) + cam[7:9] - feature)


def _turned(r: np.ndarray) -> np.ndarray:
    """Rotation about the axis r by the angle |r|."""
    return expm(np.array([[0.0, -r[2], r[1]], [r[2], 0.0, -r[0]], [-r[1], r[0], 0.0]]))


def ht(size: str) -> Iterator[Question]:
    for complicated in (False, True):
        yield from _hand(complicated, *((7, 3) if size == "tiny" else (544, 100)))


def _hand(complicated: bool, vertices: int, points: int) -> Iterator[Question]:
    rng, bones = np.random.default_rng(11), 22
    rigid = rng.normal(size=(2, bones, 4, 4)) * 0.3 + np.eye(4)
    rigid[:, :, 3] = (0.0, 0.0, 0.0, 1.0)
    positions = np.concatenate([rng.normal(size=(vertices, 3)), np.ones((vertices, 1))], axis=1)
    weights = rng.random((vertices, bones)) / bones
    triangles = rng.integers(0, vertices, (4, 3))
    places = rng.integers(0, 4 if complicated else vertices, points)
    theta, measured = 0.5 * rng.normal(size=26), rng.normal(size=(points, 3))
    us = rng.random((points, 2)) if complicated else np.empty(0)
    parents = [-1, 0, *[0 if i % 4 == 0 else i + 1 for i in range(20)]]
    hand = {"bone_count": bones, "bone_names": [f"bone{i}" for i in range(bones)], "parents": parents}
    hand |= {"base_relatives": rigid[0].tolist(), "inverse_base_absolutes": rigid[1].tolist()}
    hand |= {"base_positions": positions.tolist(), "weights": weights.tolist()}
    hand |= {"triangles": triangles.tolist(), "is_mirrored": complicated}
    data = {"model": hand, "correspondences": places.tolist(), "points": measured.tolist()}

    def errors(theta: np.ndarray, us: np.ndarray) -> np.ndarray:
        posed = _posed(theta, parents, *rigid, positions, weights, complicated)
        if not complicated:
            return (measured - posed[places]).ravel()
        thirds = np.concatenate([us, 1.0 - us.sum(1, keepdims=True)], axis=1)
        return (measured - np.einsum("pc,pcx->px", thirds, posed[triangles[places]])).ravel()

    given = {"theta": theta.tolist(), "data": data, "us": us.tolist()}
    yield Question("objective", given, errors(theta, us).tolist())
    jacobian = sloped(lambda v: errors(v, us), theta)
    if complicated:  # two columns first: every point's error depends on its own coordinates only
        moves = [np.imag(errors(theta, us + step)) / 1e-150 for step in np.eye(2) * 1e-150j]
        jacobian = np.concatenate([np.array(moves).T, jacobian], axis=1)
    yield Question("jacobian", given, jacobian.tolist())


def _posed(
    theta: Any, parents: Any, relatives: Any, inverses: Any, positions: Any, weights: Any, mirrored: bool
) -> Any:
    """Forward kinematics: a finger has four angles (bend and spread at its root, then two bends)."""
    angles = np.zeros((len(parents), 3), theta.dtype)
    for finger in range(5):
        bend, spread, second, third = theta[6 + 4 * finger : 10 + 4 * finger]
        angles[2 + 4 * finger] = bend, spread, 0.0
        angles[3 + 4 * finger, 0], angles[4 + 4 * finger, 0] = second, third
    x, y, z = np.eye(3)
    absolute: list[np.ndarray] = []
    vertices = np.zeros((positions.shape[0], 3), theta.dtype)
    for i, (around_x, around_z, around_y) in enumerate(angles):
        turn = np.eye(4, dtype=theta.dtype)
        turn[:3, :3] = _turned(around_z * z) @ _turned(around_y * y) @ _turned(around_x * x)
        relative = relatives[i] @ turn
        absolute.append(relative if parents[i] < 0 else absolute[parents[i]] @ relative)
        vertices = vertices + weights[:, i : i + 1] * (positions @ (absolute[i] @ inverses[i]).T)[:, :3]
    if mirrored:
        vertices = vertices * [-1.0, 1.0, 1.0]
    return vertices @ _turned(theta[:3]).T + theta[3:6]


def lstm(size: str) -> Iterator[Question]:
    layers, letters, width = (2, 4, 2) if size == "tiny" else (2, 1024, 14)
    rng = np.random.default_rng(17)
    main, extra = rng.normal(size=(2 * layers, 4 * width)), rng.normal(size=(3, width))
    state, sequence = rng.normal(size=(2 * layers, width)), (rng.random((letters, width)) < 0.5).astype(float)
    parts = {"main_params": main, "extra_params": extra, "state": state, "sequence": sequence}
    given = {name: part.tolist() for name, part in parts.items()}
    yield Question("objective", given, float(_unfolded(main, extra, state, sequence)))
    slopes = [
        sloped(lambda v: _unfolded(v, extra, state, sequence), main).ravel(),
        sloped(lambda v: _unfolded(main, v, state, sequence), extra).ravel(),
    ]
    yield Question("jacobian", given, np.concatenate(slopes).tolist())


def _unfolded(main: np.ndarray, extra: np.ndarray, state: np.ndarray, sequence: np.ndarray) -> Any:
    """Diagonal weights; the normaliser is log(2 + sum of exponentials), as the suite has it."""

    def sigmoid(v: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-v))

    width, total = extra.shape[1], 0.0
    hidden, cell = list(state[0::2]), list(state[1::2])
    for now, then in zip(sequence[:-1], sequence[1:]):
        signal = now * extra[0]
        for i in range(len(hidden)):
            w, b = main[2 * i].reshape(4, width), main[2 * i + 1].reshape(4, width)
            kept = cell[i] * sigmoid(signal * w[0] + b[0])
            cell[i] = kept + sigmoid(hidden[i] * w[1] + b[1]) * np.tanh(hidden[i] * w[3] + b[3])
            hidden[i] = signal = sigmoid(signal * w[2] + b[2]) * np.tanh(cell[i])
        guess = signal * extra[1] + extra[2]
        total = total + np.sum(then * (guess - np.log(2.0 + np.sum(np.exp(guess)))))
    return -total / (width * (len(sequence) - 1))


def det(size: str) -> Iterator[Question]:
    ell = 4 if size == "tiny" else 6
    A = np.random.default_rng(31337).random((ell, ell))
    given = {"A": A.ravel().tolist(), "ell": ell}
    yield Question("primal", given, float(np.linalg.det(A)))
    yield Question("gradient", given, (np.linalg.det(A) * np.linalg.inv(A).T).ravel().tolist())


def kmeans(size: str) -> Iterator[Question]:
    k, n, d = (3, 12, 2) if size == "tiny" else (10, 1000, 8)
    points = np.random.default_rng(23).random((n, d))
    centroids = points[-k:]  # so no cluster is empty
    given = {"points": points.tolist(), "centroids": centroids.tolist()}
    far = ((points[:, None] - centroids) ** 2).sum(2)
    yield Question("cost", given, float(far.min(1).sum()))
    # the gradient is 2 sum (centroid - point) over a cluster, the Hessian's diagonal twice its size
    means = np.array([points[far.argmin(1) == j].mean(0) for j in range(k)])
    yield Question("dir", given, (centroids - means).tolist())


def llsq(size: str) -> Iterator[Question]:
    m, n = (4, 9) if size == "tiny" else (128, 16)
    x = np.random.default_rng(31337).random(m)
    t = np.array([-1.0 + 2.0 * i / (n - 1) for i in range(n)])
    powers = np.vander(t, m, increasing=True)
    r = np.sign(t) - powers @ x
    given = {"x": x.tolist(), "n": n}
    yield Question("primal", given, float(0.5 * r @ r))
    yield Question("gradient", given, (-powers.T @ r).tolist())


def lse(size: str) -> Iterator[Question]:
    x = np.random.default_rng(31337).uniform(-100.0, 100.0, 5 if size == "tiny" else 2500)
    shares = np.exp(x - x.max())
    yield Question("primal", {"x": x.tolist()}, float(x.max() + math.log(shares.sum())))
    yield Question("gradient", {"x": x.tolist()}, (shares / shares.sum()).tolist())


def ode(size: str) -> Iterator[Question]:
    n, s = (6, 3) if size == "tiny" else (1000, 1)
    x = np.random.default_rng(31337).random(n)

    def last(x: np.ndarray) -> np.ndarray:
        """Runge and Kutta's steps of y' = B y + c, whose only entries are x: y + h (1 + z/2 + z^2/6 + z^3/24) y'."""
        B, c = np.diag(x[1:], -1), np.eye(1, n)[0] * x[0]
        y, h = np.zeros(n, x.dtype), 2.0 / s
        for _ in range(s):
            term = h * (B @ y + c)
            for order in (2, 3, 4, 5):
                y = y + term
                term = h / order * (B @ term)
        return y

    given = {"x": x.tolist(), "s": s}
    yield Question("primal", given, last(x).tolist())
    slope = sloped(lambda v: last(v)[-1], x) if n < 10 else np.zeros(n)  # the last one has not heard of the first yet
    yield Question("gradient", given, slope.tolist())


def _least(f: Callable[[np.ndarray], float], slope: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """The suite's descent: the step doubles after ten successes and halves after a failure."""
    best, g, step, successes = f(x), slope(x), 1e-5, 0
    while np.linalg.norm(g) > 1e-5:
        if successes == 10:
            step, successes = 2.0 * step, 0
            continue
        new = x - step * g
        if np.linalg.norm(new - x) <= 1e-5:
            break
        if f(new) < best:
            x, best, g, successes = new, f(new), slope(new), successes + 1
        else:
            step, successes = 0.5 * step, 0
    return x


def landing(w: Any) -> Any:
    """Square of where the particle crosses the axis; the force is minus the potential's gradient, by hand."""
    x, speed = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while True:
        pull = np.zeros(2)
        for charge in (np.array([10.0, 10.0 - w]), np.array([10.0, 0.0])):
            r = x - charge
            pull = pull + r / (r @ r) ** 1.5
        new = x + 0.1 * speed
        if new[1].real <= 0.0:
            return (new[0] - new[1] / speed[1] * speed[0]) ** 2
        x, speed = new, speed + 0.1 * pull


def particle(size: str) -> Iterator[Question]:
    """Tiny: from where the descent stops at once."""
    w = 0.207 if size == "tiny" else 0.0
    found = _least(lambda w: float(landing(w[0])), lambda w: sloped(lambda v: landing(v[0]), w), np.array([w]))
    expected = float(found[0]) if size == "tiny" else 0.2071918746486116  # the suite's own number
    assert abs(found[0] - expected) < 1e-10
    for modes in ("rr", "ff", "fr", "rf"):
        yield Question(modes, {"w": w}, expected)


def saddle(size: str) -> Iterator[Question]:
    """Tiny: from where the descent stops at once."""
    start = np.array([2e-4, -3e-4]) if size == "tiny" else np.array([1.0, 1.0])
    least = _least(lambda v: float(v @ v), lambda v: 2.0 * v, start)  # for both: f is x.x - y.y
    expected = (
        [*least.tolist(), *least.tolist()] if size == "tiny" else [8.246324826140356e-06] * 4
    )  # the suite's own numbers
    np.testing.assert_allclose(least, expected[:2], atol=1e-12)
    for modes in ("rr", "ff", "fr", "rf"):
        yield Question(modes, {"start": start.tolist()}, expected)


EVALS: dict[str, Callable[[str], Iterator[Question]]] = {
    eval_.__name__: eval_ for eval_ in (hello, gmm, ba, ht, lstm, det, kmeans, llsq, lse, ode, particle, saddle)
}


def mismatches(expected: Any, actual: Any, tolerance: float, path: str = "output") -> list[str]:
    """The suite's comparison of two JSON values: the same types, keys and lengths, numbers to a mixed tolerance."""
    if isinstance(expected, dict) and isinstance(actual, dict) and expected.keys() == actual.keys():
        pairs = [(expected[key], actual[key], f"{path}.{key}") for key in expected]
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = [(e, a, f"{path}[{i}]") for i, (e, a) in enumerate(zip(expected, actual))]
    elif {type(expected), type(actual)} == {int} and expected == actual:
        return []
    elif {type(expected), type(actual)} <= {int, float}:
        scale = max(1.0, abs(expected) + abs(actual))
        return [] if abs(expected - actual) <= tolerance * scale else [f"{path}: {expected} != {actual}"]
    else:
        return [f"{path}: {expected!r} is not like {actual!r}"]
    return [found for e, a, where in pairs for found in mismatches(e, a, tolerance, where)]
