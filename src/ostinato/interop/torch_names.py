"""Which torch modules the cells of a checkpoint amount to, and the other way round: scopes and dotted names.

`rnn/multi_rnn_cell/cell_0/basic_lstm_cell` and `.../cell_1/...` are the layers of one module `rnn`;
`bidirectional_rnn/fw/...` and `bw` the directions of one module `bidirectional_rnn`; a module's tensors are
`rnn.weight_ih_l0` and so on.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ostinato.interop.cell_names import checked_scope, class_name
from ostinato.interop.recognition import RecurrentCell
from ostinato.interop.torch_layout import RESET_BEFORE, Kind, kind_of_weights

Shape = tuple[int, ...]

KINDS: dict[str, Kind] = {
    "LSTM": "LSTM",
    "CudnnCompatibleLSTM": "LSTM",
    "CudnnCompatibleGRU": "GRU",
    "BasicRNN": "RNN",
}
"""The torch module that computes what a family of TensorFlow's does."""

_KERAS = (
    "the activation of a Keras layer's gates is not saved: hard_sigmoid was Keras' default, torch has sigmoid"
)
# TensorFlow's names today, and those before 1.0.
_NUMBERED = re.compile(r"(?:cell_|Cell)(\d{1,6})")
_DIRECTION = re.compile(r"(?:(BiRNN)_)?(fw|bw|FW|BW)")
_CLASS_ENDS = ("lstmcell", "grucell", "rnncell", "fusedcell", "blockcell")


@dataclass(frozen=True)
class TorchModule:
    """The cells that are one torch module: `layers[k][d]` is layer k's cell in direction d.

    Attributes:
        name: its place in a state dict, without the dot at its end; it can be "".
        apart: whether its cell stood in a stack or a pair that is no module of torch's.
    """

    name: str
    kind: Kind
    layers: tuple[tuple[RecurrentCell, ...], ...]
    apart: bool = False

    @property
    def cells(self) -> list[RecurrentCell]:
        return [cell for directions in self.layers for cell in directions]


def why_not_torch(cell: RecurrentCell) -> str | None:
    """The reason why torch.nn has no module for `cell`; None: it has one."""
    if cell.family in ("GRU", "GRUBlock"):
        return RESET_BEFORE
    if cell.family.startswith("Keras"):
        return _KERAS
    if cell.family not in KINDS:
        return "torch.nn has no such cell"
    if cell.use_peepholes:
        return "torch.nn.LSTM has no peephole connections"
    if cell.num_proj is not None and cell.num_proj >= cell.num_units:
        return (
            f"it projects {cell.num_units} units to {cell.num_proj}, and torch.nn.LSTM needs a projection to "
            "fewer than its units"
        )
    return None


def torch_modules(cells: Iterable[RecurrentCell]) -> list[TorchModule]:
    """The modules of `cells`, all of which torch has. Cells that are no stack or pair of torch's (of unequal
    sizes, or each direction stacked on its own) are modules of their own.
    """
    grouped: dict[tuple[str, ...], list[tuple[int, int, RecurrentCell]]] = defaultdict(list)
    for cell in cells:
        *key, layer, direction = _place(cell.scope)
        grouped[tuple(str(part) for part in key)].append((int(layer), int(direction), cell))
    modules = []
    for (base, _), members in grouped.items():
        layers = _as_layers(members)
        if layers is not None:
            modules.append(TorchModule(_dotted(base), KINDS[layers[0][0].family], layers))
            continue
        for _, _, cell in members:
            own = cell.scope.rpartition("/")[0] if _has_class(cell.scope) else cell.scope
            modules.append(TorchModule(_dotted(own), KINDS[cell.family], ((cell,),), apart=True))
    # Two modules in one scope are told apart by what else their cells' scopes say.
    taken = Counter(module.name for module in modules)
    return [
        module if taken[module.name] == 1 else replace(module, name=_dotted(module.cells[0].scope))
        for module in modules
    ]


def _dotted(scope: str) -> str:
    return scope.replace("/", ".")


def _has_class(scope: str) -> bool:
    """Whether the last part of a scope is only a cell's class, or a cell's name within a stack or a pair.

    >>> [_has_class(scope) for scope in ("rnn/lstm_cell_1", "rnn/mine", "fw/mine", "rnn/fw")]
    [True, False, True, False]
    """
    *above, last = scope.split("/")
    if _is_place(last):
        return False
    return class_name(last).endswith(_CLASS_ENDS) or (bool(above) and _is_place(above[-1]))


def _is_place(part: str) -> bool:
    """Whether a part of a scope says where in a stack or a pair a cell is."""
    return (_NUMBERED.fullmatch(part) or _DIRECTION.fullmatch(part)) is not None


def _place(scope: str) -> tuple[str, str, int, int]:
    """Where a cell stands: the scope of the whole, the form of that, the layer and the direction.

    >>> _place("a/multi_rnn_cell/cell_1/lstm_cell"), _place("a/bw/lstm_cell")
    (('a', 'stack', 1, 0), ('a', 'pair', 0, 1))
    >>> _place("a/cell_1/bidirectional_rnn/fw/lstm_cell"), _place("a/fw/multi_rnn_cell/cell_1/lstm_cell")
    (('a', 'pairs', 1, 0), ('a/fw', 'stack', 1, 0))
    """
    parts = scope.split("/")
    if _has_class(scope):
        parts.pop()
    if parts and (number := _NUMBERED.fullmatch(parts[-1])):
        parts.pop()
        if parts and class_name(parts[-1]) == "multirnncell":
            parts.pop()
        return "/".join(parts), "stack", int(number[1]), 0
    if parts and (found := _DIRECTION.fullmatch(parts[-1])):
        parts[-1:] = [found[1]] if found[1] else []
        direction = ("fw", "bw").index(found[2].lower())
        outer = parts[:-1] if parts and parts[-1] == "bidirectional_rnn" else parts
        if outer and (number := _NUMBERED.fullmatch(outer[-1])):
            return "/".join(outer[:-1]), "pairs", int(number[1]), direction
        return "/".join(parts), "pair", 0, direction
    return "/".join(parts), scope, 0, 0


def stack_or_pair(scope: str) -> tuple[str, str] | None:
    """The outermost stack or pair that a cell's scope is in, by its own scope and which of the two it is.

    >>> stack_or_pair("a/fw/multi_rnn_cell/cell_1/lstm_cell"), stack_or_pair("rnn/cell_1/gru_cell")
    (('a', 'pair'), ('rnn', 'stack'))
    >>> stack_or_pair("a/lstm_cell_1") is None
    True
    """
    parts = scope.split("/")
    for index, part in enumerate(parts):
        if _is_place(part):
            return "/".join(parts[:index]), "stack" if _NUMBERED.fullmatch(part) else "pair"
    return None


def _as_layers(
    members: Sequence[tuple[int, int, RecurrentCell]],
) -> tuple[tuple[RecurrentCell, ...], ...] | None:
    """The layers of one module; None if torch has no module of these cells."""
    placed = {(layer, direction): cell for layer, direction, cell in members}
    directions = 1 + max(direction for _, direction in placed)
    count = 1 + max(layer for layer, _ in placed)
    if len(placed) != len(members) or len(placed) != count * directions:
        return None
    first = placed.get((0, 0))
    if first is None:
        return None
    width = (first.num_proj or first.num_units) * directions
    for (layer, _), cell in placed.items():
        same = (cell.num_units, cell.num_proj, KINDS[cell.family]) == (
            first.num_units,
            first.num_proj,
            KINDS[first.family],
        )
        if not same or cell.input_size != (first.input_size if layer == 0 else width):
            return None
    return tuple(tuple(placed[layer, d] for d in range(directions)) for layer in range(count))


@dataclass(frozen=True)
class Weights:
    """One direction of one layer in a state dict.

    Attributes:
        scope: the scope that its cell gets in TensorFlow.
        names: a tensor's name (`weight_ih`, ...) to its name in the state dict.
    """

    scope: str
    kind: Kind
    names: Mapping[str, str]


_WEIGHT = re.compile(r"(.*\.)?(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)(?:_l(\d+)(_reverse)?)?")
_CLASSES: dict[Kind, str] = {
    "LSTM": "basic_lstm_cell",
    "GRU": "cudnn_compatible_gru_cell",
    "RNN": "basic_rnn_cell",
}
_SCOPES = {"plain": "rnn", "stack": "rnn", "pair": "bidirectional_rnn", "pairs": "stack_bidirectional_rnn"}


def is_torch_weight(name: str) -> bool:
    """Whether a tensor of a state dict is, by its name, a recurrent module's.

    >>> is_torch_weight("encoder.weight_ih_l0_reverse"), is_torch_weight("rnn/basic_lstm_cell/kernel")
    (True, False)
    """
    return _WEIGHT.fullmatch(name) is not None


def weights_of(shapes: Mapping[str, Shape], scope: str | None = None) -> list[Weights]:
    """The recurrent layers of a state dict, with the scopes that TensorFlow would give their cells.

    Args:
        shapes: of the state dict's tensors, by name.
        scope: of the only module; None: its name with `/` for `.`, or, where it has none, the driver's own.

    Raises:
        ValueError: tensors are missing, or their shapes are no module's; or there are several modules and a
            scope.
    """
    scope = None if scope is None else checked_scope(scope)
    modules: dict[str, dict[tuple[int, int], dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for name in shapes:
        match = _WEIGHT.fullmatch(name)
        if match is not None:
            place = (int(match[3] or 0), int(match[4] is not None))
            modules[match[1] or ""][place][match[2]] = name
    if scope is not None and len(modules) != 1:
        named = ", ".join(repr(prefix.rstrip(".")) for prefix in modules)
        raise ValueError(
            f"A scope is for one recurrent module, but there are {len(modules)}: {named}."
            if modules
            else "There is no recurrent module to give a scope to."
        )
    found = []
    for prefix, places in modules.items():
        found += _module_weights(prefix, places, shapes, scope)
    return found


def _module_weights(
    prefix: str,
    places: Mapping[tuple[int, int], Mapping[str, str]],
    shapes: Mapping[str, Shape],
    scope: str | None,
) -> list[Weights]:
    """The layers of the module whose tensors' names begin with `prefix`."""
    layers, directions = (1 + max(place[axis] for place in places) for axis in (0, 1))
    form = ("pair" if directions == 2 else "plain") if layers == 1 else ("stack", "pairs")[directions - 1]
    if scope is None:
        scope = prefix.removesuffix(".").replace(".", "/") if prefix else _SCOPES[form]
    found: list[Weights] = []
    first: tuple[Kind, Shape, int] | None = None
    for layer in range(layers):
        for direction in range(directions):
            names = places.get((layer, direction), {})
            kind = _kind(prefix, layer, direction, names, shapes)
            inputs, hidden = shapes[names["weight_ih"]][1], shapes[names["weight_hh"]]
            if first is None:
                first = (kind, hidden, inputs)
            takes = hidden[1] * directions if layer else first[2]
            if (kind, hidden, inputs) != (*first[:2], takes):
                raise ValueError(
                    f"'{names['weight_ih']}' has shape {list(shapes[names['weight_ih']])}, which does not go "
                    "with the module's layer 0: all layers are of one kind and size, and each takes what the "
                    "one below gives."
                )
            parts = {
                "plain": [],
                "stack": ["multi_rnn_cell", f"cell_{layer}"],
                "pair": [("fw", "bw")[direction]],
                "pairs": [f"cell_{layer}", "bidirectional_rnn", ("fw", "bw")[direction]],
            }[form]
            own = "lstm_cell" if "weight_hr" in names else _CLASSES[kind]
            found.append(Weights("/".join([*([scope] if scope else []), *parts, own]), kind, names))
    return found


def _kind(
    prefix: str, layer: int, direction: int, names: Mapping[str, str], shapes: Mapping[str, Shape]
) -> Kind:
    """What module the tensors of one direction of one layer belong to."""
    reverse = "_reverse" if direction else ""
    missing = [name for name in ("weight_ih", "weight_hh") if name not in names]
    if ("bias_ih" in names) != ("bias_hh" in names):
        missing.append("bias_ih" if "bias_hh" in names else "bias_hh")
    if missing:
        raise ValueError(f"The state dict has no '{prefix}{missing[0]}_l{layer}{reverse}'.")
    own = {name: shapes[key] for name, key in names.items()}
    kind = kind_of_weights(own["weight_ih"], own["weight_hh"], own.get("weight_hr"))
    rows = own["weight_hh"][0] if own["weight_hh"] else 0
    if kind is None or any(own.get(bias, (rows,)) != (rows,) for bias in ("bias_ih", "bias_hh")):
        seen = ", ".join(f"{names[name]} {list(shape)}" for name, shape in own.items())
        raise ValueError(f"No LSTM, GRU or RNN of torch has tensors of these shapes: {seen}.")
    return kind
