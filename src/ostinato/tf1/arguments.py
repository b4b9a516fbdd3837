"""What a function was given, handed on to another under the same names.

Functions of this face often stand before others with the same long lists of arguments. Each spells its own
list out, so that editors show it; but it need not be spelt out once more where it is only handed on.

>>> def area(width, height, scale=1, **kwargs):
...     return width * height * scale, kwargs
>>> def double_area(width, height, title, scale=1, **kwargs):
...     scale = 2 * scale
...     return area(**handed_on(locals(), "title"))
>>> double_area(2, 3, "a room", unit="m")
(12, {'unit': 'm'})
"""

from __future__ import annotations

from typing import Any


def handed_on(here: dict[str, Any], *without: str) -> dict[str, Any]:
    """The arguments of a function, of its `locals()` before it has other ones, but for those `without`.

    `self` is left out, and what `kwargs` holds is among the others, unless "kwargs" is `without`.
    """
    left_out = {"self", "cls", "__class__", "kwargs", *without}
    given = {name: value for name, value in here.items() if name not in left_out}
    return given if "kwargs" in without else {**given, **here.get("kwargs", {})}
