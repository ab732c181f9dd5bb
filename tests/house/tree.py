"""The project's own source files, as the tests of this room see them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("viz", "runs", "agents", "world")


def sources(*folders: str) -> list[Path]:
    """Every Python file in the folders, data left out; each folder must hold some."""
    found = []
    for folder in folders:
        files = sorted(path for path in (ROOT / folder).rglob("*.py") if "data" not in path.relative_to(ROOT).parts)
        assert files, f"{folder}/ holds no Python file"
        found += files
    return found


def docstrings(tree: ast.AST) -> set[ast.AST]:
    """The nodes that are documentation: a string that stands alone as a statement."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


def constants(tree: ast.AST) -> Iterator[ast.Constant]:
    """Every literal of the code, docstrings left out."""
    documentation = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in documentation:
            yield node


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every identifier of the code with its line: names, attributes, arguments, functions, classes, imports."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                yield getattr(node, "lineno", 0), value


CALENDAR = re.compile(r"(?<![0-9A-Za-z])20[0-9]{2}(?![0-9])")


def calendar_literals(tree: ast.AST) -> list[str]:
    """Years (2015 to 2060) and strings that hold one, such as a quarter or a date."""
    found = []
    for node in constants(tree):
        value = node.value
        if isinstance(value, str) and CALENDAR.search(value):
            found.append(f"line {node.lineno}: {value!r}")
        elif isinstance(value, int | float) and value in range(2015, 2061):
            found.append(f"line {node.lineno}: {value}")
    return found


FIRM = re.compile(r"(?<![a-z])(openai|microsoft|oracle|softbank|xai|nvidia|broadcom)(?![a-z])", re.IGNORECASE)


def firm_names(tree: ast.AST) -> list[str]:
    """Identifiers and strings of the code that name a firm."""
    said = [*names(tree), *((n.lineno, n.value) for n in constants(tree) if isinstance(n.value, str))]
    return [f"line {line}: {text!r}" for line, text in said if FIRM.search(text)]


REDUCERS = {"sum", "mean", "prod", "average", "nansum", "nanmean"}
PRODUCTS = {"einsum", "dot", "matmul", "tensordot", "inner", "vdot", "vecdot", "linalg.multi_dot"}


def unrepeatable_arithmetic(tree: ast.AST) -> list[str]:
    """Reductions, products and powers whose bits depend on how many worlds are computed at once."""
    found = []
    trusted = {inner for node in ast.walk(tree) if _is_the_helper(node) for inner in ast.walk(node)}
    for node in (node for node in ast.walk(tree) if node not in trusted):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
            found.append(f"line {node.lineno}: the operator @")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            if isinstance(node.right, ast.Constant | ast.UnaryOp) and not isinstance(node.left, ast.Constant):
                found.append(f"line {node.lineno}: a power with a scalar exponent")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found += [f"line {node.lineno}: {fault}" for fault in [_call_fault(node)] if fault]
    return found


def _is_the_helper(node: ast.AST) -> bool:
    """The helper that may reduce a leading axis: it knows in which layouts that is safe, and has tests."""
    return isinstance(node, ast.FunctionDef) and node.name == "fold"


def _call_fault(call: ast.Call) -> str | None:
    assert isinstance(call.func, ast.Attribute)
    method, owner = call.func.attr, call.func.value
    of_numpy = isinstance(owner, ast.Name) and owner.id in ("np", "numpy")
    if method in PRODUCTS and (of_numpy or method == "dot"):
        return f"a call of {method}"
    if of_numpy and method in REDUCERS:
        return f"a call of np.{method}"
    if method == "reduce" and isinstance(owner, ast.Attribute) and owner.attr in ("add", "multiply"):
        return f"a call of {owner.attr}.reduce"
    if method in REDUCERS and not of_numpy:
        axes = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "axis")]
        # The last axis is the worlds: a total over it is a statistic, never part of a world.
        if any(ast.unparse(axis) != "-1" for axis in axes):
            return f".{method} over a leading axis"
    return None
