"""What people write with NumPy and `math`, beyond plain calls: operators, methods, indexing, argument forms.

Each entry is an expression, or statements before one on the last line, in the variables of `variables`. Those that
hold floating numbers are differentiated, unless the entry writes into them or a comment in it names those that are.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from tests.rules.calls import Call
from tests.rules.support import Draw


def variables() -> dict[str, Any]:
    """a, d: numbers; v, w: (4,); u: (3,); m, q: (3, 4); n: (4, 2); s, h: (3, 3), h positive definite; t: (2, 3, 4);
    o: (2, 3, 3); e: (4,) ascending; p: (3, 4) positive; c, z: complex (4,), (3, 3); b, B: masks of v and m; k, K:
    places in axes of three; g, G: v and m with nan."""
    r = Draw(11)
    v, m = r.distinct(4), r.distinct(3, 4)
    g, G = v.copy(), m.copy()
    g[2] = G[0, 1] = G[2, 3] = np.nan
    return {
        "a": 0.7,
        "d": 1.3,
        "v": v,
        "w": r(4),
        "u": r(3),
        "m": m,
        "q": r.distinct(3, 4) + 0.13,
        "n": r(4, 2),
        "s": r.regular(3),
        "h": r.spd(3),
        "t": r.distinct(2, 3, 4),
        "o": r.regular(3, 2),
        "e": np.array([0.3, 0.9, 2.0, 2.6]),
        "p": r.positive(3, 4),
        "c": r.complex(4),
        "z": r.complex(3, 3) + 2.0 * np.eye(3),
        "b": np.array([True, False, True, True]),
        "B": np.array([[True, False, True, True], [False, True, False, True], [True, True, False, False]]),
        "k": np.array([2, 0, 2]),
        "K": np.array([[0, 2, 1, 0], [1, 1, 0, 2]]),
        "g": g,
        "G": G,
    }


FORMS = {
    "operators": """
        m + q * a - v / d
        v ** 3
        v ** 2.0
        p ** 0.5
        p ** -1
        a ** m
        p ** q
        a ** d
        v // d
        v % d
        m % p
        divmod(v, d)[1]
        divmod(a, d)[1]
        a % d + a // d
        -v + +w
        abs(v)
        v @ w
        m @ v
        u @ m
        m @ n
        t @ n
        o @ s
        o @ o
        t @ v
        u @ t
        np.float64(a) * v
        (v > 0) * v
        np.where(v > 0, v, -w)
        v * b
        max(a, d) + min(a, d)
        round(a * d, 1) * v
        int(d) * v
        float(a) * v
        sum(v)
        sum([a, d, a * d])
        max(v)
        min(list(v))
        pow(a, d)
        v * (v > 0) + np.maximum(v, 0)
        complex(a, d) * c
        m * 2
        2 ** v
        m[0] / m[1]
        v / 3 * 2
        v + k[0]
        c * v
        (v + 2j * w)
        a if a > 0.5 else d
        (a > 0.5 and d or a)
        c.real * c.imag
        np.abs(c)
        np.sqrt(v * v)
    """,
    "ufuncs": """
        np.add(m, v)
        np.subtract(a, v)
        np.multiply(m, u[:, None])
        np.divide(v, d)
        np.true_divide(v, p[0])
        np.floor_divide(v, d) * v
        np.negative(v)
        np.positive(v)
        np.power(p, 3)
        np.power(p, q)
        np.float_power(p, 2)
        np.float_power(p, q)
        np.remainder(v, d)
        np.mod(v, p[0])
        np.fmod(v, d)
        np.fmod(m, p)
        np.divmod(v, d)[1]
        np.absolute(v)
        np.fabs(v)
        np.sign(v) * v
        np.heaviside(v, 0.5) * w
        np.conj(c) * c
        np.conjugate(v)
        np.exp(v)
        np.exp2(v)
        np.expm1(v)
        np.log(p)
        np.log2(p)
        np.log10(p)
        np.log1p(p)
        np.sqrt(p)
        np.square(v)
        np.cbrt(p)
        np.reciprocal(p)
        np.sin(v) * np.cos(v)
        np.tan(a)
        np.arcsin(np.tanh(v))
        np.arccos(np.tanh(v) * 0.9)
        np.arctan(v)
        np.arctan2(v, w)
        np.arctan2(m, u[:, None])
        np.hypot(v, w)
        np.hypot(v, 2.0)
        np.sinh(a)
        np.cosh(v)
        np.tanh(m)
        np.arcsinh(v)
        np.arccosh(p + 1.5)
        np.arctanh(np.tanh(v))
        np.deg2rad(v)
        np.rad2deg(v)
        np.degrees(v)
        np.radians(v)
        np.logaddexp(v, w)
        np.logaddexp2(m, a)
        np.maximum(v, w)
        np.minimum(v, 0.1)
        np.fmax(v, w)
        np.fmin(v, w)
        np.copysign(v, w)
        np.nextafter(v, w)
        np.ldexp(v, 3)
        np.modf(v)[0]
        np.frexp(p)[0]
        np.sinc(v)
        np.i0(v)
        np.clip(v, -0.2, 0.3)
        np.clip(m, a, None)
        np.clip(v, a_min=None, a_max=d)
        np.clip(m, v, w + 3.0)
        np.clip(a, 0.0, 1.0)
        v.clip(-0.2, 0.3)
        v.clip(min=0.0)
        np.nan_to_num(g) * w
        np.nan_to_num(g, nan=3.0) * w
        np.angle(c)
        np.angle(c, deg=True)
        np.real(c)
        np.imag(c)
        np.where(B, m, q)
        np.where(b, a, v)
        np.where(m > 0.1, m * q, 0.0)
        np.where(v > 0, np.sqrt(np.abs(v)), 0.0)
        np.floor(v) * v
        np.ceil(v) + v
        np.trunc(v) * v
        np.rint(v) * v
        np.round(v, 0) * v
        np.around(v + 0.123, 1) * v
        np.fix(v) * v
        v.round(0) * v
        np.isnan(v) * v + v
        np.logical_and(v > 0, w > 0) * v
        np.add(v, w, out=np.empty(4))
        np.exp(v, np.empty(4))
        np.absolute(c)
        np.exp(c)
        np.log(c)
        np.sqrt(c)
        np.sin(c) * np.cosh(c)
        np.power(c, 2)
        c ** 3
        np.square(c)
        np.reciprocal(c)
    """,
    "ufunc methods": """
        np.add.reduce(v)
        np.add.reduce(m, axis=1)
        np.add.reduce(m, axis=(0, 1))
        np.add.reduce(m, axis=None)
        np.add.reduce(m, axis=-1, keepdims=True)
        np.multiply.reduce(v)
        np.multiply.reduce(m, axis=-1)
        np.multiply.reduce(m, axis=0, keepdims=True)
        np.subtract.reduce(v)
        np.maximum.reduce(m, axis=0)
        np.maximum.reduce(m, axis=1, keepdims=True)
        np.minimum.reduce(m)
        np.maximum.reduce([v, w, v * w])
        np.add.reduce([v, w])
        np.logaddexp.reduce(v)
        np.logaddexp.reduce(m, axis=1)
        np.hypot.reduce(v)
        np.add.accumulate(v)
        np.add.accumulate(m, axis=1)
        np.multiply.accumulate(v)
        np.multiply.accumulate(m, 1)
        np.maximum.accumulate(v)
        np.minimum.accumulate(m, axis=1)
        np.add.outer(u, v)
        np.subtract.outer(v, v)
        np.multiply.outer(m, v)
        np.divide.outer(v, p[0])
        np.power.outer(p[0], u)
        np.maximum.outer(v, w)
        np.minimum.outer(v, w)
        np.hypot.outer(v, w)
        np.arctan2.outer(v, w)
        x = np.zeros(3); np.add.at(x, k, u); x
        x = u * a; np.add.at(x, k, u); x * x
        x = m * a; np.add.at(x, (k, np.array([0, 1, 0])), u); x * x
        x = m * a; np.add.at(x, k, q); x * x
        x = u * a; np.subtract.at(x, k, u); x * x
        x = u * a; np.multiply.at(x, np.array([2, 0]), u[:2]); x * x
        x = u * a; np.multiply.at(x, k, u); x * x
        x = u * a; np.divide.at(x, k, u + 5.0); x * x
    """,
    "math": """
        math.exp(a) * math.log(d) + math.log(d, 3.0) + math.log(d, d + a)
        math.log2(a) + math.log10(a) + math.log1p(a) + math.expm1(a)
        math.sqrt(a) * math.sin(d) * math.cos(a) + math.tan(a)
        math.asin(a) + math.acos(a) + math.atan(a) + math.atan2(a, d)
        math.sinh(a) + math.cosh(a) + math.tanh(a) + math.asinh(a) + math.acosh(d) + math.atanh(a)
        math.pow(a, d) + math.hypot(a, d) + math.hypot(a, d, 2.0)
        math.fabs(-a) + math.copysign(a, -d)
        math.fmod(a, 0.3)
        math.fmod(d, a)
        math.remainder(d, 0.4)
        math.erf(a) + math.erfc(d)
        math.gamma(d)
        math.lgamma(d)
        math.degrees(a) + math.radians(d)
        math.modf(d)[0]
        math.frexp(d)[0]
        math.ldexp(d, 2)
        math.floor(d) * a + math.ceil(d) * a + math.trunc(d) * a
        math.fsum([a, d, a * d])
        math.prod([a, d, a * d])
        math.dist((a, d), (d, 2.0))
        math.pi * a + math.e
        math.comb(4, 2) * a
        math.exp2(a) + math.cbrt(a)
        math.isqrt(17) * a
    """,
    "reductions": """
        np.sum(m)
        np.sum(m, 0)
        np.sum(m, axis=-1)
        np.sum(t, axis=(0, 2))
        np.sum(t, axis=(-1, 0), keepdims=True)
        np.sum(m, axis=1, keepdims=True)
        np.sum(m, where=B)
        np.sum(m, axis=0, where=B)
        np.sum(m, axis=0, initial=2.0)
        np.sum(m, dtype=np.float64)
        np.sum(c)
        np.sum([a, d, a])
        m.sum() + m.sum(axis=0).sum() + m.sum(1, keepdims=True).sum()
        np.mean(m)
        np.mean(m, axis=0)
        np.mean(t, axis=(0, 2), keepdims=True)
        np.mean(m, where=B)
        np.mean(m, axis=1, where=B)
        np.mean(m, dtype=np.float64)
        m.mean(axis=-1)
        np.var(m)
        np.var(m, axis=0)
        np.var(m, axis=1, ddof=1)
        np.var(t, axis=(0, 2), ddof=1, keepdims=True)
        np.var(c)
        np.var(m, where=B)
        m.var(axis=0, ddof=1)
        np.std(m)
        np.std(m, axis=0, ddof=1)
        np.std(m, axis=-1, keepdims=True)
        np.std(c)
        np.std(m, axis=1, where=B)
        np.std(m, correction=1)
        m.std()
        np.prod(v)
        np.prod(m, axis=1)
        np.prod(t, axis=(0, 2))
        np.prod(m, axis=0, keepdims=True)
        np.prod(m, where=B)
        np.prod(m, axis=1, initial=2.0)
        np.prod(c)
        v.prod()
        np.max(m)
        np.max(m, axis=0)
        np.max(m, axis=(0, 1))
        np.max(m, axis=1, keepdims=True)
        np.max(m, initial=0.3)
        np.max(m, axis=1, initial=-9.0, where=B)
        np.amax(m, axis=1) + np.amin(m, axis=1)
        m.max() + m.min(axis=0).sum()
        np.min(m)
        np.min(t, axis=(1, 2))
        np.ptp(m)
        np.ptp(m, axis=1)
        np.median(v)
        np.median(u)
        np.median(m, axis=0)
        np.median(m, axis=1, keepdims=True)
        np.median(t, axis=(0, 2))
        np.percentile(v, 30)
        np.percentile(m, 30.0, axis=1)
        np.percentile(m, [25, 50, 75], axis=0)
        np.percentile(v, (10, 90))
        np.quantile(v, 0.3)
        np.quantile(m, 0.5, axis=-1, keepdims=True)
        np.quantile(m, [0.1, 0.9])
        np.quantile(m, np.array([0.1, 0.9]), axis=1)
        np.quantile(v, 0.4, method="lower")
        np.quantile(v, 0.4, method="hazen")
        np.quantile(v, a)
        np.quantile(m, p[0] * 0.4, axis=1)
        np.percentile(m, 30 * a, axis=1, keepdims=True)
        np.nanquantile(G, a)
        np.average(m)
        np.average(m, axis=1)
        np.average(v, weights=p[0])
        np.average(m, axis=1, weights=p[0])
        np.average(m, weights=p)
        np.average(m, axis=0, weights=p, keepdims=True)
        np.average(v, weights=[1.0, 2.0, 3.0, 4.0])
        np.average(v, weights=p[0], returned=True)
        np.nansum(G)
        np.nansum(G, axis=1)
        np.nansum(G, axis=(0, 1), keepdims=True)
        np.nanmean(G)
        np.nanmean(G, axis=0)
        np.nanmean(G, axis=-1, keepdims=True)
        np.nanvar(G)
        np.nanvar(G, axis=1, ddof=1)
        np.nanstd(G)
        np.nanstd(G, axis=1)
        np.nanmax(G)
        np.nanmax(G, axis=1)
        np.nanmin(G, axis=0)
        np.nanprod(G)
        np.nanprod(G, axis=1)
        np.nancumsum(g)
        np.nancumsum(G, axis=1)
        np.nancumprod(G, axis=1)
        np.nanmedian(G)
        np.nanmedian(G, axis=1)
        np.nanpercentile(G, 40, axis=1)
        np.nanquantile(G, 0.4)
        np.cumsum(v)
        np.cumsum(m)
        np.cumsum(m, axis=1)
        np.cumsum(m, axis=-2)
        m.cumsum(axis=0)
        np.cumprod(v)
        np.cumprod(m, axis=0)
        np.cumprod(m)
        v.cumprod()
        np.cumulative_sum(v)
        np.cumulative_sum(m, axis=1, include_initial=True)
        np.cumulative_prod(v)
        np.diff(v)
        np.diff(v, n=2)
        np.diff(m, axis=0)
        np.diff(m, 2, 1)
        np.diff(v, prepend=0.0)
        np.diff(m, axis=1, append=u[:, None])
        np.ediff1d(v)
        np.ediff1d(v, to_end=[1.0, 2.0], to_begin=0.0)
        np.gradient(v)
        np.gradient(v, 0.1)
        np.gradient(m)
        np.gradient(m, axis=1)
        np.gradient(m, 0.5, 0.2)
        np.gradient(m, 0.5, axis=0)
        np.gradient(v, edge_order=2)
        np.gradient(v, a)
        np.trapezoid(v)
        np.trapezoid(v, e)
        np.trapezoid(m, dx=0.1)
        np.trapezoid(m, axis=0)
        np.trapezoid(m, e, axis=1)
        np.trapezoid(m, x=np.arange(3.0), axis=0)
        np.trapezoid(v, dx=a)
        np.linalg.norm(v)
        np.linalg.norm(v, 1)
        np.linalg.norm(v, np.inf)
        np.linalg.norm(v, -np.inf)
        np.linalg.norm(v, 3)
        np.linalg.norm(v, ord=0) * a
        np.linalg.norm(m)
        np.linalg.norm(m, axis=1)
        np.linalg.norm(m, axis=0, keepdims=True)
        np.linalg.norm(m, 1, axis=1)
        np.linalg.norm(m, np.inf, axis=0)
        np.linalg.norm(m, ord=3, axis=1)
        np.linalg.norm(t, axis=(1, 2))
        np.linalg.norm(t, "fro", axis=(0, 2))
        np.linalg.norm(m, "fro")
        np.linalg.norm(s, "nuc")
        np.linalg.norm(s, 2)
        np.linalg.norm(s, -2)
        np.linalg.norm(s, 1)
        np.linalg.norm(s, np.inf)
        np.linalg.norm(c)
        np.linalg.norm(z)
        np.linalg.vector_norm(m, axis=1)
        np.linalg.vector_norm(m)
        np.linalg.matrix_norm(o)
        np.count_nonzero(v) * a
        np.argmax(v) * a
        np.any(v > 0) * a
        np.all(m > -9, axis=0) * v
        np.log(np.sum(np.exp(v)))
        m - m.mean(axis=1, keepdims=True)
        m / m.sum(axis=0)
    """,
    "casts and single numbers": """
        (v * 10).astype(int) * v
        (v * 10).astype("int64") * v
        (v * 10).astype(np.int32) + v
        (v * 10).astype(bool) * v
        np.array([a * 7, d * 9], dtype=int) * a
        np.asarray(v * 10, dtype=np.int64) * v
        np.full(3, a * 7, dtype=int) * a
        np.concatenate((v * 9, w * 9)).astype(int) * a
        np.int64(a * 10 + 0.5) * a
        np.bool_(a) * a
        np.average(a) + np.max(a) * np.min(d) + np.ptp(a)
        np.var(a) + np.std(m[0]) + np.nanmax(a) * np.nanmean(d)
        np.outer(a, d)
        np.cumsum(a)
    """,
    "functions of lines, stacks as sequences": """
        np.apply_along_axis(lambda r: r * r, 1, m)
        np.apply_along_axis(np.sum, 0, m)
        np.apply_along_axis(lambda r: np.cumsum(r), 0, t)
        np.apply_along_axis(lambda r: r[:2] * a, 1, t)
        np.apply_over_axes(np.sum, t, (0, 2))
        np.fromfunction(lambda i, j: a * i + j * d, (2, 3))
        np.fromiter([a, d, a * d], float, count=2)
        np.concatenate(t)
        np.concatenate(t, axis=1)
        np.stack(m)
        np.stack(t, axis=-1)
        np.vstack(t)
        np.vstack(m)
        np.hstack(m)
        np.hstack(t)
        np.column_stack(m)
        np.astype(v * 10, int) * v
        np.unique_values(v)
        np.polyder(v, 2)
        np.polyint(v, 2)
        np.polyint(v, 2, [a, d])
        np.matvec(t, v)
        np.vecmat(u, t)
        np.union1d(v, w)
        np.add.reduceat(m, [0, 2, 1], axis=1)
        np.roots(p[0])
        np.abs(np.roots([a, d, -3.0]))
        x = m * 1.0; x.put([0, 5], v[:2]); x
        x = np.zeros(()); x[()] = a; x * x
        x = np.array(a); x[...] = a * d; x * x
        math.prod(x * a for x in (1.0, d))
        math.prod(v)
        operator.getitem(v, 2)
        scipy.interpolate.interp1d(e, w)(0.3 + p[0] * 0.9)
        scipy.interpolate.interp1d(e, w, fill_value="extrapolate")(v)
        scipy.fft.dct(v, type=1)
        scipy.fft.dst(m, type=3, axis=0)
    """,
    "shaping": """
        np.reshape(m, (2, 6))
        np.reshape(m, (4, -1))
        np.reshape(m, -1)
        np.reshape(m, (4, 3), order="F")
        np.reshape(m.T, (4, 3), order="A")
        m.reshape(2, 6)
        m.reshape((2, 6), order="F")
        m.T.reshape(2, 6)
        np.ravel(m)
        np.ravel(m, "F")
        m.ravel(order="F")
        m.flatten()
        m.flatten("F")
        m.T
        t.T
        t.mT
        m.transpose()
        t.transpose(1, 0, 2)
        t.transpose((2, 0, 1))
        np.transpose(t, (2, 0, 1))
        np.transpose(t, axes=[1, 2, 0])
        np.matrix_transpose(t)
        np.swapaxes(t, 0, 2)
        t.swapaxes(0, -1)
        np.moveaxis(t, 0, -1)
        np.moveaxis(t, [0, 1], [-1, -2])
        np.rollaxis(t, 2)
        np.rollaxis(t, 0, 3)
        np.rollaxis(t, -1, -2)
        np.permute_dims(t, (1, 0, 2))
        np.expand_dims(v, 0)
        np.expand_dims(m, axis=(0, 2))
        np.expand_dims(m, -1)
        np.squeeze(m[None])
        np.squeeze(m[:, None, :, None], axis=1)
        np.squeeze(m[None, :, :, None], axis=(0, 3))
        m[:1].squeeze()
        v[None, :].squeeze(0)
        np.broadcast_to(v, (3, 4))
        np.broadcast_to(a, (2, 2))
        np.broadcast_to(u[:, None], (2, 3, 4))
        np.broadcast_arrays(v, u[:, None])
        np.broadcast_arrays(m, a)[1]
        np.atleast_1d(a)
        np.atleast_2d(v)
        np.atleast_3d(m)
        np.atleast_1d(a, v)[0]
        np.concatenate([v, w])
        np.concatenate((m, q), axis=1)
        np.concatenate((m, q), axis=-1)
        np.concatenate([m, v[None]])
        np.concatenate([m, u[:, None]], 1)
        np.concatenate((m, v), axis=None)
        np.concatenate([v[:2], [a, d]])
        np.concat((v, w))
        np.stack([v, w])
        np.stack((v, w), axis=1)
        np.stack([m, q], axis=-1)
        np.stack([m * x for x in (a, d)])
        np.vstack([v, w])
        np.vstack((m, v))
        np.hstack([v, u])
        np.hstack((m, q))
        np.dstack((m, q))
        np.column_stack((u, m))
        np.block([v, a, w])
        np.r_[v, a, w]
        np.c_[v, w]
        np.append(v, w)
        np.append(v, a)
        np.append(m, q, axis=0)
        np.append(m, u[:, None], axis=1)
        np.split(v, 2)
        np.split(m, [1, 3], axis=1)
        np.array_split(v, 3)
        np.vsplit(n, 2)
        np.hsplit(m, 2)
        np.dsplit(t, 2)
        np.tile(v, 2)
        np.tile(v, (2, 1))
        np.tile(m, (2, 3))
        np.tile(m, 2)
        np.tile(a, 3)
        np.repeat(v, 2)
        np.repeat(m, 2, axis=1)
        np.repeat(m, 3, axis=0)
        np.repeat(m, 2)
        np.repeat(v, [1, 2, 0, 3])
        np.repeat(m, [1, 0, 2], axis=0)
        np.repeat(a, 3)
        v.repeat(3)
        np.roll(v, 1)
        np.roll(m, -1, axis=1)
        np.roll(m, 2)
        np.roll(m, (1, 2), axis=(0, 1))
        np.roll(v, -3)
        np.flip(v)
        np.flip(m)
        np.flip(m, 0)
        np.flip(m, axis=(0, 1))
        np.fliplr(m)
        np.flipud(m)
        np.rot90(m)
        np.rot90(m, 2)
        np.rot90(m, k=-1)
        np.rot90(t, 1, (1, 2))
        np.pad(v, 2)
        np.pad(v, (1, 2), constant_values=3.0)
        np.pad(v, (1, 2), constant_values=(3.0, 4.0))
        np.pad(m, 1)
        np.pad(m, ((1, 0), (2, 1)))
        np.pad(m, [(1, 1), (0, 2)], mode="edge")
        np.pad(v, 2, mode="reflect")
        np.pad(v, 7, mode="reflect")
        np.pad(v, 2, mode="symmetric")
        np.pad(m, 2, "wrap")
        np.pad(v, 2, mode="linear_ramp")
        np.pad(v, (2, 3), mode="linear_ramp", end_values=1.0)
        np.pad(v, 2, mode="maximum")
        np.pad(m, 1, mode="minimum")
        np.pad(v, 2, mode="mean")
        np.pad(m, 1, mode="mean", stat_length=2)
        np.pad(v, 2, mode="median")
        np.diag(v)
        np.diag(v, 1)
        np.diag(s)
        np.diag(m, -1)
        np.diagonal(m)
        np.diagonal(m, 1)
        np.diagonal(t, axis1=1, axis2=2)
        np.diagonal(t, 1, 0, 2)
        m.diagonal()
        np.diagflat(v)
        np.diagflat(m, 1)
        np.trace(s)
        np.trace(m, offset=1)
        np.trace(t, axis1=1, axis2=2)
        s.trace()
        np.linalg.trace(s)
        np.linalg.trace(o)
        np.linalg.diagonal(o)
        np.tril(m)
        np.tril(s, -1)
        np.triu(m, k=1)
        np.triu(o)
        np.insert(v, 1, a)
        np.insert(v, [1, 3], [a, d])
        np.insert(m, 1, v, axis=0)
        np.insert(m, 1, a, axis=1)
        np.insert(v, 2, w)
        np.insert(v, -1, a)
        np.delete(v, 1)
        np.delete(v, [0, 2])
        np.delete(m, 1, axis=0)
        np.delete(m, 2, 1)
        np.delete(v, np.s_[1:3])
        np.delete(v, slice(None, None, 2))
        np.delete(m, 5)
        np.delete(v, ~b)
        np.delete(v, -1)
        np.resize(v, 7)
        np.resize(v, (2, 3))
        np.resize(m, (2, 3))
        np.meshgrid(u, v)
        np.meshgrid(u, v, indexing="ij")
        np.meshgrid(u, v, sparse=True)
        X, Y = np.meshgrid(u, v); X * Y
        x, y = np.meshgrid(u, v, indexing="ij"); np.sin(x) + y
        np.array([a, d])
        np.array([[a, d], [d, a * d]])
        np.array([a, 1.0, 2])
        np.array([v, w])
        np.array([v[0], w[1], a])
        np.array([[v[0], 0.0], [0.0, a]])
        np.array(v)
        np.array(v, dtype=np.float64)
        np.array([math.sin(a), np.cos(d)])
        np.array([x * x for x in v])
        np.array([m[0, j] for j in range(4)])
        np.array((a, d))
        np.asarray([a, d]) * 2
        np.asarray(v)
        np.asarray([v, w]).T
        np.array(a)
        np.full(3, a)
        np.full((2, 2), d)
        np.full((2, 4), v)
        np.full_like(v, a)
        np.full(3, fill_value=a)
        np.linspace(a, d, 5)
        np.linspace(0, d, 5)
        np.linspace(a, d, num=5, endpoint=False)
        np.linspace(v, w, 3)
        np.linspace(v, w, 3, axis=1)
        np.linspace(a, d, 4, retstep=True)
        np.logspace(a, d, 4)
        np.logspace(a, d, 4, base=2.0)
        np.geomspace(a, d, 4)
        np.geomspace(a, d, num=4, endpoint=False)
        np.arange(4) * a
        np.arange(0.0, 2.0, 0.5) * a
        np.arange(a, a + 2.0, 0.5)
        np.zeros(4) + v
        np.zeros((3, 4)) + m
        np.zeros_like(v) + a
        np.ones_like(m) * v
        np.ones(4) * v
        np.eye(3) * a
        np.eye(3, 4, 1) * m
        np.identity(3) * s
        np.tri(3, 4) * m
        x = np.empty(4); x[:] = v; x
        x = np.empty_like(m); x[...] = m * a; x
        x = np.zeros_like(m); x[1] = v; x * m
        np.copy(v) * 2
        v.copy() * w
        v.astype(np.float64)
        v.astype(float)
        v.astype("float64", copy=False)
        v.astype(np.float32).astype(np.float64) * 0.0 + v
        v.view()
        v.view(np.float64)
        np.ascontiguousarray(m.T)
        np.asfortranarray(m) * 2
        np.real_if_close(v)
        np.shape(m)[0] * v
        m.size * v + m.ndim + m.shape[1]
        len(m) * v
        v.item(2)
        v[2].item()
        np.hstack([a, v, d])
        np.vander(u)
        np.vander(u, 2)
        np.vander(u, 4, increasing=True)
    """,
    "choosing": """
        np.select([v > 0.2, v < -0.2], [v * v, -v], default=a)
        np.select([v > 0.2, v < -0.2], [v * v, -v])
        np.select([b, v > 0], [m, q], 0.0)
        np.piecewise(v, [v < 0, v >= 0], [lambda x: -x, lambda x: x * x])
        np.piecewise(v, [v < 0], [lambda x: -x, lambda x: x * x])
        np.piecewise(v, [v < 0, v > 0.3], [-1.0, lambda x: x, 2.0])
        np.piecewise(a, [a < 0, a >= 0], [lambda x: -x, lambda x: x * x])
        np.choose(k, [u, u * 2.0, u ** 2])
        np.choose(k, (u, a, d))
        np.choose([0, 1, 1, 0], [v, w])
        np.choose(k % 2, [u, 2.0 * u], mode="clip")
        k.choose([u, u * 2.0, u ** 2])
        np.where(b)[0].size * a
        np.extract(v > 0, v)
        np.compress(b, v)
        np.compress([True, False, True], m, axis=0)
        v.compress(b)
    """,
    "indexing": r"""
        v[0] + v[-1]
        v[1:3]
        v[::-1]
        v[::2]
        v[-3:-1]
        v[3:0:-2]
        m[1]
        m[1, 2]
        m[:, 1]
        m[1:, ::2]
        m[::-1, ::-1]
        m[-1, :]
        m[..., 0]
        t[..., 1, :]
        t[0, ..., ::2]
        v[None, :]
        v[:, np.newaxis] * v
        m[:, None, :]
        v[k]
        m[k]
        m[:, k]
        m[k, k]
        m[k, 1:]
        m[1:, k]
        t[:, k]
        t[:, k, 1]
        t[0, k, k]
        t[1, :, k]
        m[k[:, None], k]
        m[np.ix_(k, [0, 3])]
        m[np.ix_([0, 2], [1, 3])]
        v[[0, 0, 3]]
        m[[0, 2], [1, 1]]
        m[K]
        v[K]
        v[b]
        m[B]
        m[:, b]
        m[v[:3] > 0]
        m[B[:, 0]]
        t[:, B]
        m[B[:, 0], 1]
        v[v > 0]
        m[m > 0]
        np.take(v, k)
        np.take(m, k, axis=1)
        np.take(m, [0, 5, 11])
        np.take(m, 1, axis=0)
        np.take(v, k, mode="wrap")
        v.take(k)
        m.take([0, 2], axis=0)
        np.take_along_axis(m, np.argsort(m, axis=1), axis=1)
        np.take_along_axis(m, K[:1], axis=0)
        np.take_along_axis(v, k, axis=0)
        np.take_along_axis(m, np.argmax(m, axis=1)[:, None], axis=1)
        x = m * 1.0; np.put_along_axis(x, K[:1], 2.0 * v[None, :], axis=0); x
        x = m * 1.0; np.put_along_axis(x, np.argmax(m, axis=1)[:, None], a, axis=1); x
        x = v * 1.0; np.put(x, [0, 2], [a, d]); x
        x = v * 1.0; np.putmask(x, x > 0, w); x
        x = m * 1.0; np.copyto(x, q, where=B); x
        x = m * 1.0; np.copyto(x, v); x
        x = s * 1.0; np.fill_diagonal(x, a); x
        x = s * 1.0; np.fill_diagonal(x, u); x
        x = v * 1.0; x[0] = a; x
        x = v * 1.0; x[1:3] = w[:2]; x
        x = v * 1.0; x[::-1] = w; x
        x = v * 1.0; x[::2] *= 3.0; x
        x = m * 1.0; x[:, 1] += u; x
        x = m * 1.0; x[1] = v; x
        x = m * 1.0; x[..., -1] = a; x
        x = v * 1.0; x[b] = a; x
        x = v * 1.0; x[b] *= 2.0; x
        x = v * 1.0; x[x > 0] = 0.0; x
        x = m * 1.0; x[B] = 0.0; x
        x = m * 1.0; x[B] += a; x
        x = m * 1.0; x[B] = q[B]; x
        x = m * 1.0; x[:, b] = a; x
        x = v * 1.0; x[np.array([0, 2])] = w[:2]; x
        x = v * 1.0; x[k] = a; x
        x = v * 1.0; x[k] = u; x
        x = v * 1.0; x[[1, 3]] += a; x
        x = m * 1.0; x[k] += q; x
        x = m * 1.0; x[[0, 1], [2, 3]] = w[:2]; x
        x = m * 1.0; x[[0, 1], [2, 3]] *= a; x
        x = m * 1.0; x[np.ix_([0, 2], [1, 3])] = a; x
        x = m * 1.0; x[1:, [0, 2]] = u[1:, None]; x
        x = m * 1.0; x.flat[2] = a; x
        x = m * 1.0; x.flat[:] = np.arange(12.0) * a; x
        m.flat[3] + m.flat[-1]
        m.flat[2:5]
        sum(x * x for x in m.flat)
        [x * a for x in m.flat][3]
        y = 0.0\nfor x in m.flat:\n    y = y + x ** 3\ny
        y = np.zeros(4)\nfor i in np.ndindex(4):\n    y[i] = v[i] * a\ny
        y = np.zeros((3, 4))\nfor i, j in np.ndindex(3, 4):\n    y[i, j] = m[i, j] ** 2\ny
        y = np.zeros((3, 4))\nfor i in np.ndindex(m.shape):\n    y[i] = m[i] ** 2\ny
        y = 0.0\nfor x in np.nditer(m, order="C"):\n    y = y + x * x\ny
        y = 0.0\nfor i, x in np.ndenumerate(m):\n    y = y + i[0] * x * x\ny
        y = 0.0\nfor i, x in enumerate(v):\n    y = y + i * x * x\ny
        y = 0.0\nfor row in m:\n    y = y + np.prod(row)\ny
        y = 0.0\nfor x, z_ in zip(v, w):\n    y = y + x * z_\ny
        y = 0.0\nfor i in range(len(v)):\n    y += v[i] * v[i - 1]\ny
        np.sort(v)
        np.sort(m)
        np.sort(m, axis=0)
        np.sort(m, axis=None)
        np.sort(v)[::-1]
        np.sort(v, kind="stable")
        x = v * 1.0; x.sort(); x
        x = m * 1.0; x.sort(axis=0); x
        v[np.argsort(v)]
        v[np.argsort(-v)]
        m[np.argsort(m[:, 0])]
        sorted(v)
        np.partition(v, 2)
        np.partition(m, 1, axis=1)
        v[np.argpartition(v, 2)]
        v[np.argmax(v)] + v[np.argmin(v)]
        v[np.searchsorted(e, 1.0)]
        w[np.searchsorted(np.sort(v), 0.0)]
        v[np.nonzero(b)]
        m[np.nonzero(B)]
        m[np.where(m > 0)]
        v[np.flatnonzero(v > 0)]
        np.unique(v)
        np.unique(k).size * a
        v[np.unique(k)]
        np.lexsort((v, w))[0] * a
        m[np.tril_indices(3)]
        s[np.triu_indices(3, 1)]
        s[np.diag_indices(3)]
        m[np.unravel_index(5, m.shape)]
        x = np.zeros((3, 3)); x[np.tril_indices(3)] = np.concatenate((u, u * a)); x
        np.digitize(v, [0.0]) * w
        np.bincount(k, weights=u)
        np.bincount(k, u, minlength=5)
        np.histogram(v, bins=3, range=(-2.0, 2.0))[0] * a
        np.interp(v, e, w)
        np.interp(a, e, w)
        np.interp(v, e, w, left=0.0, right=1.0)
        np.interp(v, e, w, period=3.0)
        np.unwrap(v * 9.0)
    """,
    "products": """
        np.dot(v, w)
        np.dot(m, v)
        np.dot(u, m)
        np.dot(m, n)
        np.dot(a, v)
        np.dot(v, d)
        np.dot(t, v)
        np.dot(t, n)
        np.dot(o, o)
        np.dot(v, v)
        m.dot(v)
        np.matmul(m, n)
        np.matmul(o, o)
        np.matmul(t, v)
        np.inner(v, w)
        np.inner(m, q)
        np.inner(m, v)
        np.inner(t, v)
        np.outer(u, v)
        np.outer(m, v)
        np.vdot(v, w)
        np.vdot(c, c)
        np.vdot(m, q)
        np.vecdot(m, q)
        np.tensordot(m, n, 1)
        np.tensordot(m, n, axes=1)
        np.tensordot(m, q)
        np.tensordot(u, v, 0)
        np.tensordot(m, n, axes=(1, 0))
        np.tensordot(m, q, axes=([0, 1], [0, 1]))
        np.tensordot(t, t, axes=((2, 0), (2, 0)))
        np.tensordot(t, m, axes=[(1, 2), (0, 1)])
        np.tensordot(m, m, axes=((0,), (0,)))
        np.einsum("ij,j->i", m, v)
        np.einsum("ij,jk", m, n)
        np.einsum("ij->ji", m)
        np.einsum("ij->", m)
        np.einsum("ii", s)
        np.einsum("ii->i", s)
        np.einsum("i,j->ij", u, v)
        np.einsum("ij,ij->i", m, q)
        np.einsum("bij,bjk->bik", o, o)
        np.einsum("bij,j->bi", t, v)
        np.einsum("...j,j->...", t, v)
        np.einsum("...ij->...ji", t)
        np.einsum("ij,jk,k->i", m, n, n[0])
        np.einsum("i,ij,j->", u, m, v)
        np.einsum("i,i,i", v, w, v)
        np.einsum(m, [0, 1], v, [1], [0])
        np.einsum(m, [0, 1], n, [1, 2])
        np.einsum("ij,jk->ik", m, n, optimize=True)
        np.einsum("i, i -> ", v, w)
        np.einsum("bii->b", o)
        np.einsum("ij,kj->ik", c[:, None] * v, c[None, :])
        np.kron(u, v)
        np.kron(s, m)
        np.kron(m, u)
        np.kron(t, v)
        np.cross(u, s[0])
        np.cross(v[:2], w[:2])
        np.cross(s, u)
        np.cross(m.T, u)
        np.cross(m[:3, :3], s, axis=0)
        np.linalg.cross(u, s[1])
        np.linalg.outer(u, v)
        np.linalg.tensordot(m, n, axes=1)
        np.linalg.matmul(m, n)
        np.linalg.vecdot(m, q)
        np.convolve(v, u)
        np.convolve(v, u, "same")
        np.convolve(v, u, mode="valid")
        np.convolve(u, v, mode="valid")
        np.correlate(v, u)
        np.correlate(v, u, "full")
        np.correlate(v, u, mode="same")
        np.polyval(v, a)
        np.polyval(v, m)
        np.polyval([1.0, a, d], u)
        np.polyval(v, 2.0)
        np.polyder(v)
        np.polyint(v)
        np.polymul(v, u)
        np.polyadd(v, u)
        np.polysub(v, u)
        np.polyfit(e, v, 1)
        np.polyfit(e, w, 2)
        np.polynomial.polynomial.polyval(a, v)
        np.polynomial.polynomial.polyval(u, v)
        np.cov(m)
        np.cov(m, rowvar=False)
        np.cov(m, ddof=0)
        np.cov(v, w)
        np.cov(m, bias=True)
        np.cov(v)
        np.cov(m, aweights=e)
        np.corrcoef(m)
        np.corrcoef(v, w)
        np.corrcoef(v, w)[0, 1]
        np.corrcoef(m, rowvar=False)
        np.multiply.outer(u, v)
        np.add.reduce(m * v, axis=1)
    """,
    "linalg": """
        np.linalg.solve(s, u)
        np.linalg.solve(s, m)
        np.linalg.solve(o, o)
        np.linalg.solve(o, u)
        np.linalg.solve(o, o[0])
        np.linalg.solve(z, z[0])
        np.linalg.inv(s)
        np.linalg.inv(o)
        np.linalg.inv(z)
        np.linalg.inv(s) @ u
        np.linalg.pinv(m)
        np.linalg.pinv(n)
        np.linalg.pinv(o)
        np.linalg.pinv(z)
        np.linalg.det(s)
        np.linalg.det(o)
        np.linalg.det(z)
        np.linalg.det(np.outer(u, u))
        np.linalg.slogdet(s)
        np.linalg.slogdet(s)[1]
        np.linalg.slogdet(o)[1]
        np.linalg.slogdet(h).logabsdet
        np.linalg.cholesky(h)
        np.linalg.cholesky(o @ np.swapaxes(o, -1, -2))
        np.linalg.cholesky(h, upper=True)
        np.log(np.diag(np.linalg.cholesky(h))).sum()
        np.linalg.qr(s)
        np.linalg.qr(n)
        np.linalg.qr(s, mode="r")
        np.linalg.qr(m, mode="complete")
        np.linalg.qr(n)[1]
        Q, R = np.linalg.qr(s); Q @ R
        np.linalg.qr(m)
        np.linalg.qr(o)
        U, S, V = np.linalg.svd(s); S
        np.linalg.svd(m, full_matrices=False)[1]
        np.linalg.svd(m, compute_uv=False)
        np.linalg.svd(o, compute_uv=False)
        U, S, V = np.linalg.svd(m, full_matrices=False); (U * S ** 2) @ V
        U, S, V = np.linalg.svd(s); U @ np.diag(np.sqrt(S)) @ V
        np.linalg.svdvals(m)
        np.linalg.eigh(h)
        np.linalg.eigh(h)[0]
        np.linalg.eigh(h, "U")[0]
        L, V = np.linalg.eigh(h); (V * np.sqrt(L)) @ V.T
        np.linalg.eigh(o + np.swapaxes(o, -1, -2))[0]
        np.linalg.eigvalsh(h)
        np.linalg.eigvalsh(s, UPLO="U")
        np.real(np.linalg.eigvals(h))
        np.real(np.linalg.eigvals(s))
        np.abs(np.linalg.eigvals(s - s.T + np.eye(3)))
        np.linalg.eig(h)[0].real
        np.linalg.eig(s).eigenvalues.sum().real
        L, V = np.linalg.eig(z); (V * L ** 2) @ np.linalg.inv(V)
        L, V = np.linalg.eig(h); np.real((V * L ** 2) @ np.linalg.inv(V))
        np.linalg.eig(z)[0]
        np.linalg.lstsq(m.T, v)[0]
        np.linalg.lstsq(n, v, rcond=None)[0]
        x, _, _, _ = np.linalg.lstsq(n, v, rcond=None); x
        np.linalg.lstsq(n, m.T)[0]
        np.linalg.matrix_power(s, 3)
        np.linalg.matrix_power(s, -2)
        np.linalg.matrix_power(s, 0)
        np.linalg.matrix_power(o, 2)
        np.linalg.multi_dot([m, n, n.T])
        np.linalg.multi_dot([u, m, n])
        np.linalg.multi_dot((m, v))
        np.linalg.multi_dot([u, m, v])
        np.linalg.cond(s)
        np.linalg.cond(s, 1)
        np.linalg.cond(s, "fro")
        np.linalg.cond(o)
        np.linalg.matrix_rank(s) * a
        np.linalg.tensorsolve(s, u)
        np.linalg.tensorinv(s, ind=1)
        u @ np.linalg.solve(h, u) + np.linalg.slogdet(h)[1]
    """,
    "fft": """
        np.fft.fft(v)
        np.fft.fft(c)
        np.fft.fft(m, axis=0)
        np.fft.fft(v, 6)
        np.fft.fft(v, n=3, norm="ortho")
        np.fft.ifft(c)
        np.fft.ifft(np.fft.fft(v)).real
        np.abs(np.fft.fft(v * v)) ** 2
        np.fft.rfft(v)
        np.fft.rfft(u)
        np.fft.rfft(m, axis=0)
        np.fft.irfft(c)
        np.fft.irfft(c, 5)
        np.fft.irfft(np.fft.rfft(v) * np.fft.rfft(w))
        np.fft.irfft(np.fft.rfft(u), n=3)
        np.fft.fft2(m)
        np.fft.ifft2(z).real
        np.fft.fft2(t, axes=(0, 1))
        np.fft.fft2(m, s=(2, 5))
        np.fft.fftn(t)
        np.fft.fftn(m, axes=(0,))
        np.fft.ifftn(z)
        np.fft.rfft2(m)
        np.fft.irfft2(np.fft.rfft2(m))
        np.fft.irfft2(z)
        np.fft.rfftn(t)
        np.fft.irfftn(np.fft.rfftn(t))
        np.fft.fftshift(v)
        np.fft.ifftshift(m)
        np.fft.fftshift(m, axes=1)
        np.fft.fftfreq(4) * v
        np.fft.rfftfreq(6) * v
        np.fft.hfft(c)
        np.fft.ihfft(v)
    """,
    "complex": """
        (c * np.conj(c)).real
        c.conj() * v
        np.real(c) ** 2 + np.imag(c) ** 2
        c.real + 1j * c.imag ** 2
        np.abs(c) ** 2
        np.exp(1j * v)
        np.exp(1j * a)
        np.angle(np.exp(1j * v))
        np.where(b, c, 2.0)
        np.sum(c * v)
        np.linalg.norm(c - v)
        z @ c[:3]
        z @ z
        z.T @ z
        z.conj().T @ z
        np.dot(c, c)
        np.outer(c, v)
        x = np.zeros(4, complex); x[1:] = c[:3] * 2.0; x
        x = np.zeros(4, np.complex128); x += v; x * c
        np.prod(c)
        np.cumprod(c)
        np.cumsum(c)
        np.mean(c)
        np.concatenate((c, v))
        np.array([c[0], a])
        np.array([a + 1j * d, 2.0])
        abs(c[0])
        c[0].real * c[1].imag
        np.einsum("ij,j->i", z, c[:3])
        np.kron(c, c)
        np.trace(z)
        cmath.exp(1j * a).real
        abs(cmath.sqrt(a - 2.0))
        np.log(c) * np.sqrt(c)
        c ** 2 + c ** 0.5
        np.isclose(c, 0) * c + c
        np.real_if_close(c)
        np.linalg.solve(z, c[:3])
        np.fft.fft(c * v)
        np.abs(np.linalg.det(z))
        np.linalg.cholesky(z @ z.conj().T)
        np.linalg.cholesky(z @ z.conj().T, upper=True)
        np.linalg.eigvalsh(z)
        np.linalg.eigh(z, "U")[0]
        L, V = np.linalg.eigh(z @ z.conj().T); (V * np.sqrt(L)) @ V.conj().T
        np.linalg.pinv(z[:2])
    """,
    "keywords of ufuncs, written out": """
        np.sin(v, where=b, out=np.zeros(4))
        np.divide(v, w, out=np.zeros_like(v), where=b)
        np.log(p, where=p > 1.0, out=np.full((3, 4), 2.0))
        np.multiply(m, q, out=np.ones((3, 4)), where=B)
        np.add(v, w, dtype=np.float64)
        np.exp(v, casting="same_kind")
        np.pad(v, 2, mode="reflect", reflect_type="odd")
        np.pad(m, ((1, 2), (3, 1)), mode="symmetric", reflect_type="odd")
        np.pad(v, 2, constant_values=(a, d))
        np.pad(m, ((1, 2), (3, 1)), constant_values=((a, 2.0), (d, 4.0)))
        np.histogram(v, 3)[1]
        np.gradient(v, e)
        np.gradient(v, e, edge_order=2)
        np.gradient(m, e, axis=-1)
        np.gradient(m, np.array([0.0, 1.0, 2.5]) * a, e)
        v.tolist()[1] * a
        sorted([a, d])
    """,
}


# What is refused, in both modes.
REFUSED_TEXTS = r"""
    math.dist(v, w)
    np.unstack(m)
    np.require(v)
    np.polynomial.chebyshev.chebval(a, v)
    x = np.zeros(4, dtype=complex); x.real = v; x.imag = w; x
    y = 0.0\nfor x in np.nditer(m):\n    y = y + x * x\ny
    math.fsum(v)
    np.linalg.qr(s, mode="raw")
    np.linalg.svd(z, compute_uv=False)
    np.linalg.qr(z)[1]
    np.multiply.reduceat(v, [0, 2])
    x = u * a; np.maximum.at(x, k, u * 2.0); x * x
    np.pad(v, 2, mode="empty")[2:-2]
    np.linalg.lstsq(n, v)[1]
    np.trim_zeros(v)
    np.poly1d([a, d])(v)
    x = np.array(a); y = x; x[...] = a * d; x * y
"""


def forms() -> list[Call]:
    return [call(f"{group}: {text}", text) for group, block in FORMS.items() for text in entries(block)]


def entries(block: str) -> list[str]:
    return [line.strip() for line in block.splitlines() if line.strip()]


def call(name: str, text: str) -> Call:
    body = text.replace("\\n", "\n").replace("; ", "\n")
    known = variables()
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    args = {name: value for name, value in known.items() if name in used}
    active = tuple(name for name, value in args.items() if np.asarray(value).dtype.kind in "fc")
    return Call(name, body, args, active)


REFUSED = [call(text, text) for text in entries(REFUSED_TEXTS)]
