"""Functions and methods that write into arrays, and arrays that share memory."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=4),)


def matrix(rng):
    return (rng.normal(size=(3, 4)),)


def system(rng):
    return (rng.normal(size=(3, 3)) + 4 * np.eye(3), rng.normal(size=3))


@program(matrix)
def transpose_store(a):
    b = a * 1.0
    b.T[1] = a[0, :3]
    b.T[2, 0] *= 3.0
    return np.sum(b * b * b)


@program(vector)
def swapaxes_store(x):
    b = np.outer(x, x)
    np.swapaxes(b, 0, 1)[1] = x * 2
    np.moveaxis(b, 0, 1)[2] *= x
    return np.sum(b * b * x)


@program(vector)
def split_is_view(x):
    y = x * 2.0
    a, b = np.split(y, 2)
    a[0] = x[3] * 5.0
    y[3] = x[0] * x[1]
    return np.sum(y * y) + b[1] * a[0]


@program(vector)
def array_split_view(x):
    y = x * 2.0
    parts = np.array_split(y, 3)
    parts[0][1] = x[3] * 5.0
    return np.sum(y * y)


@program(vector)
def hsplit_view(x):
    y = np.outer(x, x)
    a, b = np.hsplit(y, 2)
    a[:] = 1.0 * x[0]
    return np.sum(y * y)


@program(vector)
def unpack_rows_view(x):
    y = np.stack([x, x * 2.0])
    a, b = y
    a[0] = b[1] * 5.0
    y[1, 2] = x[0]
    return np.sum(y * y) + b[2]


@program(vector)
def asarray_is_same(x):
    y = x * 2.0
    a = np.asarray(y)
    b = np.array(y)
    c = np.array(y, copy=False) if False else np.asarray(y, dtype=float)
    a[0] = 9.0 * x[1]
    b[1] = 3.0
    c[2] = x[0]
    return np.sum(y * y) + np.sum(b)


@program(vector)
def squeeze_expand_view(x):
    y = x * 2.0
    a = np.expand_dims(y, 0)
    b = y[None, :, None]
    a[0, 1] = x[2] * 5
    b[0, 2, 0] = x[0]
    np.squeeze(b)[0] = x[3]
    return np.sum(y * y * x)


@program(vector)
def copyto(x):
    y = np.zeros(4)
    np.copyto(y, x * 2.0)
    np.copyto(y[1:], x[0])
    return np.sum(y * y * x)


@program(vector)
def copyto_where(x):
    y = x * 2.0
    np.copyto(y, x * x, where=x > 0)
    return np.sum(y * y * x)


@program(vector)
def fill(x):
    y = x * 2.0
    y[1:].fill(x[0])
    y[:1].fill(3)
    return np.sum(y * y * x)


@program(vector)
def fill_diag(x):
    y = np.outer(x, x)
    np.fill_diagonal(y, x * 2)
    np.fill_diagonal(y[1:, 1:], x[0])
    return np.sum(y * y * x)


@program(vector)
def sort_inplace(x):
    y = x * 2.0
    z = y[1:]
    z.sort()
    return np.sum(y * y * x)


@program(vector)
def sort_kwargs(x):
    y = np.outer(x, x)
    y.sort(axis=0)
    return np.sum(y * y * x)


@program(vector)
def partition_inplace(x):
    y = x * 2.0
    y.partition(2)
    return y[2] * x[0]


@program(vector)
def out_positional(x):
    y = np.empty(4)
    r = np.exp(x, y)
    np.multiply(x, y, out=y)
    np.add(y, 1.0, y)
    r += x
    return np.sum(y * y)


@program(vector)
def out_reduction(x):
    y = np.outer(x, x)
    s = np.empty(4)
    r = np.sum(y, axis=0, out=s)
    np.cumsum(s, out=s)
    np.dot(y, x, out=r)
    np.clip(s, -1.0, 1.0, out=s)
    return np.sum(s * s * x)


@program(vector)
def ufunc_casting(x):
    y = np.zeros(4, dtype=np.int64)
    y[:] = x * 10
    y[0] = x[1] * 100
    return np.sum(y) * x[0]


@program(vector)
def nan_to_num_inplace(x):
    y = x * 2.0
    np.nan_to_num(y, copy=False, nan=0.0)
    return np.sum(y * y)


@program(vector)
def ufunc_at(x):
    y = x * 2.0
    np.add.at(y, [0, 0, 1], x[:3])
    np.subtract.at(y, [1, 1], x[0])
    return np.sum(y * y)


@program(vector)
def repeated_index_store(x):
    y = np.zeros(4)
    y[[0, 0, 1]] = x[:3]
    y[[2, 2]] += x[:2]
    return np.sum(y * y)


@program(vector)
def mask_store(x):
    y = x * 2.0
    y[y > 0] = x[0]
    y[x < 0] *= x[1]
    return np.sum(y * y)


@program(vector)
def mask_then_changed(x):
    y = x * 2.0
    m = y > 0
    y[m] = -y[m] * x[0]
    y[m] = y[m] * y[m]
    m[0] = not m[0]
    y[m] = x[1]
    return np.sum(y * y)


@program(vector)
def index_array_changes(x):
    y = np.zeros(4)
    k = np.array([0, 1])
    y[k] = x[k]
    k += 1
    y[k] += x[k] * x[0]
    k[0] = 3
    y[k] *= y[k]
    return np.sum(y * y)


@program(vector)
def fancy_read_is_copy(x):
    y = x * 2.0
    z = y[[0, 1]]
    z[0] = 100.0
    w = y[y > -100]
    w[1] = 100.0
    t = y.take([1, 2])
    t[0] = x[0]
    return np.sum(y * y) + t[0] * z[1] * w[0]


@program(vector)
def fancy_aug(x):
    y = x * 2.0
    y[[3, 1]] += y[[1, 3]]
    return np.sum(y * y * x)


@program(vector)
def resize_function(x):
    y = np.resize(x, 6)
    return np.sum(y * np.arange(6.0))


@program(vector)
def inplace_ops(x):
    y = x * 2.0
    y += x
    y -= 1.0
    y *= x
    y /= 3.0
    y **= 2
    return np.sum(y)


@program(vector)
def inplace_matmul_mod(x):
    y = np.outer(x, x) + np.eye(4)
    y @= y
    z = x * 3.0
    z //= 1.0
    w = x * 7.0
    w %= 2.0
    return np.sum(y) + np.sum(z * x) + np.sum(w)


@program(vector)
def inplace_int_float(x):
    y = np.arange(4)
    y += np.arange(4)
    y *= 2
    return np.sum(y * x)


@program(vector)
def bool_inplace(x):
    m = x > 0
    m |= x < -1
    m &= x < 100
    m ^= x > 50
    return np.sum(x[m] ** 2)


@program(vector)
def inplace_broadcast(x):
    y = np.outer(x, x)
    y += x
    y *= x[:, None]
    y[1] -= y[:, 1]
    return np.sum(y * y)


@program(vector)
def self_transposed_inplace(x):
    y = np.outer(x, x * x)
    y += y.T
    y -= y[::-1, ::-1] * 0.5
    y[:] = y.T
    y[1:] = y[:-1] * 2
    return np.sum(y * y)


@program(vector)
def reshape_rebound(x):
    y = x * 2.0
    y = y[1:]
    n = y.shape[0]
    z = np.zeros(n)
    y = y[1:]
    z[: y.shape[0]] = y
    return np.sum(z * z) * n * len(y)


@program(vector)
def param_rebound_shape(x):
    n = x.shape[0]
    x = x[1:]
    z = np.ones(x.shape[0]) * x
    for i in range(n - 1):
        z[i] *= x[i]
    x = x[1:]
    return np.sum(z) * n + np.sum(np.ones((len(x), n)) * x[:, None] ** 2)


@program(vector)
def shape_tuple_kept(x):
    s = x.shape
    x = x[1:]
    return np.sum(np.ones(s)) * np.sum(x * x) + s[0]


@program(vector)
def size_kept(x):
    n = x.size
    m = len(x)
    x = x[1:]
    return np.sum(x * x) * n * m


@program(vector)
def write_to_input_and_return_it(x):
    x[0] = x[1] * x[2]
    x += 1.0
    return np.sum(x * x)


@program(lambda rng: (rng.normal(size=4), rng.normal(size=4)), argnums=(0, 1))
def inputs_swapped_and_written(a, b):
    for i in range(3):
        a, b = b, a
        a[i] = a[i] * b[0]
    return np.sum(a * b * b)


@program(vector)
def returns_alias_pair(x):
    y = x * 2.0
    z = y
    z[0] = x[1]
    return np.sum(y) * np.sum(z)


@program(vector)
def where_eval(x):
    y = x * 2.0

    def f():
        y[0] = y[0] * 3
        return y * x

    z = np.where(x > 0, f(), y)
    return np.sum(z * y)


@program(vector)
def local_array_in_list_mutated(x):
    l = [np.zeros(2) for _ in range(2)]
    l[0][0] = x[0]
    l[1][:] = l[0] + x[1]
    l[0] += l[1] * x[2]
    m = [np.zeros(2)] * 2
    m[0][0] = x[3]
    m[1][1] = m[0][0] * x[1]
    return np.sum(l[0] * l[1]) + np.sum(m[0] * m[1])


@program(vector)
def dynamic_list_alias(x):
    l = []
    for v in x:
        l.append(v * 2.0)
    m = l
    m.append(x[0])
    return sum(l) * len(l)


@program(vector)
def dynamic_list_of_copies(x):
    y = x * 1.0
    l = []
    for v in x:
        l.append(y.copy())
        y[0] += v
        y *= x
    return np.sum(l[0] * l[1]) + np.sum(np.array(l) ** 2)


@program(lambda rng: (rng.normal(size=4), np.ones(4)), fills=("y",))
def filled_and_then_rebound(x, y):
    y[:] = x * x
    y = y * 3.0
    y[0] = x[1]


@program(lambda rng: (rng.normal(size=4), np.ones(4)), fills=("y",))
def filled_by_another_name(x, y):
    z = y
    z[1:] = np.sin(x[1:])
    y = x[:2] * 2.0
    z[0] *= y[1]


@program(lambda rng: (rng.normal(size=5), rng.normal(size=3)), (0, 1), fills=("b",))
def fills_from_a_selection_that_it_changes(x, b):
    """The selection is a copy: x is not written."""
    y = x[[0, 1]]
    y[0] = 2.0 * x[1]
    b[:2] = y * b[0]


@program(matrix)
def values_over_and_over(a):
    y = a * 2.0
    np.putmask(y, y > 0.5, a[0, :2])
    z = a[0] * 3.0
    np.putmask(z, z < 0.0, a[1, :3])
    np.place(z, z > 1.0, a[2])
    return np.sum(y * y * a) + np.sum(z * z)
