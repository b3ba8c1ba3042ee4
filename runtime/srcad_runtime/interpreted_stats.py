"""Functions of `scipy.stats` that compiled code calls back into Python for: see `interpreted`."""

from __future__ import annotations

from srcad_runtime.compiled_names import SCIPY_STATS
from srcad_runtime.interpreted import LIKE, register

LIKE["scipy_stats_multivariate_normal_logpdf"] = (("x", "mean", "cov"), ("x",))
globals().update(register(SCIPY_STATS, __name__))
