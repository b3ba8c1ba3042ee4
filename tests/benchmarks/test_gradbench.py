"""The GradBench tool, spoken to as the suite's twelve evals speak; its answers against the evals' own expectations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.gradbench import nested
from benchmarks.gradbench.problems import PROBLEMS
from tests.benchmarks.gradbench_evals import EVALS, Question, landing, mismatches, sloped

ROOT = Path(__file__).resolve().parents[2]


class Tool:
    """The tool as a process: a message in, a response out."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "benchmarks.gradbench", *options]
        environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "runtime")])}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, env=environ)
        self.count = 0

    def send(self, **message: Any) -> dict[str, Any]:
        self.write(json.dumps({"id": self.count} | message))
        response = json.loads(self.process.stdout.readline(), parse_constant=pytest.fail)  # nan is no JSON
        assert response["id"] == self.count
        self.count += 1
        return response

    def write(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def output(self, module: str, function: str, given: Any) -> Any:
        response = self.send(kind="evaluate", module=module, function=function, input=given)
        assert response["success"], response["error"]
        return response["output"]

    def close(self) -> tuple[int, str]:
        """Exit code, and what was written to standard error."""
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err


@pytest.fixture(scope="module")
def tool() -> Iterator[Tool]:
    process = Tool("--backend", "numpy")
    assert process.send(kind="start", eval="hello") == {"id": 0, "tool": "srcad"}
    yield process
    assert process.close() == (0, "")


def ask(tool: Tool, module: str, question: Question, **limits: Any) -> dict[str, Any]:
    """One evaluation as the suite does it: message, validation, and the analysis that it sends then."""
    given = question.input if module == "hello" else question.input | {"min_runs": 1, "min_seconds": 0.0} | limits
    message = {"kind": "evaluate", "module": module, "function": question.function, "input": given}
    asked = tool.count
    response = tool.send(**message, description="a description")
    assert response["success"], response["error"]
    wrong = mismatches(question.expected, response["output"], question.tolerance)
    assert tool.send(kind="analysis", of=asked, valid=not wrong) == {"id": asked + 1}
    assert not wrong, wrong[:10]
    return response


def converse(tool: Tool, module: str, size: str) -> None:
    """A whole eval."""
    assert tool.send(kind="start", eval=module, config={"n": 1000, "no_validation": False})["tool"] == "srcad"
    assert tool.send(kind="define", module=module) == {"id": tool.count - 1, "success": True}
    for question in EVALS[module](size):
        timings = ask(tool, module, question)["timings"]
        assert [timing["name"] for timing in timings] == ["prepare", "evaluate"]
        assert all(type(timing["nanoseconds"]) is int and timing["nanoseconds"] >= 0 for timing in timings)


def test_every_eval_is_here() -> None:
    assert EVALS.keys() == PROBLEMS.keys() and len(EVALS) == 12
    for module, eval_ in EVALS.items():
        if module not in ("particle", "saddle"):  # whose expectations take a descent
            assert {question.function for question in eval_("tiny")} == PROBLEMS[module].keys()


@pytest.mark.parametrize("module", EVALS)
def test_eval(tool: Tool, module: str) -> None:
    converse(tool, module, "tiny")


@pytest.mark.slow
@pytest.mark.parametrize("module", EVALS)
def test_published_eval_compiled(module: str) -> None:
    """The smallest inputs that the suite sends by default, with the tool as it would be started."""
    process = Tool()
    converse(process, module, "published")
    code, _ = process.close()
    assert code == 0


def test_a_small_rotation_is_none(tool: Tool) -> None:
    """As the suite has it: below 1e-4 a hand is not turned, so its rotation has no derivative."""
    *_, question = EVALS["ht"]("tiny")
    still = question.input | {"theta": [0.0, 5e-5, 0.0, *question.input["theta"][3:]]}
    assert np.all(np.array(tool.output("ht", "jacobian", still))[:, 2:5] == 0.0)


def test_a_camera_that_is_not_turned(tool: Tool) -> None:
    *_, question = EVALS["ba"]("tiny")
    near, far = (
        tool.output("ba", "jacobian", question.input | {"cam": [0.0, 0.0, turn, *question.input["cam"][3:]]})["vals"]
        for turn in (0.0, 1e-9)
    )
    assert mismatches(far, near, 1e-6) == []


def test_both_layouts_of_a_hand(tool: Tool) -> None:
    """The description says that `us` is flat, the suite's sender nests it."""
    *_, question = EVALS["ht"]("tiny")
    flat = question.input | {"us": np.ravel(question.input["us"]).tolist()}
    assert mismatches(question.expected, tool.output("ht", "jacobian", flat), 1e-9) == []


def test_gmm_in_the_older_layout(tool: Tool) -> None:
    _, question = EVALS["gmm"]("tiny")
    given, new = question.input, question.expected
    icf = np.concatenate([given["q"], given["l"]], axis=1).tolist()
    older = {name: given[name] for name in ("d", "k", "n", "m", "gamma", "alpha", "x")}
    found = tool.output("gmm", "jacobian", older | {"means": given["mu"], "icf": icf})
    expected = [new["alpha"], np.ravel(new["mu"]), np.concatenate([new["q"], new["l"]], axis=1).ravel()]
    assert mismatches(np.concatenate(expected).tolist(), found, 1e-9) == []


@pytest.mark.parametrize("inner", "fr")
@pytest.mark.parametrize("outer", "fr")
def test_nested_derivatives(outer: str, inner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One outer gradient of particle and of saddle in each mixture of modes, far from where a descent ends."""
    monkeypatch.setenv("SRCAD_GRADBENCH_BACKEND", "numpy")
    lands = {"f": nested.landing_forward, "r": nested.landing_reverse}[inner]
    w = np.array([0.05])
    np.testing.assert_allclose(nested.outer(lands, outer)(w), sloped(lambda v: landing(v[0]), w), rtol=1e-11)
    highest = {"f": nested.highest_forward, "r": nested.highest_reverse}[inner]
    x = np.array([0.3, -0.4])  # where the maximum over y is x.x
    np.testing.assert_allclose(nested.outer(highest, outer)(x, np.array([0.6, 0.5])), 2.0 * x, rtol=1e-12)


# ---- runs and timings ----


@pytest.mark.parametrize("limits", [{"min_runs": 4}, {"runs": 4}])
def test_runs(tool: Tool, limits: dict[str, int]) -> None:
    given = {"x": [0.0, 1.0], "min_seconds": 0} | limits
    timings = tool.send(kind="evaluate", module="lse", function="primal", input=given)["timings"]
    assert [timing["name"] for timing in timings] == ["prepare"] + ["evaluate"] * 4


def test_seconds(tool: Tool) -> None:
    *_, question = EVALS["lse"]("tiny")
    evaluated = ask(tool, "lse", question, min_seconds=0.05)["timings"][1:]
    spent = [timing["nanoseconds"] for timing in evaluated]
    assert sum(spent) >= 0.05e9 > sum(spent[:-1])


# ---- what is unknown, and what is no message ----


def test_unknown_modules_and_functions(tool: Tool) -> None:
    undefined = tool.send(kind="define", module="unheard_of")
    assert undefined["success"] is False and undefined["error"].startswith("no module 'unheard_of'; there are hello,")
    unknown = tool.send(kind="evaluate", module="hello", function="halve", input=1.0)
    assert unknown["success"] is False and "output" not in unknown
    assert unknown["error"] == "no function 'halve' in module 'hello'; there are square, double"
    assert not tool.send(kind="evaluate", module="unheard_of", function="square", input=1.0)["success"]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"kind": "evaluate", "module": "llsq", "function": "primal", "input": {"x": [1.0]}}, "KeyError: 'n'"),
        ({"kind": "evaluate", "module": "llsq", "function": "primal"}, "TypeError"),
        ({"kind": "evaluate", "module": "hello", "function": "square", "input": "one"}, "could not convert"),
        ({"kind": "evaluate", "module": "hello", "function": "square", "input": 1e200}, "JSON compliant"),
        ({"kind": "define"}, "KeyError: 'module'"),
        ({"kind": "evaluate", "module": ["hello"]}, "unhashable"),
    ],
)
def test_a_bad_message_is_answered(tool: Tool, message: dict[str, Any], error: str) -> None:
    response = tool.send(**message)
    assert response["success"] is False and error in response["error"] and "output" not in response
    assert tool.output("hello", "double", 3.0) == 6.0  # and the conversation goes on


def test_kinds_of_the_future_are_acknowledged(tool: Tool) -> None:
    assert tool.send(kind="farewell") == {"id": tool.count - 1}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{'id': 1}", "Expecting property name"),
        ('{"id": 1', "Expecting"),
        ("[1, 2]", "it is not an object"),
        ('{"kind": "start"}', "its 'id' is None"),
        ('{"id": 1}', "its 'kind' is None"),
    ],
)
def test_a_line_that_is_no_message_ends_the_conversation(line: str, reason: str) -> None:
    """There is no number to answer under: better an end with a reason than a suite that waits."""
    from benchmarks.gradbench.__main__ import serve

    written: list[str] = []

    class Out:
        write, flush = staticmethod(written.append), staticmethod(lambda: None)

    lines = ['{"id": 0, "kind": "start"}\n', "\n", line + "\n", '{"id": 2, "kind": "start"}\n']
    assert serve(lines, Out()) == 1
    assert "".join(written) == '{"id": 0, "tool": "srcad"}\n'


def test_the_reason_is_told() -> None:
    process = Tool("--backend", "numpy")
    process.write('{"id": 0')
    code, err = process.close()
    assert code == 1 and err.startswith("line 1 is no message: ") and "Traceback" not in err


def test_a_suite_that_leaves_early() -> None:
    process = Tool("--backend", "numpy")
    process.process.stdout.close()
    process.write('{"id": 0, "kind": "start"}')
    code = process.process.wait(timeout=30)
    assert code == 0 and process.process.stderr.read() == ""
