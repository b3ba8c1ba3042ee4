"""Mutations of what writes text for CuPy, and of its helpers there: retarget_cupy, on_cupy."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

TESTS = ("tests/transforms/test_retarget.py", "tests/test_cupy_manners.py")
MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/retarget_cupy.py",
        (
            "elements that are kept are views",
            '            return ir.call("numpy.copy", value)\n    return value',
            "            return value\n    return value",
        ),
        ("elements kept in lists are views", "case ir.Tuple(items) | ir.List(items):", "case ir.Tuple(items):"),
        (
            "op= writes into what is kept",
            "            return ir.Assign(name, ir.Binary(op, name, value), loc=node.loc)",
            "            return node",
        ),
        (
            "elements stored into lists are views",
            "isinstance(types.get(name), Seq):\n            return replace(node, value=_owned(value, types))",
            "isinstance(types.get(name), Seq):\n            return node",
        ),
        (
            "any of several values stays",
            '    return ir.Do(ir.call("srcad_runtime.store", base, index, new), loc=node.loc)',
            "    return node",
        ),
        ("op= by repeated indices only stores", "new = ir.Binary(op, target, value)", "new = value"),
        ("masks may repeat", 'kind.dims == () or kind.dtype == "bool"', "kind.dims == ()"),
        (
            "extents of ranges stay on the device",
            "            return replace(node, args=tuple(_host(a, hosted) for a in args))",
            "            return node",
        ),
        (
            "errors that CuPy does not raise are caught",
            "    for node in ir.walk(function):\n        _refuse(node)\n",
            "",
        ),
        (
            "arguments that CuPy lacks are given",
            "        lacking = name in LACKING_ARGUMENTS.get(path, ())",
            "        lacking = False",
        ),
        ("conditions may be numbers", "args=(_array(test, types), *rest)", "args=(test, *rest)"),
        ("kinds of sorting are NumPy's", 'ir.Const("stable") if key == "kind" else v', "v"),
        tests=TESTS,
    ),
    *of(
        "runtime/srcad_runtime/on_cupy.py",
        ("all values count as written", "writer[index] == order, a[index], 0.0", "writer[index] >= 0.0, a[index], 0.0"),
        ("the first value stays", "cupy.arange(1.0, places.size + 1.0)", "cupy.arange(places.size + 1.0, 1.0, -1.0)"),
        ("elements without a value are cleared", "values[place], a)", "values[place], 0.0)"),
        tests=TESTS,
    ),
)
