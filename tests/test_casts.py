"""Writes whose types nobody knows are tested where they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from srcad.cli import app

MODEL = """import numpy as np


def model(u, v):
    w = np.zeros_like(v)
    np.add(u, v, out=w)
    return np.sum(w * w)
"""


@pytest.fixture
def untyped(tmp_path: Path) -> Any:
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    result = CliRunner().invoke(app, ["emit", f"{tmp_path}/model.py:model"])
    assert result.exit_code == 0, result.output
    space: dict[str, Any] = {}
    exec(result.stdout, space)  # noqa: S102
    return space["model_grad"]


def test_a_result_that_fits(untyped: Any) -> None:
    u, v = np.array([1.5, 2.5]), np.array([0.25, 1.0])
    value, u_bar = untyped(u, v)
    assert value == np.sum((u + v) ** 2)
    np.testing.assert_array_equal(u_bar, 2.0 * (u + v))


def test_a_result_that_does_not_fit(untyped: Any) -> None:
    with pytest.raises(TypeError, match="does not fit"):
        untyped(np.array([1.5, 2.5]), np.array([1, 2]))
