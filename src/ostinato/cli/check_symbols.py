"""The TensorFlow symbols that a script uses, found in its syntax without running it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field

ROOT = "tensorflow"
_CAUGHT = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException", "NameError"}


@dataclass
class Use:
    """A symbol, by its path from `tf`, at a line; its keywords where it is called; whether the script does
    without it where it is not there.
    """

    symbol: str
    line: int
    keywords: tuple[str, ...] = ()
    guarded: bool = False


@dataclass
class Found:
    """What was found in one file."""

    uses: list[Use] = field(default_factory=list)
    names: set[tuple[str, int]] = field(default_factory=set)  # names that nothing in the file defines
    attributes: list[tuple[str, int]] = field(default_factory=list)
    modules: list[tuple[str, int, bool]] = field(default_factory=list)  # imported; whether guarded
    prints: list[int] = field(default_factory=list)  # lines of `print >> file, ...`, which parses
    given: set[str] = field(default_factory=set)  # paths that the file itself puts something at


def short(path: str) -> str:
    """`tensorflow.nn.relu` as `tf.nn.relu`; an internal module's path as it is.

    >>> short("tensorflow.contrib.rnn.GRUCell"), short("tensorflow.compat.v1.nn")
    ('tf.contrib.rnn.GRUCell', 'tf.nn')
    """
    for prefix in (f"{ROOT}.compat.v1", ROOT):
        if path == prefix or path.startswith(f"{prefix}."):
            return f"tf{path[len(prefix) :]}"
    return path


def collect(tree: ast.AST) -> Found:
    """Everything of TensorFlow's that the syntax tree names, and what may be Python 2's."""
    collector = _Collector()
    collector.scopes.append({})
    collector.bind_imports(tree)
    collector.visit(tree)
    return collector.found


class _Collector(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found = Found()
        self.scopes: list[dict[str, str | None]] = []  # name: TensorFlow's path, or None for another's
        self.stars: list[str] = []
        self.guards = 0

    # What names stand for.

    def bind_imports(self, tree: ast.AST) -> None:
        """Bind what the file imports and defines anywhere, before its lines are looked at in their order: a
        function's body runs later than what comes after it.
        """
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.scopes[0].setdefault(node.name, None)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                for name, path in _imported(node):
                    if path is not None or name not in self.scopes[0]:
                        self.scopes[0][name] = path

    def path_of(self, node: ast.AST) -> str | None:
        """The path of what an expression names, if that is TensorFlow's."""
        if isinstance(node, ast.Name):
            for scope in reversed(self.scopes):
                if node.id in scope:
                    return scope[node.id]
            return f"{self.stars[-1]}.{node.id}" if self.stars and self._is_of_star(node.id) else None
        if isinstance(node, ast.Attribute):
            parent = self.path_of(node.value)
            return f"{parent}.{node.attr}" if parent is not None else None
        return None

    def _is_of_star(self, name: str) -> bool:
        return not hasattr(builtins, name)

    # Imports.

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.found.modules.append((alias.name, node.lineno, bool(self.guards)))
            if _is_ours(alias.name):
                self._use(alias.name, node.lineno)
                self.scopes[-1][alias.asname or ROOT] = alias.name if alias.asname else ROOT
            else:
                self.scopes[-1][alias.asname or alias.name.split(".")[0]] = None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level == 0:
            self.found.modules.append((module, node.lineno, bool(self.guards)))
        for alias in node.names:
            ours = node.level == 0 and _is_ours(module)
            if alias.name == "*":
                if ours:
                    self._use(module, node.lineno)
                    self.stars.append(module)
                continue
            if ours:
                self._use(f"{module}.{alias.name}", node.lineno)
            self.scopes[-1][alias.asname or alias.name] = f"{module}.{alias.name}" if ours else None

    def _use(self, path: str, line: int, keywords: tuple[str, ...] = ()) -> None:
        self.found.uses.append(Use(path, line, keywords, bool(self.guards)))

    # Uses.

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = self.path_of(node)
        if path is not None:
            if isinstance(node.ctx, ast.Store):  # `tf.GraphKeys.INPUTS = "inputs"`
                self.found.given.add(path)
            else:
                self._use(path, node.lineno)
            return
        self.found.attributes.append((node.attr, node.lineno))
        self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            return
        path = self.path_of(node)
        if path is not None and path.count("."):
            self._use(path, node.lineno)
        elif not any(node.id in scope for scope in self.scopes):
            self.found.names.add((node.id, node.lineno))

    def visit_Call(self, node: ast.Call) -> None:
        path = self.path_of(node.func)
        if path is not None:
            keywords = tuple(keyword.arg for keyword in node.keywords if keyword.arg is not None)
            self._use(path, node.lineno, keywords)
            asked = node.args[:2] if isinstance(node.func, ast.Name) else []
        else:
            self.visit(node.func)
            asked = node.args[:2]
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if called in ("getattr", "hasattr") and len(asked) == 2:
            holder, name = self.path_of(asked[0]), asked[1]
            if holder is not None and isinstance(name, ast.Constant) and isinstance(name.value, str):
                guarded = called == "hasattr" or len(node.args) > 2
                self.found.uses.append(Use(f"{holder}.{name.value}", node.lineno, (), guarded))
        for argument in (*node.args, *node.keywords):
            self.visit(argument)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.left, ast.Name) and node.left.id == "print" and isinstance(node.op, ast.RShift):
            self.found.prints.append(node.lineno)
        self.generic_visit(node)

    # Scopes and what hides a name.

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        path = self.path_of(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scopes[-1][target.id] = path
            else:
                for name in _names(target):
                    self.scopes[-1][name] = None
                self.visit(target)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        for name in _names(node.target):
            self.scopes[-1][name] = None
        for part in (*node.body, *node.orelse):
            self.visit(part)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            for name in _names(item.optional_vars) if item.optional_vars is not None else ():
                self.scopes[-1][name] = None
        for part in node.body:
            self.visit(part)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self.scopes[-1][node.name] = None
        self._function(node, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node, [node.body])

    def _function(self, node: ast.FunctionDef | ast.Lambda, body: list) -> None:
        arguments = node.args
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)
        names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        names += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
        self.scopes.append(dict.fromkeys(each.arg for each in names))
        for part in body:
            self.visit(part)
        self.scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.bases, *node.keywords, *node.decorator_list):
            self.visit(part)
        self.scopes[-1][node.name] = None
        self.scopes.append({})
        for part in node.body:
            self.visit(part)
        self.scopes.pop()

    def _comprehension(self, node: ast.AST) -> None:
        names = [name for each in node.generators for name in _names(each.target)]  # type: ignore[attr-defined]
        self.scopes.append(dict.fromkeys(names))
        self.generic_visit(node)
        self.scopes.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_Try(self, node: ast.Try) -> None:
        caught = {name for handler in node.handlers for name in _caught(handler)}
        guarded = bool(caught & _CAUGHT)
        self.guards += guarded
        for part in node.body:
            self.visit(part)
        # What the handler imports in its place is the other of two ways: one of them is enough.
        for handler in node.handlers:
            if handler.name:
                self.scopes[-1][handler.name] = None
            for part in handler.body:
                self.visit(part)
        self.guards -= guarded
        for part in (*node.orelse, *node.finalbody):
            self.visit(part)


def _is_ours(module: str) -> bool:
    return module == ROOT or module.startswith(f"{ROOT}.")


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str | None]]:
    for alias in node.names:
        if isinstance(node, ast.Import):
            ours = _is_ours(alias.name)
            name = alias.asname or alias.name.split(".")[0]
            yield name, (alias.name if alias.asname else ROOT) if ours else None
        elif alias.name != "*":
            ours = node.level == 0 and _is_ours(node.module or "")
            yield alias.asname or alias.name, f"{node.module}.{alias.name}" if ours else None


def _names(target: ast.AST) -> list[str]:
    return [
        node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]


def _caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {"Exception"}
    return {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
