"""The module `tf.keras.wrappers.scikit_learn`: a model of Keras as scikit-learn's estimators are.

Nothing of scikit-learn is needed for it.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..keras_history import arguments_of
from ..names import absent
from .fitting import Fitting
from .models import Sequential
from .utils import to_categorical


class _Wrapper:
    """What the two share: a function that makes the model, and arguments for it and for fit and predict."""

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        self.build_fn, self.sk_params = build_fn, sk_params
        self.check_params(sk_params)

    def _builder(self) -> Any:
        return type(self).__call__ if self.build_fn is None else self.build_fn

    def check_params(self, params: dict[str, Any]) -> None:
        """Hold arguments to those that something takes.

        Raises:
            ValueError: nothing takes one of them.
        """
        builder = self._builder()
        known = {"nb_epoch"} | set(
            arguments_of(builder if hasattr(builder, "__code__") else builder.__call__)
        )
        for function in (Fitting.fit, Fitting.predict, Sequential.predict_classes, Fitting.evaluate):
            known |= set(arguments_of(function))
        for name in params:
            if name not in known:
                raise ValueError(f"{name} is not a legal parameter")

    def get_params(self, **params: Any) -> dict[str, Any]:
        """The arguments, and `build_fn`."""
        found = copy.deepcopy(self.sk_params)
        found["build_fn"] = self.build_fn
        return found

    def set_params(self, **params: Any) -> Any:
        """Take other arguments."""
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def filter_sk_params(self, fn: Any, override: dict[str, Any] | None = None) -> dict[str, Any]:
        """Those of the arguments that a function takes, and others that stand above them."""
        names = arguments_of(fn)
        return {**{key: value for key, value in self.sk_params.items() if key in names}, **(override or {})}

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make a new model, and train it: the history."""
        builder = self.build_fn
        if builder is None:
            self.model = self.__call__(**self.filter_sk_params(self.__call__))  # type: ignore[operator]
        else:
            taken = builder if hasattr(builder, "__code__") else builder.__call__
            self.model = builder(**self.filter_sk_params(taken))
        loss = self.model.loss
        name = getattr(loss, "__name__", loss)
        if name == "categorical_crossentropy" and np.ndim(y) != 2:
            y = to_categorical(y)
        options = {**self.filter_sk_params(Fitting.fit), **kwargs}
        return self.model.fit(x, y, **options)


class KerasClassifier(_Wrapper):
    """A classifier (TF1 symbol: `tf.keras.wrappers.scikit_learn.KerasClassifier`).

    Args:
        build_fn: makes the compiled model; or define `__call__`.
        sk_params: arguments of `build_fn`, and of `fit`, `predict` and `evaluate`.

    Raises:
        ValueError: nothing takes one of the arguments, or the labels have another shape than rows of labels.
    """

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make a new model, and train it: the history."""
        y = np.array(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y)
        else:
            raise ValueError("Invalid shape for y: " + str(y.shape))
        self.n_classes_ = len(self.classes_)
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """The classes of rows."""
        return self.classes_[
            self.model.predict_classes(x, **self.filter_sk_params(Sequential.predict_classes, kwargs))
        ]

    def predict_proba(self, x: Any, **kwargs: Any) -> Any:
        """The share of each class, of the second alone as of both."""
        found = self.model.predict(x, **self.filter_sk_params(Fitting.predict, kwargs))
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """The accuracy.

        Raises:
            ValueError: the model was compiled without it.
        """
        y = np.searchsorted(self.classes_, y)
        options = self.filter_sk_params(Fitting.evaluate, kwargs)
        loss = self.model.loss
        if getattr(loss, "__name__", loss) == "categorical_crossentropy" and np.ndim(y) != 2:
            y = to_categorical(y)
        outputs = self.model.evaluate(x, y, **options)
        listed = outputs if isinstance(outputs, list) else [outputs]
        for name, value in zip(self.model.metrics_names, listed, strict=True):
            if name in ("accuracy", "acc"):
                return value
        raise ValueError(
            'The model is not configured to compute accuracy. You should pass `metrics=["accuracy"]` to the '
            "`model.compile()` method."
        )


class KerasRegressor(_Wrapper):
    """A regression (TF1 symbol: `tf.keras.wrappers.scikit_learn.KerasRegressor`).

    The arguments are those of `KerasClassifier`.
    """

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """The values of rows."""
        return np.squeeze(self.model.predict(x, **self.filter_sk_params(Fitting.predict, kwargs)))

    def score(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """The loss below zero: the higher, the better."""
        loss = self.model.evaluate(x, y, **self.filter_sk_params(Fitting.evaluate, kwargs))
        return -(loss[0] if isinstance(loss, list) else loss)


__all__ = ["KerasClassifier", "KerasRegressor"]
__getattr__ = absent("tf.keras.wrappers.scikit_learn", __all__)
