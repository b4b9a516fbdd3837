"""Where in a checkpoint the variables are that a wrapper around a cell owns."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ostinato.interop.cell_names import class_name


def wrapper_scopes(names: Collection[str], scope: str, wrapper: str, parameters: Sequence[str]) -> list[str]:
    """The scopes at, below or above `scope` that have all of a wrapper's parameters; where the scope of one
    or more has the name of the class `wrapper`, only those.

    >>> names = ["rnn/output_projection_wrapper/kernel", "rnn/output_projection_wrapper/gru_cell/bias"]
    >>> wrapper_scopes(names, "rnn", "OutputProjectionWrapper", ["kernel"])
    ['rnn/output_projection_wrapper']
    """
    first = parameters[0]
    ends = [name.removesuffix(first) for name in names if f"/{name}".endswith(f"/{first}")]
    found = []
    for end in ends:
        above = end.removesuffix("/")
        related = not scope or not above or f"{above}/".startswith(f"{scope}/") or f"{scope}/".startswith(end)
        if related and all(f"{end}{parameter}" in names for parameter in parameters):
            found.append(above)
    named = [above for above in found if class_name(above.rpartition("/")[2]) == wrapper.lower()]
    # Above a scope the nearest is the one around it.
    return sorted(named or found, key=len, reverse=True)
