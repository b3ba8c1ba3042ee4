"""Loops that can be shared out, loops that cannot, and numbers that parts of a loop collect."""

from __future__ import annotations

import numpy as np

X = np.linspace(0.2, 1.7, 12)
Y = np.cos(np.arange(12.0)) + 2.0
REPEATED = np.array([3, 1, 3, 3, 0, 1, 11, 7, 7, 3, 2, 0])
MATRIX = np.sin(np.arange(42.0)).reshape(6, 7) + 2.0

# lines, arguments
FREE = {
    "elements": (
        """
            for i in range(x.shape[0]):
                y[i] = x[i] * x[i]
            return np.sum(y * y)
        """,
        (X, Y),
    ),
    "shifted": (
        """
            for i in range(x.shape[0] - 1):
                y[i + 1] = x[i] * x[i + 1]
            return np.sum(y * y)
        """,
        (X, Y),
    ),
    "backwards": (
        """
            for i in range(x.shape[0] - 1, -1, -1):
                y[11 - i] = x[i] * x[i]
            return np.sum(y * y)
        """,
        (X, Y),
    ),
    "even and odd": (
        """
            for i in range(x.shape[0] // 2):
                y[2 * i] = x[i]
                y[2 * i + 1] = x[i] * y[2 * i]
            return np.sum(y * y)
        """,
        (X, Y),
    ),
    "by a number": (
        """
            for i in range(x.shape[0] - 1):
                j = i + 1
                y[j] = x[j] * y[j]
            return np.sum(y * y)
        """,
        (X, Y),
    ),
    "rows": (
        """
            for i in range(x.shape[0]):
                for j in range(1, x.shape[1]):
                    x[i, j] = x[i, j] * x[i, j - 1]
            return np.sum(x)
        """,
        (MATRIX,),
    ),
    "views of rows": (
        """
            for i in range(x.shape[0]):
                r = x[i]
                for j in range(1, x.shape[1]):
                    r[j] = r[j] * r[j - 1]
            return np.sum(x)
        """,
        (MATRIX,),
    ),
    "a row in a buffer": (
        """
            t = np.empty(7)
            s = np.empty(1)
            for i in range(x.shape[0]):
                for j in range(7):
                    t[j] = x[i, j] * x[i, j]
                s[0] = t[0] * t[6]
                for j in range(7):
                    x[i, j] = t[6 - j] / s[0]
            return np.sum(x * x)
        """,
        (MATRIX,),
    ),
    "a matrix in a buffer": (
        """
            t = np.empty((7, 7))
            for i in range(x.shape[0]):
                for j in range(7):
                    for l in range(7):
                        t[j, l] = x[i, j] * x[i, l]
                for j in range(7):
                    x[i, j] = t[6 - j, j] + t[j, 0]
            return np.sum(x * x)
        """,
        (MATRIX,),
    ),
    "greatest ones of rows": (
        """
            s = 0.0
            for i in range(x.shape[0]):
                s += np.max(x[i]) ** 2
            return s
        """,
        (MATRIX,),
    ),
    "users' prange": (
        """
            s = 0.0
            for i in prange(x.shape[0]):
                s += x[i] * y[i]
            return s * s
        """,
        (X, Y),
    ),
    "triangle": (
        """
            s = 0.0
            for i in range(x.shape[0]):
                for j in range(i):
                    s += x[i, j] * x[j, i]
            return s
        """,
        (MATRIX,),
    ),
    "while within": (
        """
            s = 0.0
            for i in range(x.shape[0]):
                t = x[i]
                while t < 3.0:
                    t = t * 1.7
                s += t
            return s
        """,
        (X,),
    ),
    "branches": (
        """
            for i in range(x.shape[0]):
                if x[i] > 1.0:
                    y[i] = x[i]
                else:
                    y[i] *= x[i]
            return np.sum(y * y)
        """,
        (X, Y),
    ),
    "no trips": (
        """
            s = 1.0
            for i in range(n):
                s += x[i]
            return s * x[0]
        """,
        (X, Y, 2.0, 0),
    ),
    "times": (
        """
            for t in range(3):
                z = np.zeros(x.shape[0])
                for i in range(1, x.shape[0] - 1):
                    z[i] = x[i - 1] + k * x[i + 1]
                x = z
            return np.sum(x * x)
        """,
        (X, Y, 0.3),
    ),
    "swapped": (
        """
            x = x.copy()
            for t in range(3):
                for i in range(1, x.shape[0] - 1):
                    y[i] = x[i - 1] * x[i + 1]
                x, y = y, x
            return np.sum(x * y)
        """,
        (X, Y),
    ),
}

# lines, arguments, what the text says of the loop that stays
BOUND = {
    "recurrence": (
        """
            for i in range(1, n):
                x[i] = x[i] * x[i - 1]
            return x[11]
        """,
        (X, Y, 0.0, 12),
        "iterations may meet in x",
    ),
    "next one read": (
        """
            for i in range(n):
                x[i] = x[i + 1] * x[i]
            return np.sum(x)
        """,
        (X, Y, 0.0, 11),
        "may meet in x",
    ),
    "seidel": (
        """
            for i in range(1, x.shape[0] - 1):
                for j in range(1, x.shape[1]):
                    x[i, j] = (x[i - 1, j] + x[i, j - 1] + x[i + 1, j]) / 3.0
            return np.sum(x * x)
        """,
        (MATRIX,),
        "may meet in x",
    ),
    "transposed": (
        """
            for i in range(x.shape[0]):
                for j in range(x.shape[0]):
                    x[i, j] = 0.5 * (x[i, j] + x[j, i])
            return np.sum(x * x)
        """,
        (MATRIX,),
        "may meet in x",
    ),
    "set by repeated indices": (
        """
            for i in range(x.shape[0]):
                y[k[i]] = x[i]
            return np.sum(y * y)
        """,
        (X, Y, REPEATED),
        "may meet in y",
    ),
    "product of a sum with itself": (
        """
            s = 1.0
            for i in range(x.shape[0]):
                s = s * (x[i] + 0.1 * s)
            return s
        """,
        (X,),
        "s is carried",
    ),
    "thirds that meet": (
        """
            for i in range(x.shape[0] // 4):
                y[3 * i] += x[i]
                y[3 * i + 1] = x[i]
                y[3 * i + 4] *= x[i]
            return np.sum(y * y)
        """,
        (X, Y),
        "may meet in y",
    ),
    "state": (
        """
            s = 1.0
            for i in range(x.shape[0]):
                s = s * x[i] + y[i]
            return s
        """,
        (X, Y),
        "s is carried from one iteration to the next",
    ),
    "sum that is read": (
        """
            s = 0.0
            for i in range(x.shape[0]):
                s += x[i]
                y[i] = s
            return np.sum(y * y)
        """,
        (X, Y),
        "s is carried",
    ),
    "sum and product": (
        """
            s = 1.0
            for i in range(x.shape[0]):
                s += x[i]
                s *= y[i]
            return s
        """,
        (X, Y),
        "s is carried",
    ),
    "greatest and where": (
        """
            s = x[0]
            m = 0
            for i in range(x.shape[0]):
                if x[i] > s:
                    s = x[i]
                    m = i
            return s * y[m]
        """,
        (X, Y),
        "carried",
    ),
    "last value": (
        """
            for i in range(x.shape[0]):
                t = x[i] * 2.0
                y[i] = t
            return t * y[0]
        """,
        (X, Y),
        "last value of t",
    ),
    "break": (
        """
            s = 0.0
            for i in range(x.shape[0]):
                if x[i] > 1.2:
                    break
                s += x[i] * x[i]
            return s
        """,
        (X,),
        "it may end early",
    ),
    "view of the same": (
        """
            v = y[1:]
            for i in range(n):
                v[i] = x[i] * y[i]
            return np.sum(y)
        """,
        (X, Y, 0.0, 11),
        "may meet in y",
    ),
    "old and new are one": (
        """
            z = y
            for i in range(1, x.shape[0]):
                z[i] = x[i] * y[i - 1]
            return np.sum(y)
        """,
        (X, Y),
        "serial",
    ),
    "list": (
        """
            r = []
            for i in range(x.shape[0]):
                r.append(x[i] * x[i])
            s = 0.0
            for v in r:
                s += v
            return s
        """,
        (X,),
        "the list",
    ),
    "steps of two": (
        """
            for i in range(0, n, 2):
                y[i] = x[i] * x[i]
            return np.sum(y * y)
        """,
        (X, Y, 0.0, 12),
        "its step is not 1",
    ),
    "rows and the rows behind them": (
        """
            for i in range(x.shape[0] - 1):
                r = x[i + 1]
                for j in range(1, x.shape[1]):
                    r[j] = r[j] * x[i, j - 1]
            return np.sum(x)
        """,
        (MATRIX,),
        "may meet in x",
    ),
    "once and twice the counter": (
        """
            for i in range(x.shape[0] // 2):
                y[i] = y[2 * i] * x[i]
            return np.sum(y * y)
        """,
        (X, Y),
        "may meet in y",
    ),
    "windows that overlap": (
        """
            for i in range(x.shape[0] - 2):
                for j in range(3):
                    y[i + j] = np.sin(y[i + j] * x[i])
            return np.sum(y * y)
        """,
        (X, Y),
        "may meet in y",
    ),
    "multiplied by repeated indices": (
        """
            for i in range(x.shape[0]):
                y[k[i]] *= x[i]
            return np.sum(y * y)
        """,
        (X, Y, REPEATED),
        "may meet in y",
    ),
    "an index that is set twice": (
        """
            for i in range(x.shape[0]):
                j = i
                if x[i] > 1.0:
                    j = 0
                y[j] = np.sin(x[i] * y[j])
            return np.sum(y * y)
        """,
        (X, Y),
        "may meet in y",
    ),
    "a buffer that carries": (
        """
            t = np.empty(7)
            for j in range(7):
                t[j] = x[0, j]
            for i in range(x.shape[0]):
                for j in range(1, 7):
                    t[j] = x[i, j] * t[j - 1]
                for j in range(7):
                    x[i, j] = t[j]
            return np.sum(x * x)
        """,
        (MATRIX,),
        "may meet in t",
    ),
    "a buffer filled now and then": (
        """
            t = np.empty(7)
            for i in range(x.shape[0]):
                if i % 2 == 0:
                    for j in range(7):
                        t[j] = x[i, j]
                for j in range(7):
                    x[i, j] = t[j] * t[0]
            return np.sum(x * x)
        """,
        (MATRIX,),
        "may meet in t",
    ),
    "a buffer read behind": (
        """
            t = np.empty(7)
            for i in range(x.shape[0]):
                for j in range(7):
                    t[j] = x[i, j] * x[i, 0]
                for j in range(7):
                    x[i, j] = t[6 - j]
            return np.sum(x * x) * t[3]
        """,
        (MATRIX,),
        "may meet in t",
    ),
    "a buffer filled but for its end": (
        """
            t = np.empty(7)
            t[6] = 1.0
            for i in range(x.shape[0]):
                for j in range(6):
                    t[j] = x[i, j] * x[i, 0]
                for j in range(7):
                    x[i, j] = t[j]
                t[6] = x[i, 2]
            return np.sum(x * x)
        """,
        (MATRIX,),
        "may meet in t",
    ),
    "sum of what it is": (
        """
            s = 1.0
            for i in range(x.shape[0]):
                s = s + x[i] * s
            return s
        """,
        (X,),
        "s is carried",
    ),
    "difference the other way": (
        """
            s = 1.0
            for i in range(x.shape[0]):
                s = x[i] - s
            return s * s
        """,
        (X,),
        "s is carried",
    ),
}

# from x, y and n, where nothing is recorded on the way
COLLECTED = {
    "product": """
        s = 1.0
        for i in range(n):
            s *= x[i]
        return s
    """,
    "greatest": """
        s = x[0]
        for i in range(n):
            if y[i] > s:
                s = y[i]
        return s * s
    """,
    "least": """
        s = x[0]
        for i in range(n):
            if s > y[i]:
                s = y[i]
        return s * s
    """,
    "NumPy's greatest": """
        return np.max(y) * np.min(y)
    """,
    "greatest of products": """
        s = 0.0
        for i in range(n):
            if x[i] * y[i] > s:
                s = x[i] * y[i]
        return s
    """,
}
