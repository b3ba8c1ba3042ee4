"""The GradBench tool, spoken to as the suite does; its answers against formulae and differences."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gradbench import objectives

ROOT = Path(__file__).resolve().parents[2]


class Tool:
    """The tool as a process: a message in, a response out."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.gradbench", "--backend", "numpy"]
        environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "runtime")])}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=environ)
        self.count = 0

    def send(self, **message):
        self.process.stdin.write(json.dumps({"id": self.count} | message) + "\n")
        self.process.stdin.flush()
        response = json.loads(self.process.stdout.readline())
        assert response["id"] == self.count
        self.count += 1
        return response

    def output(self, module, function, given):
        response = self.send(kind="evaluate", module=module, function=function, input=given)
        assert response["success"], response["error"]
        assert any(timing["name"] == "evaluate" for timing in response["timings"])
        return response["output"]

    def close(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0


@pytest.fixture(scope="module")
def tool():
    process = Tool()
    assert process.send(kind="start", eval="hello")["tool"] == "srcad"
    yield process
    process.close()


def slope(f, x, h=1e-5):
    """Gradient of f at the array x by central differences of fourth order."""
    g = np.empty_like(x)
    for place in np.ndindex(x.shape):
        values = []
        for k in (-2, -1, 1, 2):
            moved = x.copy()
            moved[place] += k * h
            values.append(f(moved))
        g[place] = (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * h)
    return g


def agree(ours, theirs, tolerance=1e-6):
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * max(1.0, np.abs(theirs).max()))


def test_protocol(tool):
    assert tool.send(kind="define", module="hello") == {"id": tool.count - 1, "success": True}
    assert not tool.send(kind="define", module="unheard_of")["success"]
    assert tool.send(kind="analysis", of=1, valid=True) == {"id": tool.count - 1}
    failed = tool.send(kind="evaluate", module="hello", function="halve", input=1.0)
    assert not failed["success"] and "halve" in failed["error"]


@pytest.mark.parametrize("module", "hello gmm ba ht lstm det kmeans llsq lse ode particle saddle".split())
def test_define(tool, module):
    assert tool.send(kind="define", module=module)["success"]


def test_hello(tool):
    assert tool.output("hello", "square", 3.0) == 9.0
    assert tool.output("hello", "double", 3.0) == 6.0


def test_runs(tool):
    given = {"x": [0.0, 1.0], "min_runs": 4, "min_seconds": 0}
    response = tool.send(kind="evaluate", module="lse", function="primal", input=given)
    assert [timing["name"] for timing in response["timings"]].count("evaluate") == 4


def test_llsq(tool):
    x, n = np.array([0.3, -0.2, 0.5, 0.1]), 9
    t = np.array([-1.0 + i * 2.0 / (n - 1) for i in range(n)])
    powers = np.vander(t, 4, increasing=True)
    r = np.sign(t) - powers @ x
    given = {"x": x.tolist(), "n": n}
    agree(tool.output("llsq", "primal", given), 0.5 * r @ r, 1e-12)
    agree(tool.output("llsq", "gradient", given), -powers.T @ r, 1e-12)


def test_lse(tool):
    x = np.array([1.0, -2.0, 700.0, 700.5])
    weights = np.exp(x - 700.5)
    agree(tool.output("lse", "primal", {"x": x.tolist()}), 700.5 + math.log(weights.sum()), 1e-14)
    agree(tool.output("lse", "gradient", {"x": x.tolist()}), weights / weights.sum(), 1e-12)


def test_ode(tool):
    x, steps = np.array([0.5, -0.4, 1.2, 0.9]), 5
    given = {"x": x.tolist(), "s": steps}
    y = tool.output("ode", "primal", given)
    # y_i(2) = x_0 ... x_i * 2^(i + 1) / (i + 1)!, which the method integrates exactly up to its order
    exact = [np.prod(x[: i + 1]) * 2.0 ** (i + 1) / math.factorial(i + 1) for i in range(4)]
    agree(y, exact, 1e-12)
    agree(tool.output("ode", "gradient", given), exact[-1] / x, 1e-12)


def test_det(tool):
    A = np.random.default_rng(0).random((4, 4))
    given = {"A": A.ravel().tolist(), "ell": 4}
    agree(tool.output("det", "primal", given), np.linalg.det(A), 1e-12)
    agree(tool.output("det", "gradient", given), (np.linalg.det(A) * np.linalg.inv(A).T).ravel(), 1e-10)


def _mixture_density(alpha, mu, q, lower, x, gamma, m):
    """The posterior from its definition: densities of Gaussians and of Wishart's distribution, nothing simplified."""
    from scipy.stats import wishart

    n, d = x.shape
    weights = np.exp(alpha) / np.exp(alpha).sum()
    precisions = []
    for k in range(alpha.size):
        Q = np.diag(np.exp(q[k]))
        Q[np.triu_indices(d, 1)[::-1]] = lower[k]
        precisions.append(Q.T @ Q)
    total = 0.0
    for point in x:
        density = 0.0
        for k, precision in enumerate(precisions):
            r = point - mu[k]
            density += weights[k] * math.exp(-0.5 * r @ precision @ r) * math.sqrt(np.linalg.det(precision))
        total += math.log(density / (2.0 * math.pi) ** (0.5 * d))
    return total + sum(wishart.logpdf(p, d + m + 1, np.eye(d) / gamma**2) for p in precisions)


def test_gmm(tool):
    rng = np.random.default_rng(0)
    n, d, k, gamma, m = 4, 3, 2, 1.2, 1
    parts = [rng.normal(size=k), rng.random((k, d)), 0.3 * rng.normal(size=(k, d)), rng.normal(size=(k, 3))]
    x = rng.normal(size=(n, d))
    given = dict(zip(("alpha", "mu", "q", "l", "x"), [part.tolist() for part in (*parts, x)]))
    given |= {"d": d, "k": k, "n": n, "gamma": gamma, "m": m}
    agree(tool.output("gmm", "objective", given), _mixture_density(*parts, x, gamma, m), 1e-10)
    answer = tool.output("gmm", "jacobian", given)
    for place, name in enumerate(("alpha", "mu", "q", "l")):
        moved = [lambda v, p=p, place=place: v if p == place else parts[p] for p in range(4)]
        expected = slope(lambda v, moved=moved: _mixture_density(*(f(v) for f in moved), x, gamma, m), parts[place])
        agree(answer[name], expected)


def test_gmm_in_the_older_layout(tool):
    rng = np.random.default_rng(1)
    alpha, mu, q, lower, x = (
        rng.random(2),
        rng.random((2, 2)),
        rng.random((2, 2)),
        rng.random((2, 1)),
        rng.random((3, 2)),
    )
    sizes = {"d": 2, "k": 2, "n": 3, "gamma": 1.0, "m": 0, "alpha": alpha.tolist(), "x": x.tolist()}
    new = tool.output("gmm", "jacobian", sizes | {"mu": mu.tolist(), "q": q.tolist(), "l": lower.tolist()})
    icf = np.concatenate([q, lower], axis=1)
    old = tool.output("gmm", "jacobian", sizes | {"means": mu.tolist(), "icf": icf.tolist()})
    joined = np.concatenate([new["q"], new["l"]], axis=1)
    agree(old, np.concatenate([new["alpha"], np.ravel(new["mu"]), joined.ravel()]), 1e-14)


def test_lstm(tool):
    rng = np.random.default_rng(0)
    main, extra, state = rng.normal(size=(4, 8)), rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    sequence = (rng.random((4, 2)) < 0.5).astype(float)
    given = {"main_params": main, "extra_params": extra, "state": state, "sequence": sequence}
    given = {name: value.tolist() for name, value in given.items()}
    agree(tool.output("lstm", "objective", given), _lstm_by_letter(main, extra, state, sequence), 1e-12)
    expected = [
        slope(lambda v: _lstm_by_letter(v, extra, state, sequence), main).ravel(),
        slope(lambda v: _lstm_by_letter(main, v, state, sequence), extra).ravel(),
    ]
    agree(tool.output("lstm", "jacobian", given), np.concatenate(expected))


def _lstm_by_letter(main, extra, state, sequence):
    """One unit at a time, as the definition reads."""
    width = extra.shape[1]
    hidden, cell = state[0::2].copy(), state[1::2].copy()
    total = 0.0
    for now, then in itertools.pairwise(sequence):
        signal = now * extra[0]
        for layer in range(hidden.shape[0]):
            weight, bias = main[2 * layer].reshape(4, width), main[2 * layer + 1].reshape(4, width)
            for j in range(width):
                given = (signal[j], hidden[layer, j], signal[j], hidden[layer, j])
                z = [g * w + b for g, w, b in zip(given, weight[:, j], bias[:, j])]
                forget, ingate, outgate = (1.0 / (1.0 + math.exp(-v)) for v in z[:3])
                cell[layer, j] = cell[layer, j] * forget + ingate * math.tanh(z[3])
                hidden[layer, j] = outgate * math.tanh(cell[layer, j])
            signal = hidden[layer]
        guess = signal * extra[1] + extra[2]
        total += float(np.sum(then * (guess - math.log(np.exp(guess).sum() + 2.0))))
    return -total / (width * (len(sequence) - 1))


def test_kmeans(tool):
    points = np.random.default_rng(0).random((12, 2))
    centroids = points[-3:] + 0.01
    nearest = ((points[:, None] - centroids[None]) ** 2).sum(2)
    given = {"points": points.tolist(), "centroids": centroids.tolist()}
    agree(tool.output("kmeans", "cost", given), nearest.min(1).sum(), 1e-12)
    # gradient 2 sum (c - p) over the cluster, Hessian 2 times its size
    means = np.array([points[nearest.argmin(1) == k].mean(0) for k in range(3)])
    agree(tool.output("kmeans", "dir", given), centroids - means, 1e-10)


def test_ba(tool):
    rng = np.random.default_rng(0)
    cam, x, weight, feat = rng.normal(size=11), rng.normal(size=3) + [0, 0, 9], 0.7, rng.normal(size=2)
    n, m, p = 2, 3, 5
    given = {"n": n, "m": m, "p": p, "cam": cam.tolist(), "x": x.tolist(), "w": weight, "feat": feat.tolist()}
    value = tool.output("ba", "objective", given)
    assert value["w_err"] == {"element": 1.0 - weight * weight, "repeated": p}
    error = objectives.reprojection(cam[None], x[None], np.array([weight]), feat[None])[0]
    agree(value["reproj_error"]["elements"], error, 1e-14)
    answer = tool.output("ba", "jacobian", given)

    def errors(everything):
        return _pixel(everything[:11], everything[11:14], everything[14], feat)

    everything = np.concatenate([cam, x, [weight]])
    rows = [slope(lambda v, k=k: errors(v)[k], everything) for k in range(2)]
    agree(answer["vals"], [*rows[0], *rows[1], -2.0 * weight])
    assert answer["rows"] == [*range(0, 450, 15)][:11] + answer["rows"][11:] and answer["rows"][-1] == 31 * p
    first = [*range(11), *range(11 * n, 11 * n + 3), 11 * n + 3 * m]
    assert answer["cols"] == [*first, *first, 11 * n + 3 * m + p - 1]


def _pixel(cam, x, weight, feature):
    """Projection with the rotation as the exponential of a cross product matrix."""
    from scipy.linalg import expm

    r = cam[:3]
    cross = np.array([[0.0, -r[2], r[1]], [r[2], 0.0, -r[0]], [-r[1], r[0], 0.0]])
    a = expm(cross) @ (x - cam[3:6])
    flat = a[:2] / a[2]
    r2 = flat @ flat
    return weight * (flat * (1.0 + cam[9] * r2 + cam[10] * r2**2) * cam[6] + cam[7:9] - feature)


def _hand(rng, complicated):
    bones, vertices, points = 22, 7, 3
    rigid = rng.normal(size=(2, bones, 4, 4)) * 0.3 + np.eye(4)
    rigid[:, :, 3] = (0.0, 0.0, 0.0, 1.0)
    hand = {
        "bone_count": bones,
        "bone_names": [f"bone{i}" for i in range(bones)],
        "parents": [-1, 0, *[0 if i % 4 == 0 else i + 1 for i in range(20)]],
        "base_relatives": rigid[0].tolist(),
        "inverse_base_absolutes": rigid[1].tolist(),
        "base_positions": np.concatenate([rng.normal(size=(vertices, 3)), np.ones((vertices, 1))], axis=1).tolist(),
        "weights": rng.random((vertices, bones)).tolist(),
        "triangles": rng.integers(0, vertices, (4, 3)).tolist(),
        "is_mirrored": True,
    }
    places = rng.integers(0, 4, points).tolist()
    data = {"model": hand, "correspondences": places, "points": rng.normal(size=(points, 3)).tolist()}
    us = rng.random((points, 2)).tolist() if complicated else []
    return {"theta": (0.5 * rng.normal(size=26)).tolist(), "data": data, "us": us}


def _hand_by_definition(theta, us, given):
    """Forward kinematics with SciPy's rotations."""
    from scipy.spatial.transform import Rotation

    hand = given["data"]["model"]
    angles = np.zeros((hand["bone_count"], 3))
    for finger in range(5):
        bend, spread, second, third = theta[6 + 4 * finger : 10 + 4 * finger]
        angles[2 + 4 * finger] = bend, spread, 0.0
        angles[3 + 4 * finger, 0], angles[4 + 4 * finger, 0] = second, third
    positions, weights = np.array(hand["base_positions"]), np.array(hand["weights"])
    absolute, vertices = [], 0.0
    for i, (x, z, y) in enumerate(angles):
        turn = np.eye(4)
        turn[:3, :3] = Rotation.from_euler("ZYX", [z, y, x]).as_matrix()
        relative = np.array(hand["base_relatives"][i]) @ turn
        parent = hand["parents"][i]
        absolute.append(relative if parent < 0 else absolute[parent] @ relative)
        moved = positions @ (absolute[i] @ np.array(hand["inverse_base_absolutes"][i])).T
        vertices = vertices + weights[:, i : i + 1] * moved[:, :3]
    vertices[:, 0] *= -1.0
    vertices = vertices @ Rotation.from_rotvec(theta[:3]).as_matrix().T + theta[3:6]
    places, points = np.array(given["data"]["correspondences"]), np.array(given["data"]["points"])
    if us is None:
        return (points - vertices[places]).ravel()
    corners = vertices[np.array(hand["triangles"])[places]]
    thirds = np.concatenate([us, 1.0 - us.sum(1, keepdims=True)], axis=1)
    return (points - np.einsum("pc,pcx->px", thirds, corners)).ravel()


@pytest.mark.parametrize("complicated", [False, True])
def test_ht(tool, complicated):
    given = _hand(np.random.default_rng(0), complicated)
    theta, us = np.array(given["theta"]), np.array(given["us"]) if complicated else None
    error = _hand_by_definition(theta, us, given)
    agree(tool.output("ht", "objective", given), error, 1e-12)
    columns = [slope(lambda v, k=k: _hand_by_definition(v, us, given)[k], theta) for k in range(error.size)]
    expected = np.array(columns)
    if complicated:
        own = [slope(lambda v, k=k: _hand_by_definition(theta, v, given)[k], us)[k // 3] for k in range(error.size)]
        expected = np.concatenate([np.array(own), expected], axis=1)
    agree(tool.output("ht", "jacobian", given), expected)


@pytest.mark.slow
@pytest.mark.parametrize("modes", ["rr", "rf", "fr", "ff"])
def test_particle(tool, modes):
    agree(tool.output("particle", modes, {"w": 0.0}), 0.2071918746486116, 1e-8)  # the suite's own value


@pytest.mark.slow
@pytest.mark.parametrize("modes", ["rr", "rf", "fr", "ff"])
def test_saddle(tool, modes):
    agree(tool.output("saddle", modes, {"start": [1.0, 1.0]}), [8.246324826140356e-06] * 4, 1e-8)
