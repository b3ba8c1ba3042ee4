"""How hard LLVM works on code that srcad has Numba compile.

Numba asks for LLVM's level 3, which copies a loop for every condition that does not change in it (loop unswitching).
In the nests over broadcast arrays that gradients consist of, there are many such conditions, and copies of copies: the
gradient of a convolution took 33 s to compile, at level 2 it takes 11 s and runs as fast.

Before it puts functions together, Numba has LLVM optimise each of them in full, and all of it again afterwards. The
first time, only what the second one needs is done here: variables in registers, references paired off.

Only code compiled with Numba imports this module.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite.binding import newpassmanagers
from numba.core import codegen, compiler, typeinfer
from numba.core import config as _config
from numba.core.compiler_lock import global_compiler_lock

from srcad_runtime import _collector, inference, lowering

config: Any = _config


def _prepare_functions(library: Any, module: Any) -> None:
    """In place of `CPUCodeLibrary._optimize_functions`."""
    module.data_layout = library._codegen._data_layout
    builder = library._codegen._pass_builder(opt=0)
    passes = newpassmanagers.create_new_function_pass_manager()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()  # after combined instructions it makes loops that are not vectorised
    if config.LLVM_REFPRUNE_PASS:
        passes.add_refprune_pass(codegen._parse_refprune_flags())
    for function in module.functions:
        if not function.is_declaration:
            passes.run(function, builder)


@contextmanager
def quick() -> Iterator[None]:
    """Compile at LLVM's level 2 at most; other threads, which wait for Numba's lock, keep their level."""
    level = config.OPT
    with global_compiler_lock, _collector.paused(), contextlib.ExitStack() as until:
        until.enter_context(_instead(config, "OPT", type(level)(min(int(level), 2))))
        if lowering.OPTIONS:
            until.enter_context(_instead(codegen.CPUCodeLibrary, "_optimize_functions", _prepare_functions))
            until.enter_context(_instead(typeinfer, "TypeInferer", inference.Inferer))
            # what Numba's own functions are compiled by
            until.enter_context(_instead(compiler.Compiler, "define_pipelines", lowering.Compiler.define_pipelines))
        yield


@contextmanager
def _instead(owner: Any, name: str, value: Any) -> Iterator[None]:
    usual = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, usual)
