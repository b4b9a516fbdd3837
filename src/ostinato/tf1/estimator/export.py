"""The module `tf.estimator.export`, and how an estimator writes a trained model."""

from __future__ import annotations

import collections
import os
import shutil
import time
from collections.abc import Callable, Mapping
from typing import Any

from .. import dtypes, logging, saved_model
from ..graph import Graph
from ..names import absent
from ..ops.array import identity
from ..ops.core import placeholder
from ..saver import Saver
from ..session import Session

_DEFAULT = saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY


class ServingInputReceiver(
    collections.namedtuple("ServingInputReceiver", "features receiver_tensors receiver_tensors_alternatives")
):
    """What a served model is fed, and the features made of it (TF1 symbol:
    `tf.estimator.export.ServingInputReceiver`).
    """

    def __new__(
        cls, features: Any, receiver_tensors: Any, receiver_tensors_alternatives: Any = None
    ) -> ServingInputReceiver:
        if features is None:
            raise ValueError("features must be defined.")
        if receiver_tensors is None:
            raise ValueError("receiver_tensors must be defined.")
        fed = receiver_tensors if isinstance(receiver_tensors, Mapping) else {"input": receiver_tensors}
        return super().__new__(cls, features, dict(fed), receiver_tensors_alternatives)


TensorServingInputReceiver = ServingInputReceiver


class ExportOutput:
    """One thing that a served model gives (TF1 symbol: `tf.estimator.export.ExportOutput`)."""

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        raise NotImplementedError


class PredictOutput(ExportOutput):
    """Predictions by name (TF1 symbol: `tf.estimator.export.PredictOutput`)."""

    def __init__(self, outputs: Any) -> None:
        self.outputs = dict(outputs) if isinstance(outputs, Mapping) else {"output": outputs}

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        return saved_model.predict_signature_def(receiver_tensors, self.outputs)


class RegressionOutput(ExportOutput):
    """One number an example (TF1 symbol: `tf.estimator.export.RegressionOutput`)."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        (examples,) = receiver_tensors.values()
        return saved_model.regression_signature_def(examples, self.value)


class ClassificationOutput(ExportOutput):
    """Scores, classes or both (TF1 symbol: `tf.estimator.export.ClassificationOutput`)."""

    def __init__(self, scores: Any = None, classes: Any = None) -> None:
        if scores is None and classes is None:
            raise ValueError("At least one of scores and classes must be set.")
        self.scores, self.classes = scores, classes

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        (examples,) = receiver_tensors.values()
        return saved_model.classification_signature_def(examples, self.classes, self.scores)


def build_raw_serving_input_receiver_fn(
    features: Mapping[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """A receiver that is fed the features themselves (TF1 symbol:
    `tf.estimator.export.build_raw_serving_input_receiver_fn`).
    """

    def receive() -> ServingInputReceiver:
        fed = {}
        for name, tensor in features.items():
            shape = tensor.shape.as_list()
            fed[name] = placeholder(tensor.dtype, [default_batch_size, *shape[1:]], name=tensor.op.name)
        return ServingInputReceiver({name: identity(tensor) for name, tensor in fed.items()}, fed)

    return receive


def build_parsing_serving_input_receiver_fn(
    feature_spec: Mapping[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """A receiver that is fed serialised `tf.train.Example`s (TF1 symbol:
    `tf.estimator.export.build_parsing_serving_input_receiver_fn`).
    """

    def receive() -> ServingInputReceiver:
        from ..parsing import parse_example

        examples = placeholder(dtypes.string, [default_batch_size], name="input_example_tensor")
        return ServingInputReceiver(parse_example(examples, dict(feature_spec)), {"examples": examples})

    return receive


def export(
    estimator: Any,
    export_dir_base: str,
    serving_input_receiver_fn: Callable[[], ServingInputReceiver],
    assets_extra: Mapping[str, str] | None = None,
    as_text: bool = False,
    checkpoint_path: str | None = None,
    **_: Any,
) -> bytes:
    """Write the model of a checkpoint into a folder named by the time, and return its path.

    Raises:
        ValueError: nothing was trained, or the model function gives no predictions.
    """
    path = checkpoint_path or estimator._trained()
    with Graph().as_default():
        received = serving_input_receiver_fn()
        spec = estimator._call_model_fn(received.features, None, "infer", estimator.config)
        outputs = dict(spec.export_outputs or {_DEFAULT: PredictOutput(spec.predictions)})
        if _DEFAULT not in outputs:
            if len(outputs) > 1:
                raise ValueError(
                    f"Multiple export_outputs were provided, but none of them is specified as the default. "
                    f"Do this by naming one of them with {_DEFAULT!r}."
                )
            outputs[_DEFAULT] = next(iter(outputs.values()))
        signatures = _signatures(outputs, received.receiver_tensors)
        folder = _new_folder(export_dir_base)
        builder = saved_model.Builder(folder)
        with Session() as session:
            (spec.scaffold.saver if spec.scaffold is not None and spec.scaffold.saver else Saver()).restore(
                session, path
            )
            builder.add_meta_graph_and_variables(
                session, [saved_model.tag_constants.SERVING], signature_def_map=signatures
            )
            builder.save(as_text)
    for name, source in (assets_extra or {}).items():
        target = os.path.join(folder, "assets.extra", name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)
    return folder.encode()


def _signatures(outputs: Mapping[str, Any], received: Mapping[str, Any]) -> dict[str, Any]:
    """Of each output that can be served with what is received its signature."""
    made = {}
    for name, output in outputs.items():
        try:
            made[name] = output.as_signature_def(received)
        except ValueError as problem:  # classes and numbers are served for encoded examples alone
            logging.info("Signature EXCLUDED from export because it cannot be served: %s: %s", name, problem)
    if _DEFAULT not in made:
        logging.warning("Export includes no default signature!")
    return made


def _new_folder(base: str) -> str:
    moment = int(time.time())
    while os.path.exists(os.path.join(base, str(moment))):
        moment += 1
    os.makedirs(base, exist_ok=True)
    return os.path.join(base, str(moment))


__all__ = [
    "ClassificationOutput",
    "ExportOutput",
    "PredictOutput",
    "RegressionOutput",
    "ServingInputReceiver",
    "TensorServingInputReceiver",
    "build_parsing_serving_input_receiver_fn",
    "build_raw_serving_input_receiver_fn",
]
__getattr__ = absent("tf.estimator.export", __all__)
