"""Where in a checkpoint a cell's variables are: from a cell and a scope to parameters and variables."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ostinato.cells import MultiRNNCell, check_cell
from ostinato.cells.family import FamilyCell
from ostinato.cells.wrapper import CellWrapper
from ostinato.cells.wrapping import OwningWrapper
from ostinato.interop.cell_kinds import GRU_BLOCK, KINDS, LSTM_OPTIONS, OPTIONAL, is_piece
from ostinato.interop.cell_nests import CellNest, is_pair
from ostinato.interop.recognition import RecurrentCell, recurrent_cells
from ostinato.interop.wrapper_scopes import wrapper_scopes
from ostinato.steps import LSTM, BidirectionalGridLSTM, CoupledLSTM

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Assignment:
    """A parameter of a cell, and the variables to fill it from: one, or the pieces of one along `axis`."""

    name: str
    parameter: Tensor
    variables: tuple[str, ...]
    axis: int = 0


class _Misfit(ValueError):
    """Why a cell and a scope do not go together; `missing` is a variable that would be needed."""

    def __init__(self, reason: str, missing: str | None = None) -> None:
        super().__init__(reason)
        self.missing = missing


class Scopes:
    """The scopes of variables of these shapes."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes
        self._cells = {cell.scope: cell for cell in recurrent_cells(shapes)}
        # Everything that a variable or a cell is in; an object's cell has a scope that no name begins with.
        self._scopes = {""}
        for name in (*shapes, *(f"{scope}/" for scope in self._cells)):
            self._scopes.update(name[:index] for index, letter in enumerate(name) if letter == "/")

    def assign(self, cells: CellNest, scope: str) -> list[Assignment]:
        """Each parameter of `cells` with its variable under `scope`.

        Raises:
            ValueError: something does not fit; the sentence says what, and which scopes fit.
            TypeError: `cells` is no cell of Ostinato's.
        """
        try:
            return list(self._assign(cells, scope, ""))
        except _Misfit as misfit:
            fitting = sorted(
                self._fits(cells), key=lambda fit: -difflib.SequenceMatcher(None, fit, scope).ratio()
            )
            hint = self._hint(cells, fitting)
            raise ValueError(f"{misfit} {self._nearest(misfit.missing)}{hint}") from None

    def only_fit(self, cells: CellNest) -> list[Assignment]:
        """`assign` with the only scope that fits.

        Raises:
            ValueError: none fits, or several do; the sentence lists them.
            TypeError: `cells` is no cell of Ostinato's.
        """
        fitting = self._fits(cells)
        if len(fitting) == 1:
            return next(iter(fitting.values()))
        if fitting:
            raise ValueError(
                f"More than one scope fits {_described(cells)}: {_listed(fitting)}. Name one with scope=...."
            )
        raise ValueError(f"No cell of the checkpoint fits {_described(cells)}. {self._hint(cells, [])}")

    def _fits(self, cells: CellNest) -> dict[str, list[Assignment]]:
        """The scopes that fit, of those that hold cells known by their names and shapes."""
        return self._assigned(cells, self._candidates(cells, ""))

    def _assigned(self, cells: CellNest, scopes: Iterable[str]) -> dict[str, list[Assignment]]:
        found: dict[str, list[Assignment]] = {}
        for scope in scopes:
            try:
                found[scope] = list(self._assign(cells, scope, ""))
            except _Misfit:
                continue
        return found

    def _candidates(self, cells: CellNest, within: str) -> list[str]:
        """Scopes at or below `within` where `cells` may be: known cells, or what is around them."""
        inside = [scope for scope in self._cells if _is_below(scope, within)]
        firsts = {form[0] for form in _forms(cells)}
        if not firsts:
            return inside
        found = {}
        for scope in inside:
            parts = scope.split("/")
            for index, part in enumerate(parts):
                outer = "/".join(parts[:index])
                if part in firsts and _is_below(outer, within):
                    found[outer] = True
        return list(found)

    def _hint(self, cells: CellNest, fitting: Any) -> str:
        if fitting:
            return f"It fits {_listed(fitting)}."
        if self._cells:
            known = [_recognised(cell) for cell in self._cells.values()]
            more = f" and {len(known) - 8} more" if len(known) > 8 else ""
            hint = f"The checkpoint's recurrent cells are {'; '.join(known[:8])}{more}."
        else:
            hint = "No recurrent cell is recognised among the checkpoint's variables."
        by_shapes = self._assigned(cells, self._unnamed(cells))
        if by_shapes:
            which = "the scope" if len(by_shapes) == 1 else "one of the scopes"
            hint += f" By shapes alone {which} {_listed(by_shapes)} would do: "
            hint += "name it with scope=... if it is meant."
        return hint

    def _unnamed(self, cells: CellNest) -> list[str]:
        """Scopes where `cells` may be though no name says so: those with what they begin with."""
        firsts = {form[0] for form in _forms(cells)}
        if firsts:
            named = ((scope, scope.rpartition("/")[2]) for scope in sorted(self._scopes))
            return [_above(scope, last) for scope, last in named if last in firsts]
        while isinstance(cells, CellWrapper):
            cells = cells.cell
        if not isinstance(cells, FamilyCell):
            return []
        first = next(iter(cells.family_parameters()))
        return [_above(name, first) for name in self._shapes if f"/{name}".endswith(f"/{first}")]

    def _assign(self, cells: CellNest, scope: str, name: str) -> Iterator[Assignment]:
        if is_pair(cells):
            scope, form = self._inner(cells, scope)
            for index, direction in enumerate(form):
                yield from self._assign(cells[index], _join(scope, direction), f"{name}{index}.")
        elif isinstance(cells, list | tuple):
            if not cells or not all(is_pair(pair) for pair in cells):
                raise TypeError("load_into takes a cell, a pair (cell_fw, cell_bw) or a list of such pairs.")
            yield from self._assign_numbered(cells, list(cells), scope, name)
        else:
            check_cell(cells)
            if isinstance(cells, MultiRNNCell):
                yield from self._assign_numbered(cells, list(cells.cells), scope, f"{name}cells.")
            elif isinstance(cells, OwningWrapper):
                yield from self._assign_wrapper(cells, scope, name)
            elif isinstance(cells, CellWrapper):
                yield from self._assign(cells.cell, scope, f"{name}cell.")
            elif isinstance(cells, FamilyCell):
                yield from self._assign_cell(cells, scope, name)
            else:
                raise TypeError(
                    f"load_into cannot tell which variables a {type(cells).__name__} has: it fills "
                    "Ostinato's own cells, and stacks and wrappers of them. Load the cells inside it one by "
                    "one, each with its scope."
                )

    def _assign_wrapper(self, wrapper: OwningWrapper, scope: str, name: str) -> Iterator[Assignment]:
        """A wrapper's own parameters, which are in the scope around its cell's, and its cell."""
        parameters = wrapper.wrapper_parameters()
        kind = type(wrapper).__name__
        found = wrapper_scopes(self._shapes, scope, kind, list(parameters))
        below = [place for place in found if _is_below(place, scope)]
        if not found:
            missing = _join(scope, next(iter(parameters)))
            raise _Misfit(
                f"There are no variables {_listed(parameters)} together around '{scope}', which the {kind} "
                "needs.",
                missing=missing,
            )
        if len(below) > 1 and scope not in below:
            raise _Misfit(f"Under '{scope}' there is more than one {kind}: {_listed(below)}.")
        place = scope if scope in below else found[0]
        for key, parameter in parameters.items():
            yield self._checked(wrapper, f"{name}{key.replace('/', '.')}", parameter, (_join(place, key),))
        inner = scope if _is_below(scope, place) else place
        below = [found for found in self._cells if _is_below(found, place) and found != place]
        cell: Any = wrapper.cell
        while isinstance(cell, CellWrapper) and not isinstance(cell, OwningWrapper):
            cell = cell.cell
        if inner == place and len(below) == 1 and isinstance(cell, FamilyCell):
            inner = below[0]  # the wrapper's kernel is not the cell's
        yield from self._assign(wrapper.cell, inner, f"{name}cell.")

    def _assign_numbered(
        self, nest: CellNest, layers: list[Any], scope: str, name: str
    ) -> Iterator[Assignment]:
        """The cells of a stack, or the pairs of several bidirectional layers: `cell_0`, `cell_1`, ..."""
        scope, form = self._inner(nest, scope)
        first = form[0].removesuffix("0")
        done: list[Any] = []
        for index, cell in enumerate(layers):
            place = _join(scope, f"{first}{index}")
            # One cell in two places of a stack has its variables once, at the first.
            if not (any(cell is other for other in done) and not self._has(place)):
                yield from self._assign(cell, place, f"{name}{index}.")
            done.append(cell)
        beyond = _join(scope, f"{first}{len(layers)}")
        if self._has(beyond):
            raise _Misfit(f"There are variables under '{beyond}', but only {len(layers)} layers to fill.")

    def _inner(self, cells: CellNest, scope: str) -> tuple[str, tuple[str, ...]]:
        """`scope` or the only one below it that has what a stack or a pair begins with, and its names of
        that.
        """
        forms = _forms(cells)
        below = self._candidates(cells, scope)
        for outer in [scope, *below] if len(below) == 1 else [scope]:
            for form in forms:
                if self._has(_join(outer, form[0])):
                    return outer, form
        first = forms[0][0]
        if below:
            raise _Misfit(f"Under '{scope}' there is more than one '{first}': under {_listed(below)}.")
        raise _Misfit(
            f"There are no variables under '{_join(scope, first)}', where {_described(cells)} begins."
        )

    def _has(self, scope: str) -> bool:
        return scope in self._scopes

    def _assign_cell(self, cell: FamilyCell, scope: str, name: str) -> Iterator[Assignment]:
        if _forms(cell):
            scope, form = self._inner(cell, scope)
            found = {f"{half}/": self._cells.get(_join(scope, half)) for half in form}
        else:
            scope = self._scope_of(cell, scope)
            found = {"": self._cells.get(scope)}
        known = next(iter(found.values()))
        saved: dict[str, str] = {}
        for half, recognised in found.items():
            if recognised is not None:
                _check_kind(cell, recognised)
                saved |= {f"{half}{own}": variable for own, variable in recognised.variables.items()}
        block = GRU_BLOCK if known is not None and known.family == "GRUBlock" else {}
        self._check_options(cell, scope, saved)
        for key, parameter in cell.family_parameters().items():
            theirs = block.get(key, key)
            pieces = [variable for own, variable in saved.items() if is_piece(own, theirs)]
            variables = tuple(pieces) or (saved.get(theirs, _join(scope, key)),)
            yield self._checked(cell, f"{name}{key.replace('/', '.')}", parameter, variables)

    def _scope_of(self, cell: FamilyCell, scope: str) -> str:
        """`scope` or the only cell's below it."""
        here = [_join(scope, parameter) for parameter in cell.family_parameters()]
        if scope in self._cells or any(variable in self._shapes for variable in here):
            return scope
        below = [found for found in self._cells if _is_below(found, scope)]
        if len(below) == 1:
            return below[0]
        if below:
            raise _Misfit(f"Under '{scope}' there is more than one cell: {_listed(below)}.")
        if self._has(scope):
            raise _Misfit(
                f"Variable '{here[0]}' is missing, which {_described(cell)} needs.", missing=here[0]
            )
        raise _Misfit(
            f"There are no variables under '{scope}', where {_described(cell)} was to be read from."
        )

    def _check_options(self, cell: FamilyCell, scope: str, saved: Mapping[str, str]) -> None:
        """Raise where the scope has parameters of an option that the cell was made without: it would compute
        something else.
        """
        mine = cell.family_parameters()
        if not isinstance(cell.family, LSTM):
            block = {GRU_BLOCK.get(parameter, parameter) for parameter in mine}
            if isinstance(cell.family, CoupledLSTM) and cell.family.layer_norm:
                block.add("B")  # made there too, and read by nothing
            pieces = {own for own in saved if any(is_piece(own, parameter) for parameter in mine)}
            named = {own.split("/part_")[0]: variable for own, variable in saved.items() if own not in pieces}
            named |= {own: _join(scope, own) for own in OPTIONAL if _join(scope, own) in self._shapes}
            for own in named.keys() - mine.keys() - block:
                raise _Misfit(
                    f"There is a variable '{named[own]}', which {_described(cell)} has no place for: make "
                    "the cell with the option that has it."
                )
            return
        for parameter, option in LSTM_OPTIONS.items():
            unread = parameter == "bias" and cell.family.layer_norm  # LayerNormLSTMCell's, read by nothing
            variable = saved.get(parameter, _join(scope, parameter))
            if parameter not in mine and not unread and variable in self._shapes:
                raise _Misfit(
                    f"There is a variable '{variable}', which {_described(cell)} has no place for: make the "
                    f"cell as an LSTMCell with {option}."
                )

    def _checked(
        self, cell: FamilyCell | OwningWrapper, name: str, parameter: Tensor, variables: tuple[str, ...]
    ) -> Assignment:
        missing = [variable for variable in variables if variable not in self._shapes]
        if missing:
            raise _Misfit(
                f"Variable '{missing[0]}' of shape {list(parameter.shape)} is missing, which "
                f"{_described(cell)} needs.",
                missing=missing[0],
            )
        shapes = [self._shapes[variable] for variable in variables]
        wanted = tuple(parameter.shape)
        for axis in range(len(wanted)):
            if len(variables) > 1 and _joined(shapes, axis) == wanted:
                return Assignment(name, parameter, variables, axis)
        if len(variables) > 1 or shapes[0] != wanted:
            seen = " and ".join(str(list(shape)) for shape in shapes)
            raise _Misfit(
                f"Variable '{variables[0]}' has shape {seen}, but {_described(cell)} needs "
                f"{list(wanted)} for its {name}."
            )
        return Assignment(name, parameter, variables)

    def _nearest(self, missing: str | None) -> str:
        close = [] if missing is None else difflib.get_close_matches(missing, self._shapes, n=2)
        return f"The nearest names are {_listed(close)}. " if close else ""


def _check_kind(cell: FamilyCell, known: RecurrentCell) -> None:
    family = cell.family
    kinds: tuple[str, ...]
    if isinstance(family, LSTM):
        normalized, plain = ("LayerNormBasicLSTM", "LayerNormLSTM"), ("LSTM", "CudnnCompatibleLSTM")
        kinds = normalized if family.layer_norm else plain
        if known.family == "CudnnCompatibleLSTM" and family.forget_bias != 0.0:
            raise _Misfit(
                f"'{known.scope}' is of a CudnnCompatibleLSTMCell, which adds no forget bias, but the cell "
                f"has forget_bias={family.forget_bias:g}: make it with forget_bias=0.0."
            )
    elif type(family) in KINDS:
        kinds = KINDS[type(family)]
    else:
        raise TypeError(f"load_into does not know the family {type(family).__name__}.")
    if known.family not in kinds:
        raise _Misfit(f"{_recognised(known)} is of another kind than {_described(cell)}.")


def _forms(cells: CellNest) -> tuple[tuple[str, ...], ...]:
    """The names below the scope of a stack (the first one) or of a pair (both): TensorFlow's today, then
    those before 1.0. None for one cell, but for one that is two grids.
    """
    if is_pair(cells):
        return ("fw", "bw"), ("FW", "BW"), ("BiRNN_FW", "BiRNN_BW")
    while isinstance(cells, CellWrapper):
        cells = cells.cell
    if isinstance(cells, FamilyCell) and isinstance(cells.family, BidirectionalGridLSTM):
        return (("fwd", "bwd"),)
    return (("cell_0",), ("Cell0",)) if isinstance(cells, list | tuple | MultiRNNCell) else ()


def _joined(shapes: list[Shape], axis: int) -> Shape | None:
    if len({(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}) != 1:
        return None
    return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])


def _is_below(name: str, scope: str) -> bool:
    return not scope or name == scope or name.startswith(f"{scope}/")


def _above(name: str, below: str) -> str:
    """`name` without `below` at its end, and without the slash before that."""
    return name.removesuffix(below).removesuffix("/")


def _join(scope: str, name: str) -> str:
    return f"{scope}/{name}" if scope else name


def _listed(scopes: Any) -> str:
    names = [f"'{scope}'" for scope in scopes]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _recognised(cell: RecurrentCell) -> str:
    projected = "" if cell.num_proj is None else f", projected to {cell.num_proj}"
    peepholes = ", peepholes" if cell.use_peepholes else ""
    sizes = f"{cell.input_size} inputs, {cell.num_units} units{projected}{peepholes}"
    return f"'{cell.scope}' ({cell.family}, {sizes})"


def _described(cells: CellNest) -> str:
    if is_pair(cells):
        return f"the pair of {_described(cells[0])} and {_described(cells[1])}"
    if isinstance(cells, list | tuple):
        return f"the list of {len(cells)} pairs"
    if isinstance(cells, OwningWrapper):
        return f"the {type(cells).__name__} of {_described(cells.cell)}"
    while isinstance(cells, CellWrapper):
        cells = cells.cell
    if isinstance(cells, MultiRNNCell):
        return f"the MultiRNNCell of {len(cells.cells)} cells"
    if isinstance(cells, FamilyCell):
        projected = getattr(cells.family, "num_proj", None)
        more = "" if projected is None else f", num_proj={projected}"
        return f"{type(cells).__name__}({cells.num_units}, input_size={cells.input_size}{more})"
    return f"the {type(cells).__name__}"
