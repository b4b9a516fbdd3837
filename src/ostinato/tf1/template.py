"""Templates: functions that make their variables when first called and share them from then on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from . import logging
from . import variable_scope as vs
from .graph import GraphKeys, get_collection_ref


class Template:
    """A function with variables of its own; `make_template` makes one.

    Attributes:
        name, func: what it was made of.
        variable_scope: the scope of its variables; None before the first call, unless it was made at once.
    """

    def __init__(
        self,
        name: str,
        func: Callable[..., Any],
        create_scope_now: bool = False,
        unique_name: str | None = None,
        custom_getter: Any = None,
    ) -> None:
        if name is None:
            raise ValueError("name cannot be None.")
        self.name, self.func = name, func
        self._unique_name, self._custom_getter = unique_name, custom_getter
        self._variables_created = False
        self.variable_scope: vs.VariableScope | None = None
        if create_scope_now:
            full = unique_name or vs.unique_scope_name(name)
            with vs.entered(full, custom_getter=custom_getter) as scope:
                self.variable_scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.variable_scope is not None:
            with vs.variable_scope(self.variable_scope, reuse=self._variables_created):
                return self._called(args, kwargs)
        with vs.variable_scope(self._unique_name, self.name, custom_getter=self._custom_getter) as scope:
            self.variable_scope = scope
            return self._called(args, kwargs)

    def _called(self, args: Any, kwargs: Any) -> Any:
        trained, kept = (
            get_collection_ref(key) for key in (GraphKeys.TRAINABLE_VARIABLES, GraphKeys.GLOBAL_VARIABLES)
        )
        trained_before, kept_before = len(trained), len(kept)
        result = self.func(*args, **kwargs)
        if self._variables_created and len(trained) != trained_before:
            raise ValueError(
                "Trainable variable created when calling a template after the first time, perhaps you used "
                f"tf.Variable when you meant tf.get_variable: {trained[trained_before:]}"
            )
        if self._variables_created and len(kept) != kept_before:
            logging.info(
                "New variables created when calling a template after the first time, perhaps you used "
                "tf.Variable when you meant tf.get_variable: %s",
                kept[kept_before:],
            )
        self._variables_created = True
        return result

    # -- its variables
    @property
    def variable_scope_name(self) -> str | None:
        """The name of its scope, with a slash behind it; None before there is one."""
        if self.variable_scope is None:
            return None
        name = self.variable_scope.name
        return name if not name or name.endswith("/") else name + "/"

    def _collected(self, key: str) -> list[Any]:
        return [] if self.variable_scope is None else self.variable_scope.get_collection(key)

    @property
    def global_variables(self) -> list[Any]:
        return self._collected(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self) -> list[Any]:
        return self._collected(GraphKeys.LOCAL_VARIABLES)

    @property
    def variables(self) -> list[Any]:
        return self.global_variables + self.local_variables

    @property
    def trainable_variables(self) -> list[Any]:
        return self._collected(GraphKeys.TRAINABLE_VARIABLES)

    @property
    def non_trainable_variables(self) -> list[Any]:
        trained = self.trainable_variables
        return [item for item in self.variables if all(item is not other for other in trained)]

    @property
    def weights(self) -> list[Any]:
        return self.variables

    @property
    def trainable_weights(self) -> list[Any]:
        return self.trainable_variables

    @property
    def non_trainable_weights(self) -> list[Any]:
        return self.non_trainable_variables


def make_template(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Any = None,
    **kwargs: Any,
) -> Template:
    """A function whose variables are made by the first call and shared by all later ones (TF1 symbol:
    `tf.make_template`).

    Args:
        name_: the name of its scope, made unique.
        func_: the function; it gets its variables from `tf.get_variable`.
        create_scope_now_: True takes the scope from here, not from the first call.
        unique_name_: a name that is taken as it is.
        custom_getter_: a custom getter for the scope.
        kwargs: arguments of the function that are always the same.

    Raises:
        ValueError: there is no name; later, where a call after the first makes a variable to train.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     scaled = tf.make_template("scaled", lambda x: x * tf.get_variable("factor", []))
    ...     _ = scaled(1.0), scaled(2.0)
    ...     [variable.name for variable in tf.global_variables()]
    ['scaled/factor:0']
    """
    func = functools.partial(func_, **kwargs) if kwargs else func_
    return Template(name_, func, create_scope_now_, unique_name_, custom_getter_)
