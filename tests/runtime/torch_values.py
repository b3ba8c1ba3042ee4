"""Comparing with torch: arrays in, arrays out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")


def tensor(value: Any, grad: bool = False) -> Any:
    return None if value is None else torch.tensor(value, requires_grad=grad)


def tensors(*values: Any) -> list[Any]:
    return [tensor(v) for v in values]


def agree(mine: Any, theirs: Any, tolerance: float = 1e-10) -> None:
    """Same shape, and the same values to `tolerance` (relative to those beyond 1)."""
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else np.asarray(theirs)
    assert np.shape(mine) == theirs.shape
    np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)
