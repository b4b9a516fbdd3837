"""What Keras' layers keep: variables, losses, updates and metrics, their own and those of layers in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from . import nest
from .dtypes import as_dtype, float32
from .graph import name_scope
from .initializers import GlorotUniform, Zeros
from .keras_history import CALLS
from .layer_losses import ancestors
from .ops.core import convert_to_tensor
from .partitioned import PartitionedVariable
from .shapes import TensorShape
from .variable_options import AUTO, NONE, VariableSynchronization
from .variables import Variable


class Kept:
    """The variables, losses, updates and metrics of a layer."""

    built: bool
    dtype: Any
    name: Any
    stateful: bool
    trainable: bool
    _losses: list[tuple[Any, bool]]  # each with whether it depends on the inputs
    _metrics: list[Any]
    _not_trained: list[Any]
    _updates: list[tuple[Any, bool]]
    _weights: list[Any]

    def add_weight(
        self,
        name: str | None = None,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        partitioner: Any = None,
        use_resource: bool | None = None,
        synchronization: Any = AUTO,
        aggregation: Any = NONE,
        **kwargs: Any,
    ) -> Any:
        """Make a variable of the layer.

        Raises:
            TypeError: another keyword than `getter`, `collections`, `experimental_autocast`.
            ValueError: `trainable` is True for a variable that is synchronised on read.
        """
        from .keras import constraints, initializers, regularizers

        for keyword in kwargs:
            if keyword not in ("getter", "collections", "experimental_autocast"):
                raise TypeError("Unknown keyword argument:", keyword)
        trainable = is_to_be_trained(trainable, synchronization)
        kind = as_dtype(dtype or self.dtype or float32)
        if initializer is None:
            initializer = GlorotUniform() if kind.is_floating else Zeros()
        initializer = initializers.get(initializer)
        if isinstance(initializer, type):
            initializer = initializer()
        sizes = TensorShape(() if shape is None else shape).as_list()
        variable = Variable(
            lambda: convert_to_tensor(initializer(sizes, dtype=kind), dtype=kind),
            name=name or "Variable",
            dtype=kind,
            trainable=trainable,
            use_resource=True if use_resource is None else use_resource,
            constraint=constraints.get(constraint),
            collections=kwargs.get("collections"),
            synchronization=synchronization,
            aggregation=aggregation,
            validate_shape=None not in sizes,
        )
        rule = regularizers.get(regularizer)
        if rule is not None:
            with name_scope(f"{name}/Regularizer"):
                self.add_loss(rule(variable))
        self._track(variable, trainable)
        return variable

    def add_variable(self, *args: Any, **kwargs: Any) -> Any:
        """The older name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    def _track(self, variable: Any, trainable: bool = True) -> None:
        """Count a variable among the layer's. One that a custom getter made untrained is not trained."""
        if any(variable is known for known in self._weights):
            return
        self._weights.append(variable)
        if not trainable or not variable.trainable:
            self._not_trained.append(variable)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Keep losses, which a model adds to its own; `inputs` says that they depend on a call's inputs."""
        self._kept_losses(losses, inputs)

    def _kept_losses(self, losses: Any, inputs: Any) -> list[Any]:
        new = [loss() if callable(loss) else loss for loss in nest.flatten(losses)]
        new = [loss for loss in new if loss is not None]
        self._losses += [(loss, inputs is not None) for loss in new]
        return new

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Keep operations that are to run with each training step."""
        new = [update() if callable(update) else update for update in nest.flatten(updates)]
        depends = inputs is not None or bool(getattr(CALLS, "depth", 0))
        self._updates += [(getattr(update, "op", update), depends) for update in new]

    def add_metric(self, value: Any, aggregation: Any = None, name: str | None = None) -> None:
        """Have a tensor shown beside a model's metrics; its mean where `aggregation` is "mean"."""
        self._metrics.append((name or getattr(value, "name", "metric").split(":")[0], value, aggregation))

    @property
    def _layers(self) -> list[Any]:
        """The layers that are kept in this one's attributes, and in lists there."""
        return list(_found(vars(self).values(), Kept))

    @property
    def submodules(self) -> tuple[Any, ...]:
        return tuple(item for layer in self._layers for item in (layer, *layer.submodules))

    def _own_weights(self) -> list[Any]:
        known = list(self._weights)
        for variable in _found(vars(self).values(), Variable):
            if all(variable is not item for item in known):
                known.append(variable)
        return known

    @property
    def trainable_weights(self) -> list[Any]:
        if not self.trainable:
            return []
        own = [
            item
            for item in self._own_weights()
            if item.trainable and all(item is not other for other in self._not_trained)
        ]
        return _unique([*own, *(item for layer in self._layers for item in layer.trainable_weights)])

    @property
    def non_trainable_weights(self) -> list[Any]:
        nested = [item for layer in self._layers for item in layer.weights]
        if not self.trainable:
            return _unique([*self._own_weights(), *nested])
        trained = self.trainable_weights
        return _unique(
            item for item in [*self._own_weights(), *nested] if all(item is not other for other in trained)
        )

    @property
    def weights(self) -> list[Any]:
        return self.trainable_weights + self.non_trainable_weights

    @property
    def variables(self) -> list[Any]:
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        return self.non_trainable_weights

    @property
    def losses(self) -> list[Any]:
        return [loss for loss, _ in self._all_losses()]

    @property
    def updates(self) -> list[Any]:
        return [update for update, _ in self._all_updates()]

    @property
    def metrics(self) -> list[Any]:
        return [item for layer in [self, *self._layers] for item in layer._metrics]

    def _all_losses(self) -> list[tuple[Any, bool]]:
        return [*self._losses, *(item for layer in self._layers for item in layer._all_losses())]

    def _all_updates(self) -> list[tuple[Any, bool]]:
        if not self.trainable and not self.stateful:
            return []
        return [*self._updates, *(item for layer in self._layers for item in layer._all_updates())]

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """The losses that depend on these inputs; for None those that depend on none."""
        return _depending(self._all_losses(), inputs)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """The updates that depend on these inputs; for None those that depend on none."""
        return _depending(self._all_updates(), inputs)

    def count_params(self) -> int:
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. "
                f"You can build it manually via: `{self.name}.build(batch_input_shape)`."
            )
        return sum(weight.shape.num_elements() for weight in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """The values of the layer's variables, in Keras' session."""
        from .keras import backend

        return backend.batch_get_value(self.weights)

    def set_weights(self, weights: Any) -> None:
        """Give the layer's variables these values.

        Raises:
            ValueError: another number of arrays, or a shape that does not fit.
        """
        from .keras import backend

        variables, values = self.weights, list(weights)
        if len(variables) != len(values):
            raise ValueError(
                f'You called `set_weights(weights)` on layer "{self.name}" with a  weight list of length '
                f"{len(values)}, but the layer was expecting {len(variables)} weights. Provided weights: "
                f"{str(values)[:50]}..."
            )
        for variable, value in zip(variables, values, strict=True):
            if not variable.shape.is_compatible_with(np.shape(value)):
                raise ValueError(
                    f"Layer weight shape {variable.shape} not compatible with provided weight shape "
                    f"{np.shape(value)}"
                )
        backend.batch_set_value(zip(variables, values, strict=True))


def is_to_be_trained(trainable: bool | None, synchronization: Any) -> bool:
    """What `trainable` is for a variable of a layer.

    Raises:
        ValueError: it is True for a variable that is synchronised on read.
    """
    if synchronization is VariableSynchronization.ON_READ and trainable:
        raise ValueError(
            "Synchronization value can be set to VariableSynchronization.ON_READ only for non-trainable "
            "variables. You have specified trainable=True and "
            "synchronization=VariableSynchronization.ON_READ."
        )
    if trainable is None:
        return synchronization is not VariableSynchronization.ON_READ
    return trainable


def _found(values: Iterable[Any], kind: Any) -> Iterator[Any]:
    """What is of a kind among values and in the lists and dicts there."""
    for value in values:
        if isinstance(value, kind):
            yield value
        elif isinstance(value, PartitionedVariable) and kind is Variable:
            yield from value
        elif isinstance(value, dict):
            yield from _found(value.values(), kind)
        elif isinstance(value, (list, tuple)) and value and not isinstance(value[0], (str, int, float)):
            yield from _found(value, kind)


def _unique(items: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if all(item is not other for other in found):
            found.append(item)
    return found


def _depending(kept: list[tuple[Any, bool]], inputs: Any) -> list[Any]:
    if inputs is None:
        return [item for item, depends in kept if not depends]
    wanted = {tensor.op for tensor in nest.flatten(inputs)}
    return [item for item, depends in kept if depends and not wanted.isdisjoint(ancestors(item))]
