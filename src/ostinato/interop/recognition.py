"""Which recurrent cells a checkpoint holds, told by the names and shapes of its variables.

A dense layer's kernel [76, 256] and bias [256] have the shapes of an LSTM's with 12 inputs and 64 units. So a
name is looked at first; shapes alone are enough only for cells whose variables are like no other's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ostinato.interop import object_names
from ostinato.interop.cell_layouts import LAYOUTS, Evidence, Layout, Term
from ostinato.interop.cell_names import class_name, is_in_driver, is_lstm_name, is_rnn_name, natural_order
from ostinato.interop.optimizer_slots import is_optimizer_slot

__all__ = ["RecurrentCell", "is_optimizer_slot", "recurrent_cells"]

Shape = tuple[int, ...]

_PART = re.compile(r"(.*)/part_(\d+)")
_PIECE = re.compile(r"/part_(\d+)$|_(\d+)$|^group(\d+)/")
_DIGITS = 9  # of the number of a piece
_DEEPEST = 3  # parts that a parameter's own name has at most: candidate/input_projection/kernel


@dataclass(frozen=True)
class RecurrentCell:
    """A recurrent cell found among the variables of a checkpoint.

    Attributes:
        scope: what the names of its variables have in common, without the slash at its end; it can be "".
        family: the kind of cell, TensorFlow's class without `Cell`: "LSTM" (`BasicLSTMCell`, `LSTMCell` and
            the block cells, which save the same), "GRU", "BasicRNN", "CudnnCompatibleGRU", ... Keras' layers,
            whose variables have another layout, are "KerasLSTM" and so on.
        input_size: inputs of the cell; of a slice of frequencies for the two families that cut them up.
        num_units: units; channels for convolutional cells.
        variables: a parameter's name as TensorFlow 1.15 has it below the cell's scope ("kernel",
            "gates/kernel", "projection/kernel") to the variable's name in the checkpoint, which an older
            TensorFlow may have spelled otherwise. The pieces of a matrix saved apart are "kernel/part_0", ...
        num_proj: outputs, where a projection makes them differ from the units.
        use_peepholes: whether there are peephole connections.
    """

    scope: str
    family: str
    input_size: int
    num_units: int
    variables: Mapping[str, str]
    num_proj: int | None = None
    use_peepholes: bool = False


def recurrent_cells(shapes: Mapping[str, Shape]) -> list[RecurrentCell]:
    """The recurrent cells among variables of these names and shapes, in order of name.

    >>> recurrent_cells({"rnn/basic_lstm_cell/kernel": (76, 256), "rnn/basic_lstm_cell/bias": (256,)})
    [RecurrentCell(scope='rnn/basic_lstm_cell', family='LSTM', input_size=12, num_units=64, ...)]
    >>> recurrent_cells({"dense/kernel": (76, 256), "dense/bias": (256,)})
    []

    Variables of optimizers and moving averages are passed over. What could be a cell or something else (a
    kernel and a bias under a name that tells nothing) is not called a cell.
    """
    found: list[tuple[int, RecurrentCell]] = []
    for name, scope in _scopes(shapes).items():
        if (cell := _recognise(name, scope, shapes)) is not None:
            found.append((len(cell.variables), cell))
    # A GRU's gates are no cell of their own: who explains more variables has them.
    found.sort(key=lambda item: (-item[0], item[1].scope))
    taken: set[str] = set()
    cells = []
    for _, cell in found:
        if taken.isdisjoint(cell.variables.values()):
            taken.update(cell.variables.values())
            cells.append(cell)
    return sorted(cells, key=lambda cell: natural_order(cell.scope))


class _Scope:
    """The variables of one scope that some layout knows.

    Attributes:
        pieces: a name below the scope, with numbers as `*`, to (that name in full, the variable) of each.
        more: names that belong to a cell whatever their shapes are, to variables.
    """

    def __init__(self) -> None:
        self.pieces: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.more: dict[str, str] = {}


def _scopes(shapes: Mapping[str, Shape]) -> dict[str, _Scope]:
    scopes: dict[str, _Scope] = defaultdict(_Scope)
    for name in shapes:
        parts = _parts(name)
        if any(pattern.fullmatch(parts[-1]) for pattern in _MORE):
            scopes["/".join(parts[:-1])].more[parts[-1]] = name
        if parts[-1] in _LAST and not is_optimizer_slot(name, shapes):
            for depth in range(1, min(_DEEPEST, len(parts)) + 1):
                below = "/".join(parts[-depth:])
                if (key := _key(below)) is not None:
                    part = _PART.fullmatch(name)
                    full = below if part is None else f"{below}/part_{part[2]}"
                    scopes["/".join(parts[:-depth])].pieces[key].append((full, name))
    return scopes


def _parts(name: str) -> list[str]:
    """The parts of a variable's name, without what tells only how it was saved."""
    if name.endswith(object_names.VARIABLE):
        *parents, own = name.removesuffix(object_names.VARIABLE).split("/")
        return [*parents, *own.replace(".S", "/").replace("..", ".").split("/")]
    if (part := _PART.fullmatch(name)) is not None:
        name = part[1]
    return name.split("/")


def _starred(spelled: str) -> re.Pattern[str]:
    return re.compile(re.escape(spelled).replace(r"\*", r"\d+"))


_SPELLED = {layout.spelled(parameter) for layout in LAYOUTS for parameter in layout.shapes}
_EXACT = frozenset(name for name in _SPELLED if "*" not in name)
_MORE = {layout.more for layout in LAYOUTS if layout.more is not None}
_STARRED = {name: _starred(name) for name in _SPELLED if "*" in name}


class _LastParts:
    """Last parts of names that some layout knows: most variables are passed over by that, and quickly."""

    def __init__(self) -> None:
        self._exact = {name.rpartition("/")[2] for name in _SPELLED if "*" not in name.rpartition("/")[2]}
        self._starred = [_starred(name.rpartition("/")[2]) for name in _STARRED]

    def __contains__(self, last: str) -> bool:
        return last in self._exact or any(pattern.fullmatch(last) for pattern in self._starred)


_LAST = _LastParts()


def _key(below: str) -> str | None:
    if below in _EXACT:
        return below
    return next((name for name, pattern in _STARRED.items() if pattern.fullmatch(below)), None)


@lru_cache(maxsize=4096)
def _fitting(keys: frozenset[str]) -> tuple[Layout, ...]:
    """The layouts that explain all of these names, and miss none that they need."""
    return tuple(
        layout
        for layout in LAYOUTS
        if {layout.spelled(name) for name in layout.shapes.keys() - layout.optional} <= keys
        and keys <= {layout.spelled(name) for name in layout.shapes}
    )


def _recognise(name: str, scope: _Scope, shapes: Mapping[str, Shape]) -> RecurrentCell | None:
    """The cell whose scope has this name; None where the variables are no cell's, or could be two."""
    pieces = scope.pieces
    layouts = _fitting(frozenset(pieces))
    if not layouts:
        return None
    joined = {key: _joined(key, entries, shapes) for key, entries in pieces.items()}
    last = name.rpartition("/")[2]
    exact = [layout for layout in layouts if class_name(last) in layout.names]
    if not exact and class_name(last) in _CLASS_NAMES:
        return None  # another kind's name, whose variables these are not
    found = {}
    for layout in exact or [layout for layout in layouts if _evident(layout, name, joined)]:
        sizes = _sizes(layout, tuple(joined.items()))
        if sizes is not None:
            found[layout.family, sizes["D"], sizes["n"], sizes["m"]] = layout
    if len(found) != 1:
        return None  # nothing fits, or what fits gives two answers
    ((family, inputs, units, outputs), layout) = found.popitem()
    variables = _variables(layout, pieces) if layout.more is None else dict(scope.more)
    has_projection = layout.projection is not None and layout.spelled(layout.projection) in pieces
    return RecurrentCell(
        scope=name,
        family=family,
        input_size=inputs,
        num_units=units,
        variables=variables,
        num_proj=outputs if has_projection else None,
        use_peepholes=any("_diag" in name for name in variables),
    )


# A scope "lstm" or "gru" is as likely a person's as Keras'; what ends in "cell" is a class's.
_CLASS_NAMES = frozenset(name for layout in LAYOUTS for name in layout.names if name.endswith("cell"))


def _evident(layout: Layout, scope: str, joined: Mapping[str, Shape | None]) -> bool:
    """Whether variables are this kind of cell's though their scope does not have its class's name."""
    if layout.evidence is Evidence.VARIABLES or any("_diag" in name for name in joined):
        return True
    above, _, last = scope.rpartition("/")
    if layout.family == "BasicRNN":
        return is_rnn_name(last)
    if layout.evidence is not Evidence.SCOPE:
        return False
    if is_lstm_name(last):
        return True
    # Under a driver, a kernel that is wider than long cannot be a plain recurrent cell's.
    kernel = joined[layout.spelled("kernel")]
    return is_in_driver(above, last) and kernel is not None and len(kernel) == 2 and kernel[0] <= kernel[1]


def _joined(key: str, entries: Sequence[tuple[str, str]], shapes: Mapping[str, Shape]) -> Shape | None:
    """The shape of one parameter, whose pieces are put together; None if they do not fit."""
    if len(entries) == 1 and "*" not in key and not _PART.fullmatch(entries[0][0]):
        return tuple(shapes[entries[0][1]])
    numbers, parts = [], []
    for full, name in entries:
        number = _PIECE.search(full)
        if number is None:
            return None  # the whole and its pieces side by side: which is it?
        digits = number[1] or number[2] or number[3]
        if len(digits) > _DIGITS:
            return None
        numbers.append(int(digits))
        parts.append(tuple(shapes[name]))
    if sorted(numbers) != list(range(len(parts))) or len({len(part) for part in parts}) != 1:
        return None
    differing = [axis for axis, sizes in enumerate(zip(*parts, strict=True)) if len(set(sizes)) > 1]
    if len(differing) > 1 or not parts[0]:
        return None
    if key.startswith("group"):
        return None if differing else tuple(len(parts) * size for size in parts[0])
    axis = differing[0] if differing else 0
    return tuple(
        sum(part[index] for part in parts) if index == axis else size for index, size in enumerate(parts[0])
    )


@lru_cache(maxsize=1024)  # a deep stack has the same shapes again and again
def _sizes(layout: Layout, known: tuple[tuple[str, Shape | None], ...]) -> Mapping[str, int] | None:
    """The letters of the layout's shapes, solved from the shapes seen; None if they contradict each other."""
    joined = dict(known)
    equations: list[tuple[Term, int]] = []
    for parameter, terms in layout.shapes.items():
        key = layout.spelled(parameter)
        if key in joined:
            shape = joined[key]
            rank = len(terms) + (layout.leading if len(terms) > 1 else 0)
            if shape is None or len(shape) != rank:
                return None
            equations.extend(zip(terms, shape[rank - len(terms) :], strict=True))
    if layout.projection is None or layout.spelled(layout.projection) not in joined:
        equations.append(((("m", 1), ("n", -1)), 0))
    sizes = {"": 1}
    while equations:
        waiting = []
        for term, total in equations:
            unknown = [(letter, factor) for letter, factor in term if letter not in sizes]
            rest = total - sum(factor * sizes[letter] for letter, factor in term if letter in sizes)
            if len(unknown) > 1:
                waiting.append((term, total))
            elif unknown:
                (letter, factor), *_ = unknown
                if rest % factor or rest // factor < 1:
                    return None
                sizes[letter] = rest // factor
            elif rest:
                return None
        if len(waiting) == len(equations):
            return None
        equations = waiting
    # Only an intersection cell's inputs leave no trace, where there is no projection: they are its units.
    sizes.setdefault("D", sizes["n"])
    return sizes


def _variables(layout: Layout, pieces: Mapping[str, list[tuple[str, str]]]) -> dict[str, str]:
    """The variables by parameter, those of older spellings by today's."""
    variables: dict[str, str] = {}
    for parameter in layout.shapes:
        entries = pieces.get(layout.spelled(parameter), [])
        if parameter not in layout.spelling:
            variables.update(entries)
        elif len(entries) == 1 and not _PART.fullmatch(entries[0][0]):
            variables[parameter] = entries[0][1]
        else:
            for full, name in entries:
                variables[f"{parameter}/part_{full.rpartition('_')[2]}"] = name
    return dict(sorted(variables.items(), key=lambda item: natural_order(item[0])))
