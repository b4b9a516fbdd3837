"""TensorFlow checkpoint files, read and written without TensorFlow and without torch.

`load_checkpoint` opens one, of format V2 or V1, as a mapping from names to arrays; `save_checkpoint` writes
one that TensorFlow reads; `latest_checkpoint` and the state functions are about the file `checkpoint` that a
folder of them has. What is read is not trusted: whatever is wrong with it is a `CheckpointError`.
"""

from ostinato.checkpoint.checkpoint import Checkpoint, load_checkpoint
from ostinato.checkpoint.errors import CheckpointError
from ostinato.checkpoint.info import TensorInfo
from ostinato.checkpoint.latest import latest_checkpoint
from ostinato.checkpoint.state import CheckpointState, read_checkpoint_state, write_checkpoint_state
from ostinato.checkpoint.writer import save_checkpoint

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "CheckpointState",
    "TensorInfo",
    "latest_checkpoint",
    "load_checkpoint",
    "read_checkpoint_state",
    "save_checkpoint",
    "write_checkpoint_state",
]
