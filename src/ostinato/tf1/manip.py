"""The module `tf.manip`."""

from .names import absent
from .ops.array import reshape
from .ops.gathering import gather_nd
from .ops.padding import roll
from .ops.picking import reverse, tile
from .ops.scatter import scatter_nd
from .ops.space_depth import batch_to_space_nd, space_to_batch_nd

__all__ = [
    "batch_to_space_nd",
    "gather_nd",
    "reshape",
    "reverse",
    "roll",
    "scatter_nd",
    "space_to_batch_nd",
    "tile",
]
__getattr__ = absent("tf.manip", __all__)
