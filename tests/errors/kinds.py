"""Arguments and results that have no derivative."""

import numpy as np
import scipy.sparse

from tests.errors.registry import gradient, refused


def both():
    return np.array([1.0, 2.0]), 3


@refused(both, gradient(1))
def integer_argument(x, n):
    return np.sum(x**n)


@refused(both, gradient((0, 1)))
def one_of_two_is_an_integer(x, n):
    return np.sum(x**n)


@refused(lambda: (np.array([1, 2, 3]),))
def integer_array(x):
    return np.sum(x * x)


@refused(lambda: (True,))
def boolean_argument(flag):
    return 1.0 if flag else 2.0


@refused(lambda: ("square", 2.0))
def string_argument(kind, x):
    return x * x if kind == "square" else x


@refused(lambda: (None, 2.0))
def none_argument(scale, x):
    return x * x if scale is None else x * scale


@refused(lambda: (np.array([1.0, "a", None], dtype=object),))
def object_array_argument(x):
    return np.sum(x)


@refused(lambda: (np.zeros(2, dtype=[("mass", "f8"), ("speed", "f8")]),))
def record_array_argument(x):
    return np.sum(x["mass"])


@refused(lambda: (np.matrix([[1.0, 2.0]]),))
def matrix_argument(x):
    return np.sum(x)


@refused(lambda: (np.ma.masked_array([1.0, 2.0], mask=[True, False]),))
def masked_array_argument(x):
    return x.sum()


@refused(lambda: (scipy.sparse.csr_matrix(np.eye(2)), np.ones(2)))
def sparse_argument(A, x):
    return np.sum(A @ x)


@refused(lambda: (2.0, scipy.sparse.csr_matrix(np.eye(2))))
def sparse_argument_not_asked_for(s, A):
    return s * A.sum()


@refused(lambda: (np.array(["a", "b"]),))
def text_array(x):
    return float(len(x))


@refused(lambda: (np.array(["2020-01-01"], dtype="datetime64[D]"),))
def date_array(x):
    return float(len(x))


@refused(lambda: (object(),))
def any_object(x):
    return 1.0


@refused(lambda: (np.array([1.0, 2.0]),))
def array_result(x):
    return x * x


@refused(lambda: (np.array([1.0, 2.0]),))
def tuple_result(x):
    return x[0], x[1]


@refused(lambda: (2.0,))
def integer_result(x):
    return int(x)


@refused(lambda: (2.0,))
def complex_result(x):
    return x * 1j


@refused(lambda: (2.0,))
def no_result(x):
    y = x * x


@refused(lambda: (2.0,))
def text_result(x):
    return f"{x}"


@refused(lambda: (np.array([1.0, 2.0]), 3.0), gradient((0, 1)))
def number_that_chooses_the_norm(x, p):
    return np.linalg.norm(x, ord=p)


@refused(lambda: (np.array([1.0, 2.0]), 1.0), gradient((1,)))
def number_that_counts_freedoms(x, ddof):
    return np.std(x, ddof=ddof)
