"""Generators as they were before Python 3.7: a StopIteration that leaves the body of one ends it.

Scripts of then end a generator by `raise StopIteration`, or by a `next(...)` that has nothing more to give.
Since 3.7 that is a RuntimeError, so the bodies of their generators are put into a `try` that returns.
Installed libraries, and what is compiled elsewhere, stay as they are.
"""

from __future__ import annotations

import ast
import importlib.machinery
import types
from collections.abc import Iterator
from typing import Any

from ostinato.cli.removed import is_of_a_library


def compiled(source: bytes | str, file: str) -> types.CodeType:
    """A script as code, its generators as they were."""
    tree = ast.parse(source, file)
    return compile(as_of_then(tree), file, "exec", dont_inherit=True)


def as_of_then(tree: ast.Module) -> ast.Module:
    """A script's tree with its generators as they were: it is changed in place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(isinstance(part, _YIELDS) for part in _own(node)):
            _let_end(node)
    return tree


_YIELDS = (ast.Yield, ast.YieldFrom)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.GeneratorExp)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """What is inside a function, but not inside another one within it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _SCOPES):
            yield child
            yield from _own(child)


def _let_end(function: ast.FunctionDef) -> None:
    body = function.body
    documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    first = body[0]
    stopped = ast.ExceptHandler(ast.Name("StopIteration", ast.Load()), None, [ast.Return()])
    held = ast.Try(body[documented:] or [ast.Pass()], [stopped], [], [])
    function.body = [*body[:documented], ast.copy_location(held, first)]
    ast.fix_missing_locations(function)


def install() -> None:
    """Compile so whatever this process imports that is no installed library. It is neither read from a cache
    nor kept in one: other Pythons find their own there.
    """
    loader: Any = importlib.machinery.SourceFileLoader
    if hasattr(loader, "_of_ostinato"):
        return
    get_code = loader.get_code

    def of_then(self: Any, fullname: str) -> Any:
        path = self.get_filename(fullname)
        if is_of_a_library(path):
            return get_code(self, fullname)
        return compiled(self.get_data(path), path)

    loader._of_ostinato, loader.get_code = True, of_then
