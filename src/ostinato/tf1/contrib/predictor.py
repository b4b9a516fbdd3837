"""The module `tf.contrib.predictor`: a trained model as a function of arrays.

>>> import os, tempfile
>>> import ostinato.tf1 as tf
>>> folder = os.path.join(tempfile.mkdtemp(), "model")
>>> with tf.Graph().as_default(), tf.Session() as session:
...     x = tf.placeholder(tf.float32, [None])
...     tf.saved_model.simple_save(session, folder, {"x": x}, {"doubled": 2 * x})
>>> predict = from_saved_model(folder)
>>> predict({"x": [1.0, 2.0]})["doubled"].tolist()
[2.0, 4.0]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import logging
from ..graph import Graph
from ..monitored_session import MonitoredSession
from ..names import absent
from ..saved_model_constants import ALL
from ..saved_model_files import load
from ..session import Session
from ..session_wrappers import ChiefSessionCreator

_DEFAULT: str = str(ALL["DEFAULT_SERVING_SIGNATURE_DEF_KEY"])
_ALTERNATIVE = "default_input_alternative:{}"


class Predictor:
    """A session with what it is fed and what it gives, by name; it is called with a dict of arrays."""

    def __init__(
        self, graph: Graph, session: Any, inputs: Mapping[str, str], outputs: Mapping[str, str]
    ) -> None:
        self.graph, self.session = graph, session
        self.feed_tensors = {key: graph.get_tensor_by_name(name) for key, name in inputs.items()}
        self.fetch_tensors = {key: graph.get_tensor_by_name(name) for key, name in outputs.items()}

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__} with feed tensors {self.feed_tensors} and fetch_tensors "
            f"{self.fetch_tensors}"
        )

    def __call__(self, input_dict: Mapping[str, Any]) -> Any:
        """The outputs by name.

        Raises:
            ValueError: a name that the model is not fed by.
        """
        unexpected = set(input_dict) - set(self.feed_tensors)
        if unexpected:
            raise ValueError(
                f"Got unexpected keys in input_dict: {unexpected}\nexpected: {set(self.feed_tensors)}"
            )
        given = {
            tensor: input_dict[key]
            for key, tensor in self.feed_tensors.items()
            if input_dict.get(key) is not None
        }
        return self.session.run(self.fetch_tensors, given)


class SavedModelPredictor(Predictor):
    """One of a saved model."""


class CoreEstimatorPredictor(Predictor):
    """One of an estimator."""


def _names(infos: Mapping[str, Any]) -> dict[str, str]:
    return {key: info.name for key, info in infos.items()}


def from_saved_model(
    export_dir: Any,
    signature_def_key: str | None = None,
    signature_def: Any = None,
    input_names: Mapping[str, str] | None = None,
    output_names: Mapping[str, str] | None = None,
    tags: str | None = None,
    graph: Graph | None = None,
    config: Any = None,
) -> SavedModelPredictor:
    """A saved model as a function (TF1 symbol: `tf.contrib.predictor.from_saved_model`).

    Args:
        export_dir: its folder.
        signature_def_key: which signature; "serving_default" for None.
        signature_def, or input_names and output_names: what to feed and fetch instead.
        tags: of the graph, with commas between them; "serve" for None.
        graph, config: of the session; None makes new ones.

    Raises:
        ValueError: more than one way to say what to feed, or no such signature.
        OSError: there is no saved model, or it cannot be read.
    """
    if (input_names is None) != (output_names is None):
        raise ValueError("input_names and output_names must both be specified or both be unspecified.")
    if sum(given is not None for given in (signature_def_key, signature_def, input_names)) > 1:
        raise ValueError(
            "You must specify at most one of signature_def_key OR signature_def OR(input_names AND "
            "output_names)."
        )
    graph = Graph() if graph is None else graph
    with graph.as_default():
        session = Session(config=config)
        meta_graph = load(session, (tags or "serve").split(","), export_dir)
    if input_names is None or output_names is None:
        if signature_def is None:
            signature_def = _signature(meta_graph, signature_def_key or _DEFAULT)
        input_names, output_names = _names(signature_def.inputs), _names(signature_def.outputs)
    return SavedModelPredictor(graph, session, input_names, output_names)


def _signature(meta_graph: Any, key: str) -> Any:
    there = meta_graph.signature_def
    if key in there:
        return there[key]
    older = _ALTERNATIVE.format(key)
    if older not in there:
        raise ValueError(
            f'Got signature_def_key "{key}". Available signatures are {list(there)}. Original error:\n'
            f"No SignatureDef with key '{key}' found in MetaGraphDef."
        )
    logging.warning('Could not find signature def "%s". Using "%s" instead', key, older)
    return there[older]


def from_estimator(
    estimator: Any,
    serving_input_receiver_fn: Callable[[], Any],
    output_key: str | None = None,
    graph: Graph | None = None,
    config: Any = None,
) -> CoreEstimatorPredictor:
    """A trained estimator as a function (TF1 symbol: `tf.contrib.predictor.from_estimator`).

    Args:
        serving_input_receiver_fn: makes what it is fed, a `tf.estimator.export.ServingInputReceiver`.
        output_key: which of the model's `export_outputs`; "serving_default" for None.
        graph, config: of the session; None makes new ones.

    Raises:
        KeyError: there is no such output.
    """
    graph, key = Graph() if graph is None else graph, output_key or _DEFAULT
    with graph.as_default():
        received = serving_input_receiver_fn()
        spec = estimator._call_model_fn(received.features, None, "infer", estimator.config)
        outputs = spec.export_outputs or {}
        if key not in outputs:
            raise KeyError(f"output_key must be one of {outputs.keys()}; got {key}")
        signature = outputs[key].as_signature_def(received.receiver_tensors)
        creator = ChiefSessionCreator(config=config, checkpoint_dir=estimator.model_dir)
        session = MonitoredSession(session_creator=creator)
    return CoreEstimatorPredictor(graph, session, _names(signature.inputs), _names(signature.outputs))


__all__ = ["from_estimator", "from_saved_model"]

__getattr__ = absent("tf.contrib.predictor", __all__)
