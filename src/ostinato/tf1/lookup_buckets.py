"""Lookup tables that number the keys that they do not have by a hash."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from .dtypes import as_dtype, int64, string
from .graph import name_scope
from .lookup_tables import HashTable, LookupInterface, like
from .ops.control import no_op
from .ops.core import constant
from .ops.math import add, cast, not_equal
from .ops.picking import where_v2
from .tensor import Operation, Tensor

HasherSpec = namedtuple("HasherSpec", ["hasher", "key"])
FastHashSpec = HasherSpec("fasthash", None)


class StrongHashSpec(HasherSpec):
    """A keyed hash for words that a table does not have (TF1 symbol: `tf.contrib.lookup.StrongHashSpec`).

    Raises:
        ValueError: the key is no list or tuple of two integers.
        TypeError: its elements are no integers.
    """

    __slots__ = ()

    def __new__(cls, key: Any) -> StrongHashSpec:
        if len(key) != 2:
            raise ValueError(f"key must have size 2, got {len(key)}.")
        if not all(isinstance(part, (int, np.integer)) for part in key):
            raise TypeError("Invalid key. Must be unsigned integer values.")
        return super().__new__(cls, "stronghash", key)


class IdTableWithHashBuckets(LookupInterface):
    """A table that gives keys that it does not have a number by their hash (TF1 symbol:
    `tf.contrib.lookup.IdTableWithHashBuckets`).

    Args:
        table: keys to the numbers from 0 on; None: all keys are hashed.
        num_oov_buckets: how many numbers there are for other keys, behind the table's.

    Raises:
        ValueError: neither a table nor buckets.
        TypeError: keys or values of another type, or a hash that there is not.
    """

    def __init__(
        self,
        table: Any,
        num_oov_buckets: int,
        hasher_spec: Any = FastHashSpec,
        name: str | None = None,
        key_dtype: Any = None,
    ) -> None:
        if name is not None:
            name = name.rstrip("/")
        if table is not None:
            wanted = table.key_dtype if key_dtype is None else as_dtype(key_dtype)
            for dtype in (table.key_dtype, wanted):
                if not dtype.is_integer and dtype is not string:
                    raise TypeError(f"Invalid key_dtype, expected integer or string, but got {dtype}.")
            if table.key_dtype.is_integer != wanted.is_integer:
                raise TypeError(f"Invalid key_dtype, expected {table.key_dtype} but got {wanted}.")
            if table.value_dtype is not int64:
                raise TypeError(f"Invalid value dtype, expected {int64} but got {table.value_dtype}.")
            self._shown_name = name or table.name
        else:
            if num_oov_buckets <= 0:
                raise ValueError("table is None, so num_oov_buckets must be > 0.")
            wanted = string if key_dtype is None else as_dtype(key_dtype)
            self._shown_name = name or "hash_bucket"
        if not isinstance(hasher_spec, HasherSpec):
            raise TypeError(f"hasher_spec must be of type HasherSpec, got {hasher_spec}")
        if hasher_spec.hasher not in ("fasthash", "legacy", "stronghash"):
            raise TypeError(f"Unknown hasher {hasher_spec.hasher}")
        self._table, self._num_oov_buckets, self._hasher_spec = table, num_oov_buckets, hasher_spec
        super().__init__(wanted, int64)

    @property
    def initializer(self) -> Operation:
        return self._table.initializer if self._table is not None else no_op()

    @property
    def init(self) -> Operation:
        return self.initializer

    @property
    def resource_handle(self) -> Any:
        return None if self._table is None else self._table.resource_handle

    @property
    def name(self) -> str:
        return self._shown_name

    def size(self, name: str | None = None) -> Any:
        """The table's keys and the buckets."""
        with name_scope(name, f"{self.name}_Size"):
            inside = constant(0, int64) if self._table is None else self._table.size()
            return inside + self._num_oov_buckets

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The number of each key.

        Raises:
            TypeError: keys of another type.
        """
        given, values = self._checked_keys(keys)
        if self._table is not None and self._table.key_dtype.base_dtype is int64:
            values = cast(values, int64)
        if self._num_oov_buckets == 0:
            return like(given, self._table.lookup(values, name=name))
        with name_scope(name, f"{self.name}_Lookup"):
            buckets = self._hashed(values)
            if self._table is not None:
                found = self._table.lookup(values)
                outside = add(buckets, self._table.size())
                buckets = where_v2(not_equal(found, self._table.default_value), found, outside)
        return like(given, buckets)

    def _hashed(self, values: Tensor) -> Tensor:
        from .ops import string_numbers  # which imports much, for what few tables need

        if values.dtype.is_integer:
            values = string_numbers.as_string(values)
        count = self._num_oov_buckets
        if self._hasher_spec.hasher == "stronghash":
            key = list(self._hasher_spec.key)
            return string_numbers.string_to_hash_bucket_strong(values, count, key, name="hash_bucket")
        if self._hasher_spec.hasher == "legacy":
            return string_numbers.string_to_hash_bucket(values, num_buckets=count, name="hash_bucket")
        return string_numbers.string_to_hash_bucket_fast(values, num_buckets=count, name="hash_bucket")


class StaticVocabularyTable(LookupInterface):
    """A table with numbers by hash for other keys (TF1 symbol: `tf.lookup.StaticVocabularyTable`).

    Args:
        initializer: keys to the int64 numbers from 0 on; None: all keys are hashed.
        num_oov_buckets: how many numbers there are for other keys; at least 1.
        lookup_key_dtype: the type of the keys that are looked up; None: the initialiser's.

    Raises:
        ValueError: no buckets.
        TypeError: keys or values of another type.
    """

    def __init__(
        self, initializer: Any, num_oov_buckets: int, lookup_key_dtype: Any = None, name: str | None = None
    ) -> None:
        if num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0.")
        table = None
        if initializer is not None:
            if initializer.value_dtype is not int64:
                raise TypeError(f"Invalid value dtype, expected {int64} but got {initializer.value_dtype}.")
            table = HashTable(initializer, default_value=-1)
        self._inner = IdTableWithHashBuckets(
            table, num_oov_buckets, FastHashSpec, name, key_dtype=lookup_key_dtype
        )
        super().__init__(self._inner.key_dtype, int64)

    @property
    def initializer(self) -> Operation:
        return self._inner.initializer

    @property
    def resource_handle(self) -> Any:
        return self._inner.resource_handle

    @property
    def name(self) -> str:
        return self._inner.name

    def size(self, name: str | None = None) -> Any:
        return self._inner.size(name)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        return self._inner.lookup(keys, name)
