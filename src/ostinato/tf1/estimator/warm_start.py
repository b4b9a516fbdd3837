"""Which of a checkpoint's tensors which variables begin with."""

from __future__ import annotations

import re
from typing import Any

from ..checkpoint_utils import load_checkpoint
from ..graph import GraphKeys, get_collection
from ..variables import Variable


def assignments(settings: Any) -> dict[str, Any]:
    """Of a `WarmStartSettings`: the checkpoint's names, and the variables that take their values.

    Raises:
        ValueError: a variable that is not in the checkpoint.
    """
    wanted = settings.vars_to_warm_start
    if wanted is None:
        found: list[Variable] = []
    elif isinstance(wanted, str):
        found = [v for v in get_collection(GraphKeys.TRAINABLE_VARIABLES) if re.match(wanted, v.op.name)]
    else:
        found = []
        for each in wanted:
            if isinstance(each, str):
                found += [v for v in get_collection(GraphKeys.GLOBAL_VARIABLES) if re.match(each, v.op.name)]
            else:
                found.append(each)
    there = load_checkpoint(settings.ckpt_to_initialize_from).get_variable_to_shape_map()
    chosen = {}
    for variable in found:
        name = settings.var_name_to_prev_var_name.get(variable.op.name, variable.op.name)
        if name not in there:
            raise ValueError(
                f"Tensor {name} is not found in {settings.ckpt_to_initialize_from} checkpoint; its names are "
                f"{sorted(there)[:20]}"
            )
        chosen[name] = variable
    return chosen
