"""Programs from tables of writes: every place with every right-hand side, every statement with every other, every
function of an array where only some of an array's elements are meant.

Bounded and complete, where random programs are neither: ``a[i] = a[j] + a[i]`` and ``a[m] = a[m] - np.mean(a[m])`` were
wrong, and 20,000 random programs had neither of them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tests.fuzz.generate import Source

# ---- every place with every right-hand side ----

PLACES = """
a[1] | a[0] | a[2] | b[1]
a[n] | a[n + 1] | a[n - 1] | b[n]
A[0, 1] | A[1, 1] | A[0, 2] | B[0, 1]
A[0] | A[1] | A[2] | B[0]
A[:, 1] | A[:, 0] | A[:, 3] | B[:, 1]
a[1:4] | a[2:5] | a[0:3] | b[1:4]
a[3:0:-1] | a[1:4] | a[4:1:-1] | b[1:4]
A[1:3, :2] | A[:2, 1:3] | A[2:, 2:4] | B[1:3, :2]
a[:] | a[::-1] | a | b
A[...] | A[::-1] | A | B
a[j] | a[j - 0] | a[[1, 2, 3]] | b[j]
a[r] | a[[0, 1, 3]] | a[[4, 3, 3]] | b[r]
a[m] | a[:3] | a[m] | b[m]
v[0:3] | v[1:4] | A[1, :3] | B[1, :3]
h[1] | h[0] | A[1, 2] | B[1, 2]
c | c[::-1] | c[0] | b
s | a[1] | s | b[1]
""".strip().splitlines()  # the place, two others of the same array, one of another array
BEFORE = """
j = np.array([3, 0, 4])
r = np.array([3, 0, 3])
m = np.array([True, False, True, True, False])
v = A[1]
h = A[:, 2]
c = a * 1.0
s = a[0] * b[0]
""".strip().splitlines()
VALUES = """
{U} + {T}
{T} + {U}
{U} - {T}
{T} - {U}
-{T} + {U}
{U} + {T} + {V}
{U} + {V} + {T}
{V} + ({U} + {T})
({U} + {T}) + {U}
{T} + {T}
{U} + {U}
{U} + {X} + {T}
{X} + {T} + {U}
{U} * {T}
{T} * {U} + {T}
{T} + {T} * {U}
{U} + {T} * 2.0
2.0 * {T} + {U}
np.sin({T}) + {T}
{T} + np.sin({U})
{U} + np.sin({T})
{U} + +{T}
{U}
{T}
0.5
{V}
{V} + {T}
{T} - {T} + {U}
np.where({T} > 0, {U}, {T})
np.maximum({U}, {T})
{U} + np.copy({T})
({U} + {T}) * 1.0
({U} + {T}) / 2
{U} - (-{T})
abs({U}) + {T}
{V} * {T} + {U}
{T} + {V} * {U} + {X}
np.add({U}, {T})
{U} + {T} if b[0] > 0 else {T} + {X}
""".strip().splitlines()  # {T}: what is written; {U}, {X}: others of the same array; {V}: one of another
UPDATES = """
+= {U}
+= {T}
-= {U} + {T}
*= {U}
*= {T}
/= 2.0 + {U} ** 2
+= {U} + {T}
-= {T}
+= {U} * {T} + {V}
**= 2
+= {X} + {U}
*= {V} + {T}
""".strip().splitlines()
TABLES = ("np.array([0.53, -1.21, 0.83, 2.04, -0.35])", "np.array([0.71, 0.24, -0.62, 1.43, 0.94])")
MATRIX = (
    "np.array([[0.5, 1.2, -0.7, 0.9], [1.1, -0.4, 0.6, 0.3], [-0.8, 0.45, 1.3, 0.2], [0.35, -1.6, 0.75, 0.95]])",
    "np.array([[0.55, -0.8, 0.8, 0.97], [-0.3, 0.6, 1.2, 0.4], [1.0, 0.02, 0.72, 0.5], [0.65, 1.1, -0.2, 0.9]])",
)


def written() -> Iterator[tuple[str, Source]]:
    for p, line in enumerate(PLACES):
        place, one, two, other = line.split(" | ")
        name = place.partition("[")[0]
        first = [b for b in BEFORE if b.split(" = ")[0] in (name, place[2:-1])]
        total = f"np.sum({name if name in 'cs' else 'a'} * a * np.arange(1.0, 6.0) * b) + np.sum(A ** 3 * B)"
        for turned, (u, x) in enumerate(((one, two), (two, one))):
            values = [f"{place} = {v}" for v in VALUES] + [f"{place} {u}" for u in UPDATES]
            for k, stmt in enumerate(values):
                body = "\n".join((*first, stmt.format(T=place, U=u, X=x, V=other), f"return {total}"))
                yield (
                    f"write_{p}_{turned}_{k}",
                    Source(_function("a, b, A, B, n", body), (*TABLES, *MATRIX, "2"), (0, 1, 2, 3)),
                )


# ---- every statement with every other ----

STATEMENTS = """
a[1] = s * b[0]
v[0] = a[0] * v[1]
v[:] = a[:3] * 2.0
v += b[:3]
v = v + a[:3]
v = a[2:5]
v = c[1:4]
v = v[::-1]
w[2] = v[1] * b[2]
w = w * b
w = b
w *= c
c = a
c = v
c = np.copy(a)
c[1] = a[2] * s
c[:3] = v
c = a + c
s = a[1] * s
s = v[0]
s += np.sum(v)
s = np.max(a)
a = a[::-1]
a = a * b
a[:] = c[0]
a[:] = w[::-1] * b
a += w
a -= a[::-1] * 0.3
a[1:] = a[:-1]
a[:2] = v[:2] * s
a[[0, 2]] += v[:2]
a[[3, 3]] = v[:2]
a[a > 0.4] = s
a[a > 0.4] *= v[0]
a[0], a[1] = a[1], a[0] * s
a, b = b, a
b[0] = s
b = a + b
b[:] = v[0]
b[2:] -= v
np.add(a, b, out=b)
a.sort()
x = [a, b]; x[0][1] = s; a = x[1]
for i in range(3): a[i + 1] += a[i] * s
for i in range(3): v[i] = w[i] * b[i]
for i in range(2): s = s * v[i] + a[i]
for e in v: s += e * e; a[0] = s
if s > 0: a = a * 2.0; v = a[:3]
if s < 0.5: v[1] = s ;; else: v = b[:3] * 1.5
a = renewed(a, s)
changed(v, s)
changed(a, b[1])
c, s = bound(c, s)
a = np.where(a > 0, a, c[0])
d = {"k": a}; d["k"][2] = s; b = d["k"] * b
b = b.reshape(-1); b[1] += s
a = np.append(a[1:], s)
t = a[1:3]; t *= s; v = v + t[0]
np.copyto(w, b)
w[-1] -= w[0]; w = w[:]
""".strip().splitlines()
SHARED = "v = a[1:4]\nw = a\nc = a * b\ns = a[0] * b[1]"
CALLED = """
def renewed(p, q):
    p[0] = p[1] * q
    return p * 1.5


def changed(p, q):
    p[1] = p[0] * q + p[1]


def bound(p, q):
    p = p * q
    return p, p[0] * q


"""
SUMMED = "return np.sum(a * np.arange(1.0, 6.0)) + np.sum(v ** 2) + np.sum(w ** 3) + np.sum(c * b) + s * s"


def paired() -> Iterator[tuple[str, Source]]:
    """Names for one memory (v, w and a), and statements that write it or bind them; some raise, for shapes differ."""
    for i, one in enumerate(STATEMENTS):
        for j, two in enumerate(STATEMENTS):
            lines = "\n".join(s.replace(" ;; ", "\n") for s in (one, two))
            flat = f"{SHARED}\n{lines}\n{SUMMED}"
            again = f"{SHARED}\nfor _ in range(2):\n{textwrap.indent(lines, '    ')}\n{SUMMED}"
            for how, body in (("flat", flat), ("again", again)):
                helpers = CALLED.lstrip() if any(f"{f}(" in body for f in ("renewed", "changed", "bound")) else ""
                yield f"pair_{how}_{i}_{j}", Source(helpers + _function("a, b", body), TABLES, (0, 1))


# ---- every function of an array where only some elements are meant ----

OF_VECTORS = """
np.sort($)
np.cumsum($)
np.cumprod($)
np.flip($)
np.roll($, 1)
np.roll($, -2)
$[::-1]
np.exp($)
np.abs($)
np.sqrt(np.abs($))
np.maximum($, 0.1)
np.clip($, -0.5, 0.6)
$ - np.mean($)
$ / np.sum($)
$ * np.max($)
($ - np.min($)) / np.ptp($)
np.ones_like($) * np.prod($)
np.where($ > 0, $, 0.1 * $)
np.gradient($)
np.convolve($, np.array([0.3, 1.0, 0.2]), 'same')
np.correlate($, np.array([0.3, 1.0]), 'full')[1:]
np.outer($, $).sum(axis=0)
np.outer($, $)[0]
np.diag(np.outer($, $))
np.tril(np.outer($, $)).sum(axis=1)
np.concatenate(($[1:], $[:1]))
np.append($[2:], $[:2])
np.hstack([$[1:], $[:1] * 2])
np.stack([$, $ * 2]).T[:, 1]
np.vander($, 3)[:, 1]
np.repeat($, 2)[::2]
np.tile($, 2)[1:1 + $.size]
np.take($, np.arange($.size)[::-1])
$[np.argsort($)]
np.pad($, 1)[2:]
np.pad($, 2, mode='edge')[1:-3]
np.diff($, prepend=0.3)
np.diff($, append=0.0)
np.cumsum($[::-1])[::-1]
np.maximum.accumulate($)
np.add.accumulate($)
np.logaddexp.accumulate($)
$ - np.median($)
$ * np.std($)
$ / np.linalg.norm($)
np.linalg.norm(np.outer($, $), axis=0)
np.real(np.fft.ifft(np.fft.fft($) * np.arange($.size)))
np.abs(np.fft.fft($))
np.interp($, np.array([-2.0, 0.1, 2.5]), np.array([0.0, 1.0, 4.0]))
np.polyval(np.array([0.3, -1.0, 2.0]), $)
np.cross(np.outer($, np.ones(3)), np.array([1.0, 2.0, 3.0]))[:, 1]
np.kron($, np.array([1.0, 2.0]))[::2]
np.nan_to_num($) * 2
np.array([v * v for v in $])
np.array([v if v > 0 else -v for v in $])
np.einsum('i,i->i', $, $)
np.einsum('i,j->j', $, $)
($[:, None] * $[None, :]).max(axis=1)
($[:, None] - $[None, :]).sum(axis=0) + np.prod($[:2])
np.partition($, 1) * 1.0
np.percentile($, 30.0) * $
np.average($, weights=np.abs($)) + $
np.triu(np.outer($, $), 1) @ $
np.real($) + 0.0
np.asarray($) * 1.0
np.ravel($) * 3.0
np.reshape($, -1) * 3.0
np.squeeze(np.expand_dims($, 0)) * 1.0
np.trapezoid($) * $
np.insert($[1:], 0, $[-1])
np.delete(np.append($, 1.0), 0)
np.minimum($, $[::-1])
np.hypot($, $[0])
np.arctan2($, 1.3)
np.heaviside($, 0.5) * $
np.sign($) * $ ** 2
np.float_power(np.abs($), 1.5)
np.logaddexp($, 0.2)
np.sinc($)
np.select([$ > 0.5, $ > 0], [$, $ ** 2], 0.1)
np.cov(np.stack([$, $ ** 2]))[0, 1] * $
np.broadcast_to($[0], $.shape) * $
np.full_like($, $[-1]) - $
np.linspace($[0], $[-1], $.size)
np.array($.tolist()) * 2
""".strip().splitlines()
OF_MATRICES = """
$ - $.mean(axis=0)
$ / $.sum(axis=1, keepdims=True)
np.exp($ - $.max(axis=1, keepdims=True))
$ @ $.T @ $
$ * $[:1]
$ * $[:, -1:]
$[::-1]
$[:, ::-1]
np.flip($)
np.roll($, 1, axis=0)
np.roll($, -1, axis=1)
np.cumsum($, axis=0)
np.cumsum($, axis=1)
np.cumprod($, axis=1)
np.sort($, axis=0)
np.sort($, axis=1)
np.where($ > 0, $, $.min(axis=0))
np.maximum($, $.mean())
np.outer($[:, 0], $[0])
np.tile($[0], ($.shape[0], 1))
np.repeat($[:, :1], $.shape[1], axis=1)
np.stack([r * 2 for r in $])
np.array([r / r.sum() for r in $])
np.concatenate([$[1:], $[:1]])
np.concatenate([$[:, 1:], $[:, :1]], axis=1)
np.vstack([$[-1:], $[:-1]])
np.diff($, axis=0, prepend=0.0)
np.gradient($, axis=0)
np.gradient($, axis=1)
np.einsum('ij,ij->ij', $, $)
np.einsum('ij,kj->ij', $, $)
np.einsum('ij,j->ij', $, $[0])
np.tril($)
np.triu($, 1) + $
$ / np.linalg.norm($, axis=1, keepdims=True)
$ / np.linalg.norm($)
$ * np.std($, axis=0)
($ - np.mean($, axis=1)[:, None]) / np.sqrt(np.var($, axis=1)[:, None] + 0.1)
np.transpose(np.transpose($) * $[:, 0])
np.swapaxes($, 0, 1).T * 2
np.moveaxis($[:, :, None], 2, 0)[0] * 3
np.reshape(np.ravel($) * 2, $.shape)
np.broadcast_to($[1], $.shape) * $
np.take($, [1, 0, 1], axis=0)[: $.shape[0]] + $[:1]
np.take_along_axis($, np.argsort($, axis=1), axis=1)
np.pad($, ((1, 0), (0, 0)))[:-1]
np.pad($, ((0, 0), (1, 1)), mode='edge')[:, 2:]
np.maximum.accumulate($, axis=0)
np.add.reduce($, axis=0) + $
np.median($, axis=0) + $
np.percentile($, 40.0, axis=1)[:, None] * $
np.ptp($, axis=0) * $
np.prod($, axis=1, keepdims=True) + $
np.clip($, $.min(axis=0) + 0.2, 0.9)
np.abs($) ** 1.5
$ * (np.arange($.shape[1]) + 1.0)
$ * (np.arange($.shape[0])[:, None] + 1.0)
np.linalg.qr($)[0][:, :1] * $
np.real(np.fft.fft($, axis=1)) + $
np.kron($, np.ones((1, 2)))[:, ::2]
np.delete(np.append($, $[:1], axis=0), 0, axis=0)
np.insert($[1:], 0, $[-1], axis=0)
np.dstack([$, $ ** 2])[:, :, 1]
np.tensordot($, $, axes=(0, 0))[:1] + $
np.matmul($, np.ones(($.shape[1], $.shape[1]))) + $
np.hypot($, $[:, :1])
np.heaviside($, 0.5) * $
np.logaddexp($, $[0])
np.average($, axis=0, weights=np.abs($[:, 0])) + $
np.cov($)[:, :1] * $
$.T.copy().T * 2
np.asfortranarray($) * 2
$ * np.trace($ @ $.T)
np.diag($ @ $.T)[:, None] * $
np.apply_along_axis(np.cumsum, 1, $)
np.nansum($, axis=0) + $
np.count_nonzero($ > 0, axis=0) * $
np.argmax($, axis=0) * $
np.linalg.norm($, axis=0) * $
np.logaddexp.reduce($, axis=1)[:, None] + $
""".strip().splitlines()
IN_VECTORS = """
m = x > 0
x[m] = {y[m]}
z = x * y
z[m] += {z[m]}
z[~m] = z[~m] * {y[~m]}
return np.sum(z * x * np.arange(1.0, 7.0))
---
x[1:-1] = {y[1:-1]}
k = np.array([4, 0, 2, 5])
x[k] = {y[k]} + x[k]
x[::-1] = {x}
t = {y}
y[0] = 0.37
return np.sum(t * y * np.arange(1.0, 7.0)) + np.sum(x ** 2 * np.arange(1.0, 7.0))
---
M = np.outer(x, y)
for i in range(2):
    M[i] = {M[i]} * 0.5
    M[:, i] -= {M[:, i]} * 0.1
    v = M[i + 1]
    v[1:5] = {v[1:5]}
g = {(x * y)}
g = g[x > 0]
return np.sum(M ** 2 * np.arange(1.0, 7.0)) + np.sum(g ** 2)
""".strip().split("\n---\n")
IN_MATRICES = """
x[1:3] = {y[1:3]}
z = x * y
z[[0, 3]] = {z[[0, 3]]} * 0.5
z[:, 1:3] += {y[:, 1:3]}
return np.sum(z ** 2 * np.arange(1.0, 6.0)) + np.sum(x * y)
---
m = x[:, 0] > -0.2
x[m] = {y[m]}
z = np.stack([x, y])
z[0] = {z[1]} + z[0]
t = x.T * 1.0
g = {t}
return np.sum(g * g) + np.sum(z ** 2 * np.arange(1.0, 6.0)) + np.sum(x ** 3)
---
for t in range(2):
    x = x + 0.1 * {x}
    x[t] *= y[t + 1]
    y[1:, t:] -= 0.2 * {y[1:, t:]}
    g = {(x * y)}
    y = y + 0.05 * g
return np.sum(x * y * np.arange(1.0, 6.0))
""".strip().split("\n---\n")
VECTORS = ("np.array([0.53, -1.21, 0.83, 2.04, -0.35, 1.12])", "np.array([0.71, 0.24, -0.62, 1.43, 0.94, -1.31])")
MATRICES = (
    "np.array([[0.5, -2.56, 0.42, -0.57, -0.45], [-0.9, -2.02, -0.23, -0.87, 3.32], [0.4, -0.65, -1.77, 0.47, -1.32],"
    " [1.2, -0.77, 0.96, 0.62, -0.25]])",
    "np.array([[0.61, 0.16, -0.41, 0.43, 1.12], [1.51, -0.18, 0.52, 0.34, -0.71], [-0.23, 0.95, 0.72, -1.14, 0.27],"
    " [0.85, 1.31, -0.62, 0.09, 0.77]])",
)


def mapped() -> Iterator[tuple[str, Source]]:
    for word, functions, bodies, args in (
        ("vector", OF_VECTORS, IN_VECTORS, VECTORS),
        ("matrix", OF_MATRICES, IN_MATRICES, MATRICES),
    ):
        for k, function in enumerate(functions):
            for c, body in enumerate(bodies):
                yield f"map_{word}_{k}_{c}", Source(_function("x, y", _applied(body, function)), args, (0, 1))


def _applied(body: str, function: str) -> str:
    """The text with the function in place of each ``{argument}``."""
    parts = body.split("{")
    return parts[0] + "".join(
        function.replace("$", argument) + rest for argument, _, rest in (part.partition("}") for part in parts[1:])
    )


def crossed_writes() -> dict[str, Source]:
    """Every program of these tables by its name."""
    return dict([*written(), *paired(), *mapped()])


def _function(parameters: str, body: str) -> str:
    return f"def f({parameters}):\n{textwrap.indent(body, '    ')}\n"
