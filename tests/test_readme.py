"""What the README shows is what happens."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_gradient_in_the_readme_is_the_generated_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], update_golden: bool
) -> None:
    text = README.read_text(encoding="utf-8")
    program, shown = BLOCK.findall(text)
    file = tmp_path / "diffuse.py"
    file.write_text(program, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("diffuse", file)
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    printed = _definition(capsys.readouterr().out)
    if update_golden:
        README.write_text(text.replace(f"```python\n{shown}```", f"```python\n{printed}```"), encoding="utf-8")
    assert printed == shown


def _definition(module: str) -> str:
    """The gradient function, without the header and the imports above it."""
    return module[module.index("def diffuse_grad") :].rstrip() + "\n"


def test_the_commands_are_those_that_are_tested() -> None:
    commands = re.findall(r"```sh\n(.*?)\n```", README.read_text(encoding="utf-8"))
    assert commands[0].endswith("python examples/linear_regression.py")
    install, test = commands[1].split(" && ")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert install.removeprefix("pip install ") in script and test in script
