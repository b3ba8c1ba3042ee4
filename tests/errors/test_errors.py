"""Every refused program is refused, with the message of its golden file, letter by letter.

A program below `not_yet` that is accepted belongs into the corpus from then on, if its derivative is right.
``pytest tests/errors --update-golden`` writes the messages of today; read the difference before committing it.
"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import srcad
from srcad import cli
from srcad.cli_common import ExitCode
from tests.errors.registry import Case, cases

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
ALL = cases()


def _message(error: BaseException) -> str:
    """``Class: message`` with file names relative to this folder."""
    name = "Unsupported" if isinstance(error, srcad.Unsupported) else type(error).__name__
    return f"{name}: {error}".replace(f"{HERE}/", "") + "\n"


def _golden(case: Case) -> Path:
    if case.name.startswith("not_yet."):
        return HERE / "not_yet" / "golden" / f"{case.name.removeprefix('not_yet.')}.txt"
    return GOLDEN / f"{case.name}.txt"


def _answer(case: Case) -> str:
    """What the user reads; the arguments must be as they were, also after a refusal."""
    args = case.args()
    before = copy.deepcopy(args)
    with pytest.raises((srcad.Unsupported, TypeError, ValueError)) as caught:
        case.ask(case.fn, args)
    for now, then in zip(args, before):
        assert not isinstance(now, np.ndarray) or repr(now) == repr(then), "a refused call changed its argument"
    return _message(caught.value)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_refusal(case: Case, update_golden: bool) -> None:
    path = _golden(case)
    answer = _answer(case)
    if update_golden:
        path.write_text(answer, encoding="utf-8")
    assert answer == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("call", ["average(y, axis=0)", "array(y)", "multiply.outer(y, y)"])
def test_what_a_rule_refuses_is_shown_where_the_program_calls_it(call: str, tmp_path: Path) -> None:
    file = tmp_path / "untyped.py"
    file.write_text(
        f"import numpy as np\n\n\ndef f(x):\n    y = x * x\n    return np.sum(np.{call})\n", encoding="utf-8"
    )
    result = CliRunner().invoke(cli.app, ["emit", f"{file}:f"])
    assert result.exit_code == ExitCode.UNSUPPORTED
    assert result.output.startswith(f"{file}:6:19: cannot differentiate ")


def test_no_golden_file_is_left_over() -> None:
    files = {*GOLDEN.glob("*.txt"), *(HERE / "not_yet" / "golden").glob("*.txt")}
    assert files == {_golden(case) for case in ALL}


def test_there_are_enough() -> None:
    assert len([case for case in ALL if not case.name.startswith("not_yet.")]) >= 45
