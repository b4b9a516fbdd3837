"""Lookup tables that may be written at any time."""

from __future__ import annotations

from typing import Any

from .graph import GraphKeys, add_to_collection, colocate_with, name_scope
from .lookup_tables import LookupInterface, exported
from .ops.core import convert_to_tensor, make, one
from .saveable import SaveableObject, SaveSpec
from .shapes import TensorShape
from .tensor import Operation, Tensor


class MutableHashTable(LookupInterface):
    """A table that may be written at any time (TF1 symbol: `tf.contrib.lookup.MutableHashTable`).

    Args:
        default_value: the value of keys that are not there; a vector where values are vectors.
        checkpoint: whether a Saver saves the table.
    """

    _op_type: str

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        name: str = "MutableHashTable",
        checkpoint: bool = True,
        shared_name: str | None = None,
    ) -> None:
        super().__init__(key_dtype, value_dtype)
        self._default_value = convert_to_tensor(default_value, self._value_dtype)
        self._value_shape = tuple(self._default_value.shape.as_list())
        self._make(name, "MutableHashTableOfTensorsV2" if self._value_shape else "MutableHashTableV2", [])
        if checkpoint:
            add_to_collection(GraphKeys.SAVEABLE_OBJECTS, TableSaveable(self, self.name))

    def _make(self, name: str, op_type: str, reserved: list[Tensor]) -> None:
        self._resource_handle = one(
            op_type,
            reserved,
            name,
            shared_name="",
            key_dtype=self._key_dtype.name,
            value_dtype=self._value_dtype.name,
            value_shape=self._value_shape,
        )
        self._table_name = self._resource_handle.op.name.split("/")[-1]

    @property
    def name(self) -> str:
        return self._table_name

    @property
    def resource_handle(self) -> Tensor:
        return self._resource_handle

    def size(self, name: str | None = None) -> Tensor:
        with name_scope(name, f"{self.name}_Size", [self._resource_handle]):
            return one("LookupTableSizeV2", [self._resource_handle])

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys, the default's for those that are not there.

        Raises:
            TypeError: keys of another type.
        """
        with name_scope(name, f"{self.name}_lookup_table_find", [self._resource_handle]):
            _, values = self._checked_keys(keys)
            found = one("LookupTableFindV2", [self._resource_handle, values, self._default_value])
        found.set_shape(values.shape.concatenate(TensorShape(self._value_shape)))
        return found

    def insert(self, keys: Any, values: Any, name: str | None = None) -> Operation:
        """Put values under keys.

        Raises:
            TypeError: keys or values of another type.
        """
        with name_scope(name, f"{self.name}_lookup_table_insert", [self._resource_handle]):
            key_tensor = convert_to_tensor(keys, self._key_dtype, name="keys")
            value_tensor = convert_to_tensor(values, self._value_dtype, name="values")
            return make("LookupTableInsertV2", [self._resource_handle, key_tensor, value_tensor])

    def remove(self, keys: Any, name: str | None = None) -> Operation:
        """Forget keys.

        Raises:
            TypeError: keys of another type.
        """
        with name_scope(name, f"{self.name}_lookup_table_remove", [self._resource_handle]):
            _, values = self._checked_keys(keys)
            return make("LookupTableRemoveV2", [self._resource_handle, values])

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """All keys and their values."""
        with name_scope(name, f"{self.name}_lookup_table_export_values", [self._resource_handle]):
            return exported(self, self._value_shape)


class MutableDenseHashTable(MutableHashTable):
    """A table that may be written, with two keys kept for itself (TF1 symbols:
    `tf.contrib.lookup.MutableDenseHashTable`, `tf.lookup.experimental.DenseHashTable`).
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        empty_key: Any,
        deleted_key: Any = None,
        initial_num_buckets: int | None = None,
        name: str = "MutableDenseHashTable",
        checkpoint: bool = True,
        shared_name: str | None = None,
    ) -> None:
        LookupInterface.__init__(self, key_dtype, value_dtype)
        self._default_value = convert_to_tensor(default_value, self._value_dtype, name="default_value")
        self._value_shape = tuple(self._default_value.shape.as_list())
        reserved = [
            convert_to_tensor(empty_key, self._key_dtype, name="empty_key"),
        ]
        if deleted_key is not None:  # which TensorFlow before 1.13 did not have
            reserved.append(convert_to_tensor(deleted_key, self._key_dtype, name="deleted_key"))
        self._make(name, "MutableDenseHashTableV2", reserved)
        if checkpoint:
            add_to_collection(GraphKeys.SAVEABLE_OBJECTS, TableSaveable(self, self.name))

    def insert_or_assign(self, keys: Any, values: Any, name: str | None = None) -> Operation:
        return self.insert(keys, values, name)

    def erase(self, keys: Any, name: str | None = None) -> Operation:
        return self.remove(keys, name)


class TableSaveable(SaveableObject):
    """A table in a checkpoint: its keys and its values."""

    def __init__(self, table: MutableHashTable, name: str) -> None:
        keys, values = table.export()
        specs = [SaveSpec(keys, "", f"{name}-keys"), SaveSpec(values, "", f"{name}-values")]
        super().__init__(table, specs, name)

    def restore(self, restored_tensors: Any, restored_shapes: Any) -> Operation:
        with name_scope(None, f"{self.name}_table_restore"), colocate_with(self.op.resource_handle):
            return make("LookupTableImportV2", [self.op.resource_handle, *restored_tensors])
