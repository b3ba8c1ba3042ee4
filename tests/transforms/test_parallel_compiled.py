"""Loops shared out among threads, compiled, in a process of its own that has three threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

COMPILED = """
import json, os, sys, threading, time, warnings
import numba, numpy as np
import srcad

warnings.simplefilter("error", numba.NumbaWarning)  # such as that a function cannot be cached

@srcad.differentiate(argnums=(0, 1), backend="numba", parallel=True)
def scattered(x, w, idx):
    s = 0.0
    y = np.zeros(50)
    for i in range(x.shape[0]):
        t = np.sin(x[i]) * w[idx[i]]
        y[idx[i]] += t
        s += t * t
    return s * np.sum(y * y)

@srcad.differentiate(backend="numba", parallel=True)
def smoothed(A, steps):
    B = A.copy()
    for _ in range(steps):
        B[1:-1, 1:-1] = 0.2 * (A[1:-1, 1:-1] + A[1:-1, :-2] + A[1:-1, 2:] + A[2:, 1:-1] + A[:-2, 1:-1])
        A[1:-1, 1:-1] = B[1:-1, 1:-1]
    return np.sum(A * A)

rng = np.random.default_rng(0)

@srcad.differentiate(backend="numba", parallel=True)
def windows(kernel, images):
    n = images.shape[1] - 2
    maps = np.empty((images.shape[0], n, n, kernel.shape[1]))
    for i in range(n):
        for j in range(n):
            part = images[:, i : i + 3, j : j + 3].copy()
            maps[:, i, j, :] = part.reshape(images.shape[0], -1) @ kernel
    return np.sum(maps * maps)

from srcad_runtime import workers
images = rng.random((9, 24)), rng.random((32, 40, 40))
with open("emitted.py", "w") as file:
    file.write(windows.source_for(*images))
sys.path.insert(0, ".")
import emitted  # holds Python's lock while it runs, and threads come to the first call of BLAS in this process
found = [emitted.windows_grad(*images)[1].tobytes()]
said = {"shared windows": int(workers._table[workers.LOOP])}
for threads in (1, 2, 3):
    numba.set_num_threads(threads)
    found.append(windows.grad(*images).tobytes())
said["windows"] = len(set(found))
by_numpy = srcad.grad(windows.__wrapped__, backend="numpy")(*images)
said["right windows"] = bool(np.allclose(windows.grad(*images), by_numpy))

n = 60_000
args = rng.random(n), rng.random(50), rng.integers(0, 50, n)
field = rng.random((400, 410))

def both():
    return [*map(np.asarray, (scattered.value_and_grad(*args)[0], *scattered.grad(*args))), smoothed.grad(field, 3)]

first = both()
for threads in (1, 2, 3):
    numba.set_num_threads(threads)
    said[f"same with {threads}"] = all(a.tobytes() == b.tobytes() for a, b in zip(first, both()))
plain = [*srcad.grad(scattered.__wrapped__, (0, 1), backend="numpy")(*args),
         srcad.grad(smoothed.__wrapped__, backend="numpy")(field, 3)]
said["right"] = all(np.allclose(a, b, rtol=1e-9, atol=1e-9) for a, b in zip(first[1:], plain))

@srcad.differentiate(argnums=(0, 1), backend="numba", parallel=True)
def attended(q, k, v):
    weights = np.exp(q @ k.T / 9.0)
    weights = weights / np.sum(weights, axis=1).reshape(q.shape[0], 1)
    return np.sum((weights @ v) ** 2) + np.sum(np.sin(q @ v[0]))

import ctypes, scipy.linalg.cython_blas as blas
found_threads = getattr(ctypes.CDLL(blas.__file__), "scipy_openblas_get_num_threads", lambda: 1)
before = found_threads()
matrices = [rng.standard_normal((300, 60)) / 8, rng.standard_normal((260, 60)) / 8, rng.standard_normal((260, 60))]
products = []
for threads in (3, 1, 2):
    numba.set_num_threads(threads)
    products.append(b"".join(g.tobytes() for g in attended.grad(*matrices)))
numba.set_num_threads(3)
said["products"] = len(set(products)) == 1 and all(np.allclose(g, w, rtol=1e-9, atol=1e-9) for g, w in zip(
    attended.grad(*matrices), srcad.grad(attended.__wrapped__, (0, 1), backend="numpy")(*matrices)))
said["products shared out"], said["blas"] = attended.source.count("parallel_products.matmul"), found_threads() == before

from srcad_runtime import parallel_products
multiply = numba.njit(lambda a, b: parallel_products.matmul(a, b))
said["shapes"] = []
SHAPES = (300, 90, 110), (257, 1, 300), (1000, 300, 1), (3, 4, 5), (0, 3, 4), (3, 0, 4), (20, 9000, 30), (20, 30, 9000)
SHAPES += (600, 500, None), (None, 500, 600), (3, 4, None), (None, 0, 3), (0, 5, None)  # and vectors
for kind in (np.float64, np.float32, np.complex128):
    for m, inner, columns in SHAPES:
        for left, right in ("CC", "CF", "FC", "FF"):
            a = np.asarray(rng.standard_normal((m, inner) if m is not None else inner), kind, order=left)
            b = np.asarray(rng.standard_normal((inner, columns) if columns is not None else inner), kind, order=right)
            near = 1e-4 if kind == np.float32 else 1e-12
            found = [multiply(a, b) for count in (1, 2, 3) if numba.set_num_threads(count) is None]
            said["shapes"].append(np.allclose(found[0], a @ b, rtol=near, atol=100 * near))
            said["shapes"].append(found[0].shape == (a @ b).shape and len({each.tobytes() for each in found}) == 1)
said["unlike"] = []
for kinds in (((3, 4), (3, 4)), ((600, 500), (400,)), ((400,), (500, 600)), ((600, 500), (400, 30))):
    try:
        said["unlike"].append(multiply(*map(np.ones, kinds)).shape)
    except ValueError as error:
        said["unlike"].append(str(error))
said["blas again"] = found_threads() == before
said["shared"] = scattered.source.count("threads.prange") + smoothed.source.count("threads.prange")

wrong = args[2].copy()
wrong[n - 7] = 50
try:
    scattered.grad(args[0], args[1], wrong)
except Exception as error:
    said["raised"] = f"{type(error).__name__}: {error}"

others = []
def work():
    others.append(all(a.tobytes() == b.tobytes() for a, b in zip(first, both())))
workers = [threading.Thread(target=work) for _ in range(3)]
for worker in workers: worker.start()
for worker in workers: worker.join()
said["in threads"] = others

from srcad_runtime import threads, workers

def started():
    return int(workers._table[workers.STARTED])

def shared():
    return int(workers._table[workers.LOOP])

def in_a_child():
    before = shared()
    same = all(a.tobytes() == b.tobytes() for a, b in zip(first, both()))
    return same and before == 0 and shared() > 0 and started() == 3

said["started"], said["shared out"] = started(), shared()
child = os.fork()
if child == 0:
    os._exit(0 if in_a_child() else 1)
said["in a child"] = os.waitpid(child, 0)[1]

@numba.njit
def wait(turns):
    waited = 1.0
    for _ in range(turns):
        waited = np.sin(waited)
    return waited

@numba.njit
def stretch(first, last, x, k, slow):
    for i in range(first, last):
        x[i] = x[i] * 3 + k + (1 if wait(slow) > 1.0 else 0)

@numba.njit
def many(x, expected, loops, parts, idle, slow):
    waited = 0.0
    for k in range(loops):
        threads.prange(stretch, parts, 0, x.shape[0], x, k, slow)
        if waited < 0.0 or np.any(x != expected[k]):
            return False
        waited += wait(idle)  # threads fall asleep between loops, sooner or later
    return True

said["many"] = []
kinds = (2000, 2, 0, 0), (500, 7, 3, 9), (100, 64, 30_000, 0), (300, 5, 5_000, 2), (200, 6, 0, 40)
for loops, parts, idle, slow in kinds:
    expected = np.zeros((loops + 1, 200), np.int64)
    expected[-1] = np.arange(200)
    for k in range(loops):
        expected[k] = expected[k - 1] * 3 + k
    said["many"].append(many(np.arange(200), expected, loops, parts, idle, slow))

@numba.njit
def two_parts(x, grains):
    parts = threads.parts(2, grains * threads.GRAIN // 2)
    threads.prange(stretch, parts, 0, 2, x, 0, 0)
    return parts

said["of two parts"] = []
for grains in (4, 64):
    time.sleep(0.3)  # threads fall asleep
    workers._table[workers.MISSED], before = 0, shared()
    said["of two parts"].append((two_parts(np.arange(2), grains), shared() - before))
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process with three threads found."""
    file = tmp_path_factory.mktemp("threads") / "compiled.py"
    file.write_text(COMPILED, encoding="utf-8")
    environment = {**os.environ, "NUMBA_NUM_THREADS": "3", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(file)], env=environment, cwd=file.parent, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_number_of_threads_makes_no_difference(said: dict[str, Any]) -> None:
    assert said["same with 1"] and said["same with 2"] and said["same with 3"] and said["right"]
    assert said["shared"] >= 8


def test_an_error_in_a_thread_is_that_of_the_function(said: dict[str, Any]) -> None:
    assert said["raised"] == "IndexError: index 50 is out of bounds for axis 0 with size 50"


def test_python_threads_and_forked_children_get_the_same(said: dict[str, Any]) -> None:
    assert said["in threads"] == [True] * 3 and said["in a child"] == 0


def test_every_part_of_many_loops_is_done_once_and_before_the_next(said: dict[str, Any]) -> None:
    assert said["started"] == 3 and said["shared out"] > 0
    assert said["many"] == [True] * 5


def test_threads_are_woken_for_few_parts_that_take_long(said: dict[str, Any]) -> None:
    assert said["of two parts"] == [[2, 0], [2, 1]]


def test_products_within_shared_loops(said: dict[str, Any]) -> None:
    assert said["shared windows"] >= 4 and said["windows"] == 1 and said["right windows"]


def test_products_beside_shared_loops_are_blocks_of_rows(said: dict[str, Any]) -> None:
    """The same bits on any number of threads; BLAS has its own threads back afterwards."""
    assert said["products"] and said["products shared out"] >= 5 and said["blas"]
    assert said["shapes"] == [True] * 312 and said["blas again"]
    assert said["unlike"] == ["matmul: the inner dimensions differ"] * 4
