"""Functions of `scipy.special` that compiled code calls back into Python for: see `interpreted`."""

from __future__ import annotations

from typing import Any

from srcad_runtime.interpreted import register

FUNCTIONS = """
scipy.special.airy(z)
scipy.special.betaincc(a, b, x)
scipy.special.betaincinv(a, b, y)
scipy.special.boxcox1p(x, lmbda)
scipy.special.comb(N, k)
scipy.special.cosdg(x)
scipy.special.cosm1(x)
scipy.special.cotdg(x)
scipy.special.ellipeinc(phi, m)
scipy.special.ellipkinc(phi, m)
scipy.special.ellipkm1(p)
scipy.special.eval_chebyt(n, x)
scipy.special.eval_chebyu(n, x)
scipy.special.eval_gegenbauer(n, alpha, x)
scipy.special.eval_genlaguerre(n, alpha, x)
scipy.special.eval_hermite(n, x)
scipy.special.eval_hermitenorm(n, x)
scipy.special.eval_jacobi(n, alpha, beta, x)
scipy.special.eval_laguerre(n, x)
scipy.special.eval_legendre(n, x)
scipy.special.expn(n, x)
scipy.special.factorial(n, exact=False)
scipy.special.fresnel(z)
scipy.special.gammainccinv(a, y)
scipy.special.gammaincinv(a, y)
scipy.special.hyp0f1(v, z)
scipy.special.hyp1f1(a, b, x)
scipy.special.hyp2f1(a, b, c, z)
scipy.special.hyperu(a, b, x)
scipy.special.inv_boxcox1p(y, lmbda)
scipy.special.ive(v, z)
scipy.special.jve(v, z)
scipy.special.kn(n, x)
scipy.special.kve(v, z)
scipy.special.lambertw(z, k=0, tol=1e-08)
scipy.special.modstruve(v, x)
scipy.special.owens_t(h, a)
scipy.special.powm1(x, y)
scipy.special.shichi(x)
scipy.special.sici(x)
scipy.special.sindg(x)
scipy.special.softplus(x)
scipy.special.stdtr(df, t)
scipy.special.struve(v, x)
scipy.special.tandg(x)
scipy.special.wofz(z)
scipy.special.wrightomega(z)
scipy.special.yn(n, x)
scipy.special.yve(v, z)
scipy.special.logsumexp(a, axis=None, b=None, keepdims=False)
"""

WRAPPERS = register(FUNCTIONS, __name__)


def __getattr__(name: str) -> Any:
    if name in WRAPPERS:
        return WRAPPERS[name]
    raise AttributeError(name)
