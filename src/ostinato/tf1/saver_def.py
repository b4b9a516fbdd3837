"""What a graph must say for a Saver to work with it: the names of its nodes, and how long checkpoints are
kept.
"""

from __future__ import annotations

from typing import Any


class SaverDef:
    """A Saver as plain values (TF1 symbol: `tf.train.SaverDef`).

    `filename_tensor_name` is fed with a checkpoint's prefix; then `save_tensor_name` saves and
    `restore_op_name` restores.
    """

    LEGACY, V1, V2 = 0, 1, 2

    def __init__(
        self,
        filename_tensor_name: str = "",
        save_tensor_name: str = "",
        restore_op_name: str = "",
        max_to_keep: int = 0,
        sharded: bool = False,
        keep_checkpoint_every_n_hours: float = 0.0,
        version: int = LEGACY,
    ) -> None:
        self.filename_tensor_name = filename_tensor_name
        self.save_tensor_name = save_tensor_name
        self.restore_op_name = restore_op_name
        self.max_to_keep = max_to_keep
        self.sharded = sharded
        self.keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self.version = version

    def CopyFrom(self, other: SaverDef) -> None:
        """Take over another's values; the name is the one that code for protocol messages calls."""
        vars(self).update(vars(other))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SaverDef) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        texts: list[str] = []
        for name, value in vars(self).items():
            if not value:
                continue
            shown: Any = value
            if name == "version":
                shown = {1: "V1", 2: "V2"}.get(value, value)
            elif isinstance(value, bool):
                shown = "true"
            elif isinstance(value, str):
                shown = f'"{value}"'
            texts.append(f"{name}: {shown}\n")
        return "".join(texts)
