"""Functions of SciPy that compiled code calls back into Python for: see `interpreted`."""

from __future__ import annotations

from typing import Any

from srcad_runtime.interpreted import LIKE, register

FUNCTIONS = """
scipy.fft.dct(x, type=2, axis=-1, norm=None)
scipy.fft.dst(x, type=2, axis=-1, norm=None)
scipy.fft.idct(x, type=2, axis=-1, norm=None)
scipy.fft.idst(x, type=2, axis=-1, norm=None)
scipy.linalg.cholesky(a, lower=False)
scipy.linalg.cosm(A)
scipy.linalg.det(a)
scipy.linalg.eigh(a, lower=True)
scipy.linalg.expm(A)
scipy.linalg.inv(a)
scipy.linalg.logm(A)
scipy.linalg.lu(a)
scipy.linalg.lu_factor(a)
scipy.linalg.pinv(a)
scipy.linalg.qr(a)
scipy.linalg.sinm(A)
scipy.linalg.solve(a, b)
scipy.linalg.solve_banded(l_and_u, ab, b)
scipy.linalg.solve_continuous_lyapunov(a, q)
scipy.linalg.solve_discrete_lyapunov(a, q)
scipy.linalg.solve_sylvester(a, b, q)
scipy.linalg.solve_triangular(a, b, trans=0, lower=False, unit_diagonal=False)
scipy.linalg.sqrtm(A)
scipy.linalg.svd(a, full_matrices=True, compute_uv=True)
scipy.signal.convolve(in1, in2, mode='full', method='auto')
scipy.signal.convolve2d(in1, in2, mode='full')
scipy.signal.correlate(in1, in2, mode='full', method='auto')
scipy.signal.correlate2d(in1, in2, mode='full')
scipy.signal.fftconvolve(in1, in2, mode='full')
scipy.signal.lfilter(b, a, x, axis=-1)
scipy.signal.oaconvolve(in1, in2, mode='full')
"""

LIKE["scipy_linalg_solve_banded"] = (("ab", "b"), ("b",))

WRAPPERS = register(FUNCTIONS, __name__)


def __getattr__(name: str) -> Any:
    if name in WRAPPERS:
        return WRAPPERS[name]
    raise AttributeError(name)
