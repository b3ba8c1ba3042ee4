"""Loops that are products, that only look like them, and what may stand beside them, for the tests of products."""

from __future__ import annotations

HEAD = "import numpy as np\n\n\ndef f(a, b, c, s, n, m):\n"

# body, the calls that are expected
RECOGNISED = {
    "gemm": (
        """
    for i in range(n):
        for j in range(m):
            for k in range(m):
                c[i, j] += s * a[i, k] * b[k, j]
""",
        ["products.add(c[:n, :m], s, a[:n, :m], b[:m, :m], shape=(n, m, m))"],
    ),
    "whole arrays": (
        """
    p, q = c.shape
    for i in range(p):
        for j in range(q):
            t = 0.0
            for k in range(p):
                t += a[i, k] * b[k, j]
            c[i, j] = s * t + c[i, j] * 0.5
""",
        [
            "products.add(c, s, a[: c.shape[0], : c.shape[0]], b[: c.shape[0], : c.shape[1]], "
            "shape=(c.shape[0], c.shape[1], c.shape[0]))"
        ],
    ),
    "a triangle of the target": (
        """
    for i in range(n):
        for j in range(i + 1):
            c[i, j] *= 0.5
            for k in range(m):
                c[i, j] -= a[i, k] * a[j, k]
""",
        ['products.add_where(c[:n, :n], -1.0, a[:n, :m], a[:n, :m].T, "j <= i", shape=(n, n, m))'],
    ),
    "a triangle in place": (
        """
    for i in range(n):
        for j in range(m):
            for k in range(i + 1, n):
                b[i, j] += a[k, i] * b[k, j]
""",
        ['products.add_where(b[: n - 1, :m], 1.0, a[1:n, : n - 1].T, b[1:n, :m], "k >= i", shape=(n - 1, m, n - 1))'],
    ),
    "a matrix of a stack": (
        """
    x = np.zeros((2, 16, 16))
    for t in range(2):
        for i in range(m):
            for j in range(m):
                for k in range(j, m):
                    x[t, j, i] += a[k, j] * b[i, k]
    c[:] = x[1]
""",
        ['products.add_where(x[t, :m, :m], 1.0, a[:m, :m].T, b[:m, :m].T, "k >= i", shape=(m, m, m))'],
    ),
    "a triangle and its mirror image": (
        """
    if a.shape[0] != c.shape[0] or a.shape[1] != c.shape[0] or b.shape[0] != c.shape[0] or b.shape[1] != c.shape[1]:
        raise ValueError("shapes")
    for i in range(c.shape[0]):
        for k in range(i):
            for j in range(c.shape[1]):
                c[i, j] += s * a[i, k] * b[k, j]
                c[k, j] += b[i, j] * a[i, k] * s
""",
        ["products.add_mirrored(c, s, a, b, -1)"],
    ),
    "a symmetric sum": (
        """
    for i in range(n):
        for j in range(i + 1):
            for k in range(m):
                c[i, j] -= a[i, k] * b[k, j] + b[k, i] * a[j, k]
""",
        ["products.add_symmetric(c[:n, :n], -1.0, a[:n, :m], b[:m, :n], shape=(n, n, m))"],
    ),
    "rows that are made and used": (
        """
    row = np.empty(m)
    for i in range(n):
        for j in range(m):
            t = 0.0
            for k in range(m):
                t += a[i, k] * b[k, j]
            row[j] = t
        for k in range(m):
            c[i, k] -= s * row[k] + 1.0
""",
        ["products.add(c[:n, :m], -s, a[:n, :m], b[:m, :m], shape=(n, m, m))"],
    ),
    "rows that are zero in the beginning": (
        """
    row = np.zeros(m)
    for i in range(n - 1, -1, -1):
        for k in range(m):
            row[k] += s * c[i, k]
        for j in range(m):
            g = row[j]
            for k in range(m):
                b[k, j] += g * a[i, k]
            row[j] = 0.0
""",
        ["products.add(b[:m, :m], s, a[:n, :m].T, c[:n, :m], shape=(m, m, n))"],
    ),
    "two products and a rest": (
        """
    for i in range(m):
        for j in range(m):
            g = a[i, j]
            for k in range(m):
                c[i, k] += g * b[j, k] + s * b[i, j] * a[j, k] + a[k, i]
""",
        [
            "products.add(c[:m, :m], 1.0, a[:m, :m], b[:m, :m], shape=(m, m, m))",
            "products.add(c[:m, :m], s, b[:m, :m], a[:m, :m], shape=(m, m, m))",
        ],
    ),
}

# loops that only look like a product: each would be wrong as one call
LEFT = {
    "a factor that is given anew": """
    for i in range(n):
        for j in range(m):
            for k in range(m):
                t = a[i, k]
                t = t * 2.0
                c[i, j] += t * b[k, j]
""",
    "a factor that is added to": """
    for i in range(n):
        for k in range(m):
            t = a[i, k]
            t += 1.0
            for j in range(m):
                c[i, j] += t * b[k, j]
""",
    "the target is an operand": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * c[k, j]
""",
    "rows below are read after they change": """
    for i in range(n):
        for j in range(m):
            for k in range(i):
                b[i, j] += a[i, k] * b[k, j]
""",
    "rows below from the last one on": """
    for i in range(n - 1, -1, -1):
        for j in range(m):
            for k in range(i + 1, n):
                b[i, j] += a[k, i] * b[k, j]
""",
    "a factorisation": """
    for i in range(n):
        for j in range(i + 1, n):
            c[j, i] = c[j, i] / c[i, i]
            for k in range(i + 1, n):
                c[j, k] -= c[j, i] * c[i, k]
""",
    "an operand changes between": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * b[k, j]
            a[0, 0] = c[i, j] * 0.01
""",
    "the sum is read while it grows": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * b[k, j]
                b[n + 1, k] = c[i, j]
""",
    "a factor changes": """
    for i in range(n):
        s = s * 0.5
        for j in range(n):
            for k in range(n):
                c[i, j] += s * a[i, k] * b[k, j]
""",
    "the counter is read behind the loops": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * b[k, j]
    c[0, 0] = i
""",
    "a negative index counts from the end": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i - 1, k] * b[k, j]
""",
    "a sum along two triangles": """
    for i in range(n):
        for j in range(i):
            for k in range(j):
                c[i, j] += a[i, k] * b[k, j]
""",
    "two products of the target itself": """
    for i in range(1, n):
        for j in range(i):
            for k in range(n):
                b[k, j] += s * a[j, i] * b[k, i] + b[j, i] * a[k, i]
""",
    "a row that is not whole": """
    row = np.zeros(20)
    for i in range(n):
        for j in range(1, m):
            row[j] = a[i, j] + row[j - 1]
        for j in range(m):
            for k in range(m):
                c[j, k] += row[j] * b[i, k]
""",
    "a row that begins too late": """
    row = np.zeros(20)
    for i in range(n):
        for j in range(1, m):
            row[j] = a[i, j]
        for j in range(m):
            for k in range(m):
                c[j, k] += row[j] * b[i, k]
""",
    "a row that changes before it is used": """
    row = np.empty(20)
    for i in range(n):
        for j in range(m):
            row[j] = a[i, j]
        row[2] = 1.0
        for j in range(m):
            for k in range(m):
                c[j, k] += row[j] * b[i, k]
""",
    "a row that keeps what was there": """
    row = np.zeros(20)
    for i in range(n):
        for j in range(m):
            row[j] += a[i, j]
        for j in range(m):
            for k in range(m):
                c[j, k] += row[j] * b[i, k]
            row[0] = 0.0
""",
    "a condition": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                if a[i, k] > 0:
                    c[i, j] += a[i, k] * b[k, j]
""",
    "a diagonal": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, i] += a[i, k] * b[k, j]
""",
    "views of one array": """
    d = c[1:]
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * d[k, j]
""",
}
# products beside something that has to stay as it is
BESIDE = {
    "a product that is taken away twice": """
    for i in range(n):
        for j in range(m):
            for k in range(m):
                c[i, j] += 0.25 - -(a[i, k] * b[k, j])
""",
    "a number that is read behind": """
    t = 0.0
    for i in range(n):
        for j in range(m):
            t = a[i, j]
            for k in range(m):
                c[i, k] += t * b[j, k]
    c[0, 0] = t
""",
    "a number that another one is made of": """
    row = np.zeros(16)
    for i in range(n):
        for j in range(m):
            t = a[i, j]
            u = t * s
            for k in range(m):
                c[i, k] += t * b[j, k]
            row[j] = row[j] + np.sin(u)
    b[0, :] = row
""",
    "minus minus": """
    for i in range(n):
        for j in range(m):
            for k in range(m):
                c[i, j] += -(-a[i, k] * b[k, j] - -(b[i, k] * a[k, j]))
""",
    "two factors with a minus": """
    for i in range(n):
        for j in range(m):
            t = -a[i, j]
            u = -s
            for k in range(m):
                c[i, k] += t * u * b[j, k]
""",
    "rows that are subtracted from": """
    row = np.zeros(m)
    for i in range(n - 1, -1, -1):
        for k in range(m):
            row[k] -= s * c[i, k]
        for j in range(m):
            g = row[j]
            for k in range(m):
                b[k, j] += g * a[i, k]
            row[j] = 0.0
""",
    "a number that changes between two sums": """
    for i in range(n):
        for j in range(m):
            t = a[i, j]
            for k in range(m):
                c[i, k] += t * b[j, k]
            t = b[i, j]
            for k in range(m):
                c[i, k] += t * a[j, k]
""",
}
CHECK = """
    if a.shape[0] != c.shape[0] or a.shape[1] != c.shape[0] or b.shape[0] != c.shape[0] or b.shape[1] != c.shape[1]:
        raise ValueError("shapes")
"""
MIRRORED = """
    for i in range(c.shape[0]):
        for k in range(i):
            for j in range(c.shape[1]):
                c[i, j] += s * a[i, k] * b[k, j]
                c[k, j] += b[i, j] * a[i, k] * s
"""
# triangles that are no mirror images, or not known to be
TRIANGLES = {
    "checked on one path": f"    if s > 100.0:{CHECK.replace(chr(10), chr(10) + '    ')}\n{MIRRORED}",
    "checked without an error": CHECK.replace('raise ValueError("shapes")', "c[0, 0] = 0.0") + MIRRORED,
    "another factor": CHECK + MIRRORED.replace("a[i, k] * s", "a[i, k] * 0.5"),
    "another matrix": CHECK + MIRRORED.replace("b[i, j] * a[i, k] * s", "b[i, j] * b[i, k] * s"),
    "a matrix that is not turned": CHECK + MIRRORED.replace("b[i, j] * a[i, k]", "b[i, j] * a[k, i]"),
    "another diagonal": CHECK
    + """
    for i in range(c.shape[0]):
        for k in range(i):
            for j in range(c.shape[1]):
                c[i, j] += s * a[i, k] * b[k, j]
    for i in range(c.shape[0]):
        for k in range(i + 1):
            for j in range(c.shape[1]):
                c[k, j] += b[i, j] * a[i, k] * s
""",
    "another diagonal in the same loop": CHECK
    + """
    for i in range(c.shape[0]):
        for k in range(i):
            for j in range(c.shape[1]):
                c[i, j] += s * a[i, k] * b[k, j]
        for k in range(i + 1):
            for j in range(c.shape[1]):
                c[k, j] += b[i, j] * a[i, k] * s
""",
}
