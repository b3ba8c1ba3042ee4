"""Mutations of what the modes of one call share, of what is returned, and of branches that fail: shared, assemble."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/shared.py",
        ("captured values stay", "    if found is None or not found.is_current():\n", "    if found is None:\n"),
        ("programs for other captured values stay", "                del self.steps[key]\n", "                pass\n"),
        (
            "whatever it is, it is as it was",
            "            return kernel.same(scope.read(self.target, origin, path), value)\n",
            "            return True\n",
        ),
        (
            "all requests are one",
            "key = modes, repr(replace(request, target=None, modes=(), shared=None))",
            "key = modes, None",
        ),
        ("all arguments are numbers", "    return isinstance(leaf, _PLAIN)", "    return True"),
        tests=("tests/test_shared.py",),
    ),
    *of(
        "srcad/assemble.py",
        ("values change with the reverse sweep", "        if near & restored:\n", "        if False:\n"),
        ("an array is kept under a name", 'expr if kind.dims == () else ir.call("numpy.copy", expr)', "expr"),
        (
            "views are restored under their own names",
            "near = alias.touched(where, ir.names(expr), sweep.shapes.types) if kind.dims != () else ir.names(expr)",
            "near = ir.names(expr)",
        ),
        (
            "results named on the way are no views",
            'where = sweep.program.body if getattr(kind, "dims", None) is None else body',
            "where = sweep.program.body",
        ),
    ),
    *of(
        "srcad/eval_core.py",
        (
            "a branch that fails is refused",
            "            if not known or not all(isinstance(a, (str, int)) for a in error.args):\n",
            "            if True:\n",
        ),
    ),
)
