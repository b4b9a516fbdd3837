"""Lookup tables that an initialiser fills once, and what all tables have in common."""

from __future__ import annotations

import uuid
from typing import Any

from .dtypes import DType, as_dtype
from .graph import name_scope
from .ops.core import convert_to_tensor, make, one
from .sparse_tensor import SparseTensor
from .tensor import Operation, Tensor


class LookupInterface:
    """What tables have in common: `lookup`, `size`, and their types."""

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype, self._value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)

    @property
    def key_dtype(self) -> DType:
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        return self._value_dtype

    @property
    def name(self) -> str | None:
        return None

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys, in their shape; a sparse tensor for one."""
        raise NotImplementedError

    def size(self, name: str | None = None) -> Tensor:
        """How many keys there are."""
        raise NotImplementedError

    def _checked_keys(self, keys: Any) -> tuple[Any, Tensor]:
        given = (
            keys
            if isinstance(keys, SparseTensor)
            else convert_to_tensor(keys, name="keys", preferred_dtype=self._key_dtype)
        )
        values = given.values if isinstance(given, SparseTensor) else given
        if values.dtype.base_dtype is not self._key_dtype:
            raise TypeError(
                f"Signature mismatch. Keys must be dtype {self._key_dtype}, got {values.dtype.base_dtype}."
            )
        return given, values


def like(keys: Any, values: Tensor) -> Any:
    return SparseTensor(keys.indices, values, keys.dense_shape) if isinstance(keys, SparseTensor) else values


class InitializableLookupTableBase(LookupInterface):
    """A table that an initialiser fills (TF1 symbol: `tf.contrib.lookup.InitializableLookupTableBase`)."""

    def __init__(self, default_value: Any, initializer: Any) -> None:
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._default_value = convert_to_tensor(default_value, self._value_dtype)
        if self._default_value.shape.ndims != 0:
            raise ValueError(f"The default value of a table is a scalar, not {self._default_value}.")
        self._initializer = initializer
        self._resource_handle = self._create_resource()
        self._init_op = initializer.initialize(self)

    def _create_resource(self) -> Tensor:
        raise NotImplementedError

    @property
    def resource_handle(self) -> Tensor:
        return self._resource_handle

    @property
    def default_value(self) -> Tensor:
        return self._default_value

    @property
    def name(self) -> str:
        return self._table_name

    @property
    def initializer(self) -> Operation:
        """The operation that fills the table."""
        return self._init_op

    @property
    def init(self) -> Operation:
        return self._init_op

    _table_name: str

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys, the default for those that are not there.

        Raises:
            TypeError: keys of another type.
        """
        given, values = self._checked_keys(keys)
        with name_scope(name, f"{self.name}_Lookup", [self._resource_handle, values, self._default_value]):
            found = one("LookupTableFindV2", [self._resource_handle, values, self._default_value])
        found.set_shape(values.shape)
        return like(given, found)

    def size(self, name: str | None = None) -> Tensor:
        with name_scope(name, f"{self.name}_Size", [self._resource_handle]):
            return one("LookupTableSizeV2", [self._resource_handle])

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """All keys and their values."""
        with name_scope(name, f"{self.name}_Export", [self._resource_handle]):
            return exported(self, ())


def exported(table: Any, value_shape: Any) -> tuple[Tensor, Tensor]:
    node = make(
        "LookupTableExportV2",
        [table.resource_handle],
        key_dtype=table.key_dtype.name,
        value_dtype=table.value_dtype.name,
        value_shape=tuple(value_shape),
    )
    return node.outputs[0], node.outputs[1]


class StaticHashTable(InitializableLookupTableBase):
    """A table that is filled once (TF1 symbols: `tf.lookup.StaticHashTable`, `tf.contrib.lookup.HashTable`).

    Args:
        initializer: a `KeyValueTensorInitializer`, a `TextFileInitializer` or the like.
        default_value: the value of keys that are not there.

    Running a lookup before `tf.tables_initializer()` raises tf.errors.FailedPreconditionError.
    """

    def __init__(
        self, initializer: Any, default_value: Any, name: str | None = None, shared_name: str | None = None
    ) -> None:
        self._name = name or "hash_table"
        self._shared_name = (
            getattr(initializer, "_shared_name", "") if shared_name is None else shared_name
        ) or f"hash_table_{uuid.uuid4()}"
        super().__init__(default_value, initializer)

    def _create_resource(self) -> Tensor:
        handle = one(
            "HashTableV2",
            (),
            self._name,
            shared_name=self._shared_name,
            key_dtype=self._key_dtype.name,
            value_dtype=self._value_dtype.name,
            value_shape=(),
        )
        self._table_name = handle.op.name.split("/")[-1]
        return handle


class HashTable(StaticHashTable):
    """As `StaticHashTable`, with the older order of arguments (TF1 symbol: `tf.contrib.lookup.HashTable`)."""

    def __init__(
        self, initializer: Any, default_value: Any, shared_name: str | None = None, name: str | None = None
    ) -> None:
        super().__init__(initializer, default_value, name, shared_name)
