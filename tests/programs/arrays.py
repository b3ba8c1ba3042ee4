"""Whole-array code: broadcasting, reductions, shaping, indexing and linear algebra."""

import numpy as np
import scipy.linalg

from tests.programs.registry import program


@program(args=lambda rng: (rng.normal(size=(3, 1)), rng.normal(size=4), 0.7), argnums=(0, 1, 2))
def broadcasting_every_operator(a, b, s):
    c = a * b + s
    d = (c - a) / (2.0 + b * b)
    return np.sum(d**2) + np.sum(-c * s)


@program(args=lambda rng: (rng.normal(size=(3, 4)),), argnums=0)
def reductions_along_axes(a):
    u = a.sum(axis=0) * a.mean(axis=0)
    v = a.max(axis=1) - a.min(axis=1)
    w = np.prod(a, axis=1, keepdims=True) + np.std(a, axis=1, keepdims=True)
    return np.sum(u) * np.sum(v) + np.var(a) + np.sum(w * a)


@program(args=lambda rng: (rng.normal(size=(2, 3, 4)),), argnums=0)
def shapes_moved_around(a):
    b = np.transpose(a, (2, 0, 1)).reshape(4, 6)
    c = np.swapaxes(b, 0, 1)[:, ::-1]
    d = np.expand_dims(c, 1).squeeze(axis=1)
    e = np.moveaxis(a, -1, 0)[1]
    return np.sum(d * np.arange(24.0).reshape(6, 4)) * np.sum(e**2)


@program(args=lambda rng: (rng.normal(size=3), rng.normal(size=(2, 3))), argnums=(0, 1))
def joined_and_split(x, a):
    rows = np.vstack((a, x))
    wide = np.concatenate([rows, rows**2], axis=1)
    left, right = np.split(wide, 2, axis=1)
    stacked = np.stack([x, x * x, a[0]], axis=1)
    tall = np.hstack((x, x[:2]))
    return np.sum(left * right) + np.sum(stacked[:, 1] * stacked[:, 2]) + tall[0] * tall[4]


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def where_clip_maximum(x):
    y = np.where(x > 0.0, np.sqrt(np.abs(x)), x**2)
    z = np.clip(x, -0.5, 0.8) + np.maximum(x, 0.1) * np.minimum(x, 0.2)
    return np.sum(y * z)


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def where_guards_the_branch_not_taken(x):
    return np.sum(np.where(x > 0.0, np.log(np.where(x > 0.0, x, 1.0)), x * x))


@program(args=lambda rng: (rng.normal(size=(4, 3)), np.array([2, 0, 3]), np.array([0, 1, 1])), argnums=0)
def integer_array_indexing(a, rows, cols):
    picked = a[rows, cols]
    table = a[rows]
    return np.sum(picked**2) + np.sum(table * a[:3]) + a[rows, 1] @ picked


@program(args=lambda rng: (rng.normal(size=7),), argnums=0)
def boolean_indexing(x):
    positive = x[x > 0.0]
    return np.sum(positive**2) + np.sum(x[~(x > 0.5)]) * positive[0]


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def cumulative_and_differences(x):
    c = np.cumsum(x)
    d = np.diff(x)
    return np.sum(c * c) + np.sum(d**3) + np.sum(np.cumprod(1.0 + 0.1 * x)) + np.trapezoid(x**2)


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def sorted_and_ranked(x):
    s = np.sort(x)
    order = np.argsort(x)
    return np.sum(s * np.arange(6.0)) + x[order[0]] * x[np.argmax(x)] + np.median(x)


@program(args=lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=3)), argnums=(0, 1, 2))
def products_of_every_kind(a, b, x):
    y = np.dot(a, b)
    z = np.einsum("ij,jk,i->k", a, b, x)
    w = np.tensordot(x, a, axes=(0, 0)) + x @ a
    return np.sum(y * y) + z @ z + np.vdot(w, w) + np.inner(x, x) + np.trace(a.T @ a)


@program(args=lambda rng: (rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 3))), argnums=(0, 1), backends=("numpy",))
def batched_matrix_product(a, b):
    c = a @ b
    return np.sum(np.tanh(c) * np.arange(3.0))


@program(args=lambda rng: (0.5 * rng.normal(size=(3, 3)) + 2.0 * np.eye(3), rng.normal(size=3)), argnums=(0, 1))
def dense_linear_algebra(a, b):
    x = np.linalg.solve(a, b)
    sign, logdet = np.linalg.slogdet(a)
    return x @ x + logdet + np.sum(np.linalg.inv(a) ** 2) + np.linalg.norm(a) + np.linalg.det(a)


@program(args=lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=3)), argnums=(0, 1))
def gaussian_process_likelihood(x, y):
    d = np.sum((x[:, None, :] - x[None, :, :]) ** 2, axis=-1)
    K = np.exp(-0.5 * d) + 0.1 * np.eye(3)
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L, y)
    return 0.5 * alpha @ alpha + np.sum(np.log(np.diag(L)))


@program(args=lambda rng: (rng.normal(size=(4, 4)), rng.normal(size=4)), argnums=(0, 1), backends=("numpy",))
def triangular_and_factored_solves(a, b):
    spd = a @ a.T + np.eye(4)
    c = scipy.linalg.cholesky(spd, lower=True)
    y = scipy.linalg.solve_triangular(c, b, lower=True)
    w = np.linalg.eigvalsh(spd)
    return y @ y + np.sum(np.sqrt(w))


@program(args=lambda rng: (rng.normal(size=(5, 3)), np.array([0, 2, 1, 1, 0])), argnums=0)
def softmax_cross_entropy(logits, labels):
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(5), labels])


@program(
    args=lambda rng: (rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))), argnums=(0, 1, 2)
)
def attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.sum((weights @ v) ** 2)


def _lstm(rng):
    return rng.normal(size=(5, 12)) * 0.5, rng.normal(size=12), rng.normal(size=(4, 2))


@program(args=_lstm, argnums=(0, 1, 2))
def lstm_over_time(w, b, xs):
    h = np.zeros(3)
    c = np.zeros(3)
    for x in xs:
        gates = np.concatenate((x, h)) @ w + b
        i, f, o, g = gates[:3], gates[3:6], gates[6:9], gates[9:]
        c = c / (1.0 + np.exp(-f)) + np.tanh(g) / (1.0 + np.exp(-i))
        h = np.tanh(c) / (1.0 + np.exp(-o))
    return np.sum(h * h)


@program(args=lambda rng: (rng.normal(size=5), rng.normal(size=3)), argnums=(0, 1), backends=("numpy",))
def library_filters(x, h):
    full = np.convolve(x, h)
    padded = np.pad(x, 2)
    rolled = np.roll(x, 1) * np.flip(x)
    tiled = np.tile(h, 2)[:5] + np.repeat(h, 2)[:5]
    return np.sum(full**2) + np.sum(padded[1:6] * tiled) + np.sum(rolled**2)


@program(args=lambda rng: (rng.normal(size=5), np.array([0.0, 1.0, 2.5, 3.0, 4.0])), argnums=0, backends=("numpy",))
def interpolation_and_polynomials(y, knots):
    at = np.array([0.3, 1.7, 3.9])
    return np.sum(np.interp(at, knots, y) ** 2) + np.polyval(y, 0.7) + np.sum(np.gradient(y) ** 2)


@program(args=lambda rng: (rng.normal(size=(3, 4)), 3), argnums=0)
def shapes_used_as_numbers(a, n):
    rows, columns = a.shape
    b = np.zeros((columns, rows + n))
    b[:, :rows] = a.T
    b[1, rows:] = a[0, :n]
    return np.sum(b * b) / b.size * len(a) * a.ndim


@program(args=lambda rng: (0.4, 7), argnums=(0,))
def draws_from_a_seeded_generator(scale, seed):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal(6)
    w = rng.uniform(0.5, 1.5, size=6)
    return np.mean(np.exp(scale * z) * w)


@program(args=lambda rng: (rng.normal(size=4), 0.5), argnums=(0, 1))
def out_arguments_of_ufuncs(x, s):
    y = np.empty(4)
    np.multiply(x, s, out=y)
    np.add(y, x, out=y)
    np.exp(y, y)
    return y.sum()


@program(args=lambda rng: (np.asfortranarray(rng.normal(size=(3, 4))), rng.normal(size=(4, 6))[:, ::2]), argnums=(0, 1))
def layouts_do_not_matter(a, b):
    c = a @ b
    for i in range(3):
        c[i] *= a[i, ::-1][:3]
    return np.sum(c**2)


@program(lambda rng: (rng.normal(size=5),))
def selected_by_lists(x):
    i, j = 1, len(x) - 1
    y = x.copy()
    y[[i, j]] = y[[j, i]] * 2.0
    y[[0, i]] += 1.0
    return (y * np.arange(5.0)) @ x[[0, 1, i, j, 2]]


@program(lambda rng: (rng.normal(size=5),))
def deviations_and_windows(x):
    spectrum = np.fft.rfftfreq(8)[:5] * np.hanning(5) + np.fft.fftfreq(5, 0.5)
    return x.std(ddof=1) * np.var(x, ddof=1) + np.sum(spectrum * x)


@program(lambda rng: (rng.normal(size=5),))
def margins_that_are_computed(x):
    n = len(x) // 2
    return np.sum(np.pad(x, [(n, 1)], mode="edge") ** 2) + np.sum(np.pad(x, (n, 1), mode="reflect") ** 3)


def _branches(rng):
    mask = np.array([True, False, True])
    return rng.normal(size=3), rng.normal(size=(3, 3)), mask


@program(args=_branches, argnums=(0, 1))
def branches_whose_elements_have_moved(x, w, mask):
    """What is computed for a branch of np.where and then moved or summed: the test is not about its elements."""
    turned = np.where(mask, np.tanh(x)[::-1], x) + np.where(mask, np.roll(np.tanh(x), 1), 0.0)
    chosen = np.where(mask, np.tanh(x)[[2, 0, 1]], x) * np.where(mask, np.take(np.exp(x), [1, 2, 0]), x)
    ordered = np.where(mask, np.cumsum(np.tanh(x) * x), x) + np.where(mask, np.sort(np.tanh(x)), x)
    square = np.where(mask, np.tanh(w).T, w) + np.where(mask, np.outer(np.tanh(x), np.exp(x)), w)
    return turned * chosen + ordered + np.where(mask, square @ np.tanh(x), x)


@program(args=_branches, argnums=(0, 1))
def branches_that_are_sums(x, w, mask):
    rows = np.where(mask, np.prod(np.tanh(w), axis=1), x) + np.where(mask, np.sum(np.exp(w) * w, axis=1), x)
    columns = np.where(mask, np.max(np.tanh(w) * w, axis=0), np.linalg.norm(np.tanh(w), axis=0))
    inner = np.where(mask, np.sum(np.where(w > 0.0, np.log(np.abs(w)), 0.0), axis=1), x)
    named = np.tanh(w) * np.exp(w)
    outer = np.outer(x, w[0])
    square = np.where(mask, w, outer - np.mean(outer, axis=1, keepdims=True))
    return rows * columns + square + inner + np.where(x > 0.0, np.min(named, axis=1), x)


@program(args=_branches, argnums=(0, 1))
def branches_that_are_not_taken(x, w, mask):
    """Undefined where they are not taken: nothing of that reaches the gradient."""
    y = np.abs(x) - 0.3
    roots = np.where(y > 0.0, np.sqrt(y) * np.log(y), y)
    total = np.where(np.sum(y) > 1e9, np.sum(np.sqrt(y)), y[0])
    return roots + total + np.where(mask, x, w[0])


@program(args=lambda rng: (rng.normal(size=3), rng.normal()), argnums=(0, 1))
def complex_arrays_with_a_real_beginning(x, s):
    """Made of real variables and a constant imaginary part, turned later by a write."""
    z = x + 1j * np.ones(3)
    z[1] = z[0] * (2.0 + 1j)
    rows = [np.repeat(s, 3) + 1j]
    rows[0][2] = rows[0][1] * 1j
    return np.sum(np.real(z * z)) + np.sum(np.imag(rows[0] * z) ** 2)


@program(args=lambda rng: (rng.random(5),), argnums=0)
def choice_of_a_total_and_of_what_others_hold(x):
    y = np.where(x > 0.5, np.sum(np.exp(x)), x)
    z = np.where(x > 0.5, np.roll(np.sqrt(x), 1), x)
    return np.sum(y * x) + np.sum(z * x)


@program(args=lambda rng: (rng.normal(size=(2, 4, 4)),), argnums=0)
def mask_of_two_axes_beside_a_slice(scores):
    causal = np.tril(np.ones((4, 4), dtype=bool))
    s = scores * 1.0
    s[:, ~causal] *= 0.5
    return np.sum(s**2)


@program(args=lambda rng: (rng.normal(size=9),), argnums=0)
def ranks_in_an_array_of_integers(scores):
    order = np.argsort(-scores)
    ranks = np.empty(9, int)
    ranks[order] = np.arange(9)
    return np.sum(scores * ranks) + scores[order[0]] ** 2


@program(args=lambda rng: (rng.normal(size=6), rng.normal(size=6)), argnums=(0, 1))
def image_to_columns(x, y):
    """A convolution as a product, over windows that a comprehension cuts out; `kernel` is of two arrays' parts."""
    image = np.outer(x, y)
    kernel = np.stack([x[:3], y[:3], x[3:]])
    columns = np.stack([image[i : i + 3, j : j + 3].ravel() for i in range(4) for j in range(4)])
    out = np.maximum(columns @ kernel.ravel(), 0.0).reshape(4, 4)
    return np.sum(out.reshape(2, 2, 2, 2).max(axis=(1, 3)))


@program(args=lambda rng: (rng.normal(size=(3, 5)),), argnums=0)
def greatest_powers_of_rows(w):
    return np.sum(np.max((1.1 + w**2) ** 1.5, axis=1))


@program(args=lambda rng: (rng.normal(size=(3, 5)),), argnums=0)
def greatest_powers_of_rows_as_a_result(w):
    x = np.max(np.abs(1.1 + w**2) ** 1.5, axis=1)
    return x
