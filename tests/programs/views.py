"""Views of views, views that are returned, layouts, and arrays that are handed on."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=4),)


def matrix(rng):
    return (rng.normal(size=(3, 4)),)


def fortran(rng):
    return (np.asfortranarray(rng.normal(size=(3, 4))),)


@program(vector)
def reshape_store_strided_bar(x):
    y = x * 2.0
    y.reshape(2, 2)[0] = x[0] * 3
    A = np.stack([y, x], axis=1)
    return np.sum(A * A * np.arange(8.0).reshape(4, 2))


@program(vector)
def reshape_store_strided_bar2(x):
    y = x * 2.0
    y.reshape(2, 2)[0] *= x[0] * 3
    A = np.zeros((4, 2))
    A[:, 1] = y
    return np.sum(A * A * np.arange(8.0).reshape(4, 2))


@program(vector)
def atleast_store(x):
    y = x * 2.0
    np.atleast_2d(y)[0, 1] = x[2] * 5
    np.asarray(y)[2] = x[0] * x[1]
    y.real[3] = x[0]
    np.rollaxis(y[None], 1)[0] = x[1]
    return np.sum(y * y * x)


@program(vector)
def conj_real_alias(x):
    y = x * 2.0
    z = y.conj()
    z[0] = x[1]
    return np.sum(y * y)


@program(vector)
def astype_no_copy(x):
    y = x * 2.0
    z = y.astype(np.float64, copy=False)
    z[0] = x[1]
    w = y.astype(float)
    w[1] = 5.0
    return np.sum(y * y) + np.sum(w)


@program(vector)
def chkfinite_alias(x):
    y = x * 2.0
    z = np.asarray_chkfinite(y)
    z[0] = x[1]
    return np.sum(y * y)


@program(vector)
def array_copy_false(x):
    y = x * 2.0
    z = np.asarray(y, copy=True)
    z[0] = x[1]
    w = np.array(y, copy=True)
    w[1] = 5.0
    return np.sum(y * y) + np.sum(z * w)


@program(vector)
def array_copy_none(x):
    y = x * 2.0
    w = np.array(y, copy=None)
    w[1] = 5.0 * x[0]
    return np.sum(y * y)


@program(vector)
def matmul_out(x):
    a = np.outer(x, x)
    c = np.zeros((4, 4))
    np.matmul(a, a, out=c)
    np.matmul(a, a, c)
    return np.sum(c * a)


@program(vector)
def transposes(x):
    a = np.outer(x, x * x)
    np.permute_dims(a)[0, 1] = x[3]
    np.linalg.matrix_transpose(a)[2, 1] = x[3]
    a.mT[1, 0] = x[2]
    a.transpose(1, 0)[3, 0] *= x[1]
    np.swapaxes(a, 0, 1)[3] += x
    return np.sum(a * a)


@program(vector)
def scalar_aug_no_alias(x):
    a = x[0]
    b = a
    b += x[1]
    c = np.sum(x)
    d = c
    d *= 2.0
    return a * b * c * d


@program(vector)
def list_repeat_alias(x):
    m = [np.zeros(2)] * 2
    m[0][0] = x[3]
    m[1][1] = m[0][0] * x[1]
    t = (np.zeros(2),) * 2
    t[0][0] = x[1]
    return np.sum(m[0] * m[1]) + t[1][0]


@program(vector)
def generator_of_allocations(x):
    a, b = (np.zeros(2) for _ in range(2))
    a[0] = x[0]
    b[0] = x[1]
    return a[0] * b[0]


@program(vector)
def tuple_unpack_alias(x):
    y = x * 2
    a, b = y, y
    a[0] = x[1]
    b[1] = a[0] * x[2]
    return np.sum(y * y)


@program(vector)
def callee_returns_view(x):
    def tail(a):
        return a[1:]

    y = x * 2
    t = tail(y)
    t[0] = x[3]
    tail(t)[0] *= x[0]
    return np.sum(y * y)


@program(vector)
def callee_returns_argument(x):
    def same(a):
        return a

    y = x * 2
    z = same(y)
    z += x
    return np.sum(y * z)


@program(vector)
def view_in_tuple(x):
    y = x * 2
    p = (y[:2], y[2:])
    p[0][0] = x[3]
    y[3] = x[0]
    return np.sum(p[1] ** 2) + y[0] * p[0][1]


@program(vector)
def ping_pong(x):
    a = x * 1.0
    b = np.zeros(4)
    for i in range(3):
        b[1:] = a[:-1] * x[1:]
        b[0] = a[3]
        a, b = b, a
    return np.sum(a * a * b)


@program(vector)
def b1(x):
    y = x * 2.0
    y.reshape(2, 2)[0] = x[0] * 3
    z = y[::-1]
    return np.sum(z * z * np.arange(4.0))


@program(vector)
def b2(x):
    y = x * 2.0
    y.reshape(2, 2)[0] *= x[0] * 3
    z = np.flip(y) + 0.0
    return np.sum(z * z * np.arange(4.0))


@program(vector)
def b3(x):
    y = x * 2.0
    y.reshape(2, 2)[0] *= x[0] * 3
    z = np.outer(y, x)
    w = z[:, ::2].T
    return np.sum(w * w)


@program(vector)
def b4(x):
    y = x * 2.0
    y.reshape(2, 2)[0] *= x[0] * 3
    return np.sum(np.diagonal(np.diag(y) @ np.diag(x)) ** 2)


@program(vector)
def b5(x):
    y = x * 2.0
    y.reshape(2, 2)[0] *= x[0] * 3
    a = np.expand_dims(y, 1) * np.ones((1, 3))
    return np.sum(a[:, 1] * x)
