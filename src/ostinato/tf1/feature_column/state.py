"""Where the variables of columns are kept: in the scope that they are asked for in, or in a layer."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..graph import GraphKeys
from ..variable_scope import get_variable


class ScopeState:
    """Variables of the variable scope, made when they are asked for."""

    def __init__(self, weight_collections: Any = None, trainable: bool = True) -> None:
        self._collections = list(weight_collections or ())
        for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES):
            if key not in self._collections:
                self._collections.append(key)
        self._trainable = trainable
        self._made: dict[Any, Any] = {}

    def create_variable(
        self,
        feature_column: Any,
        name: str,
        shape: Any,
        dtype: Any = None,
        trainable: bool = True,
        use_resource: bool | None = None,
        initializer: Any = None,
    ) -> Any:
        made = get_variable(
            name,
            shape,
            dtype or dtypes.float32,
            initializer=initializer,
            trainable=self._trainable and trainable,
            collections=list(self._collections),
        )
        self._made[feature_column, name] = made
        return made

    def get_variable(self, feature_column: Any, name: str) -> Any:
        """A column's variable."""
        if (feature_column, name) not in self._made:
            feature_column.create_state(self)
        return self._made[feature_column, name]


class LayerState:
    """Variables of a layer, which makes them when it is built."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._made: dict[Any, Any] = {}

    def create_variable(
        self,
        feature_column: Any,
        name: str,
        shape: Any,
        dtype: Any = None,
        trainable: bool = True,
        use_resource: bool | None = True,
        initializer: Any = None,
    ) -> Any:
        if (feature_column, name) in self._made:
            raise ValueError("Variable already exists.")
        made = get_variable(
            name,
            shape,
            dtype or dtypes.float32,
            initializer=initializer,
            trainable=self._layer.trainable and trainable,
            use_resource=use_resource,
        )
        self._layer._track(made, trainable)
        self._made[feature_column, name] = made
        return made

    def get_variable(self, feature_column: Any, name: str) -> Any:
        """A column's variable.

        Raises:
            ValueError: there is none.
        """
        if (feature_column, name) not in self._made:
            raise ValueError("Variable does not exist.")
        return self._made[feature_column, name]
