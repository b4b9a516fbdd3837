"""The nodes of a Saver: `save/Const` takes the prefix, `save/control_dependency` saves, `save/restore_all`
restores.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, TypeAlias

from .graph import control_dependencies, device, name_scope
from .ops.array import identity, shape
from .ops.checkpoint import merge_v2_checkpoints, restore_v2, save_v2, sharded_filename, string_join
from .ops.control import group
from .ops.core import constant, placeholder_with_default
from .saveable import SaveableObject, SaveSpec, VariableSaveable, saveables_of
from .saver_def import SaverDef
from .tensor import Operation, Tensor

Saveable: TypeAlias = SaveableObject  # for annotations: the builder has attributes of these classes' names
Saveables: TypeAlias = Sequence[SaveableObject]


class BaseSaverBuilder:
    """Makes the nodes, with one to restore each variable (TF1 symbol: `BaseSaverBuilder`).

    Derive from it, and override `save_op` or `restore_op`, to have others.
    """

    SaveSpec = SaveSpec
    SaveableObject = SaveableObject
    VariableSaveable = VariableSaveable

    def __init__(self, write_version: int = SaverDef.V2) -> None:
        self._write_version = write_version

    def save_op(self, filename_tensor: Tensor, saveables: Saveables) -> Operation:
        """The node that saves."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        names, slices = [spec.name for spec in specs], [spec.slice_spec for spec in specs]
        return save_v2(filename_tensor, names, slices, [spec.tensor for spec in specs])

    def bulk_restore(
        self,
        filename_tensor: Tensor,
        saveables: Saveables,
        preferred_shard: int,
        restore_sequentially: bool,
    ) -> list[Tensor]:
        """The restored values of all the saveables' tensors, in order."""
        restored: list[Tensor] = []
        for saveable in saveables:
            with device(saveable.device or None):
                restored.extend(self.restore_op(filename_tensor, saveable, preferred_shard))
        return restored

    def restore_op(self, filename_tensor: Tensor, saveable: Saveable, preferred_shard: int) -> list[Tensor]:
        """The restored values of one saveable's tensors."""
        return [
            restore_v2(filename_tensor, [spec.name], [spec.slice_spec], [spec.dtype])[0]
            for spec in saveable.specs
        ]

    def sharded_filename(self, filename_tensor: Tensor, shard: int, num_shards: Tensor) -> Tensor:
        return sharded_filename(filename_tensor, shard, num_shards)

    def build(
        self,
        names_to_saveables: Any,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        filename: str | None = "model",
    ) -> SaverDef:
        """Add the nodes; the result names them.

        Raises:
            TypeError: what is to be saved is no variable.
            ValueError: two variables have one name, or one variable has two names.
        """
        saveables = saveables_of(names_to_saveables)
        values = [saveable.op for saveable in saveables if isinstance(saveable.op, Tensor)]
        with name_scope(name, "save", values):
            prefix = placeholder_with_default(filename or "model", [], name="filename")
            prefix = placeholder_with_default(prefix, [], name="Const")
            if sharded:
                groups = _by_device(saveables)
                saved = self._add_sharded_save(prefix, groups)
                restored = self._add_sharded_restore(prefix, groups, restore_sequentially, reshape)
            else:
                saved = self._add_save(prefix, saveables)
                restored = self._add_restore(prefix, saveables, restore_sequentially, reshape)
        return SaverDef(
            filename_tensor_name=prefix.name,
            save_tensor_name=saved.name,
            restore_op_name=restored.name,
            max_to_keep=max_to_keep or 0,
            sharded=sharded,
            keep_checkpoint_every_n_hours=float(keep_checkpoint_every_n_hours),
            version=self._write_version,
        )

    def _add_save(self, prefix: Tensor, saveables: Saveables) -> Tensor:
        with control_dependencies([self.save_op(prefix, saveables)]):
            return identity(prefix, name="control_dependency")

    def _add_sharded_save(self, prefix: Tensor, groups: Any) -> Tensor:
        # A checkpoint for each device beside the place of the whole, and one of them all.
        beside = string_join(prefix, f"_temp_{uuid.uuid4().hex}/part")
        count = constant(len(groups), name="num_shards")
        shards, saved = [], []
        for index, (place, saveables) in enumerate(groups):
            with device(place or "/device:CPU:0"):
                shards.append(self.sharded_filename(beside, index, count))
                saved.append(self._add_save(shards[-1], saveables).op)
        with control_dependencies(saved):
            merged = merge_v2_checkpoints(shards, prefix)
            with control_dependencies([merged]):
                return identity(prefix)

    def _add_restore(
        self,
        prefix: Tensor,
        saveables: Saveables,
        restore_sequentially: bool,
        reshape: bool,
        preferred_shard: int = -1,
        name: str = "restore_all",
    ) -> Operation:
        restored = iter(self.bulk_restore(prefix, saveables, preferred_shard, restore_sequentially))
        assigned = []
        for saveable in saveables:
            shapes = [_shape_of(spec.tensor) for spec in saveable.specs] if reshape else None
            assigned.append(saveable.restore([next(restored) for _ in saveable.specs], shapes))
        return group(*assigned, name=name)

    def _add_sharded_restore(
        self, prefix: Tensor, groups: Any, restore_sequentially: bool, reshape: bool
    ) -> Operation:
        restored = []
        for index, (place, saveables) in enumerate(groups):
            with device(place or None):
                restored.append(
                    self._add_restore(
                        prefix, saveables, restore_sequentially, reshape, index, "restore_shard"
                    )
                )
        return group(*restored, name="restore_all")


class BulkSaverBuilder(BaseSaverBuilder):
    """Makes the nodes, with one to restore all variables (TF1 symbol: `BulkSaverBuilder`)."""

    def bulk_restore(
        self,
        filename_tensor: Tensor,
        saveables: Saveables,
        preferred_shard: int,
        restore_sequentially: bool,
    ) -> list[Tensor]:
        specs = [spec for saveable in saveables for spec in saveable.specs]
        with device("/device:CPU:0"):
            return restore_v2(
                filename_tensor,
                [spec.name for spec in specs],
                [spec.slice_spec for spec in specs],
                [spec.dtype for spec in specs],
            )


def _shape_of(tensor: Tensor) -> Any:
    return tensor.shape if tensor.shape.is_fully_defined() else shape(tensor)


def _by_device(saveables: Saveables) -> list[tuple[str, list[SaveableObject]]]:
    groups: dict[str, list[SaveableObject]] = {}
    place_of: dict[str, str] = {}
    for saveable in saveables:
        devices = {spec.tensor.device for spec in saveable.specs}
        if len(devices) != 1:
            raise ValueError(f"All tensors of a saveable object must be on the same device: {saveable.name}")
        # The parts of a whole are joined when they are written, so they go together.
        place = place_of.setdefault(saveable.name, devices.pop())
        groups.setdefault(place, []).append(saveable)
    return sorted(groups.items())
