"""Saved models: meta graphs with the values of their variables, in a directory (TF1 symbols:
`tf.saved_model.Builder`, `tf.saved_model.load`, ...).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from . import logging
from .graph import GraphKeys, add_to_collection, get_collection
from .graph_files import write_whole
from .message_fields import DecodeError, ParseError
from .message_text import parse_text
from .meta_graph import import_with_elements
from .meta_graph_messages import MetaGraphDef, SavedModel
from .saveable import all_saveable_objects
from .saved_model_constants import constants, signature_constants, tag_constants
from .saved_model_signatures import predict_signature_def
from .saver import Saver
from .tensor import Operation, Tensor


def _variables_path(export_dir: str) -> str:
    return os.path.join(export_dir, constants.VARIABLES_DIRECTORY, constants.VARIABLES_FILENAME)


class SavedModelBuilder:
    """Writes a saved model (TF1 symbol: `tf.saved_model.Builder`).

    Args:
        export_dir: a directory that is empty or not there.

    Raises:
        AssertionError: the directory has something in it.

    >>> import ostinato.tf1 as tf, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default(), tf.Session() as session:
    ...     x = tf.placeholder(tf.float32, [None], name="x")
    ...     y = x * tf.Variable(2.0)
    ...     session.run(tf.global_variables_initializer())
    ...     tf.saved_model.simple_save(session, folder + "/model", {"x": x}, {"y": y})
    ...     with tf.Graph().as_default(), tf.Session() as other:
    ...         found = tf.saved_model.load(other, ["serve"], folder + "/model")
    ...         name = found.signature_def["serving_default"].outputs["y"].name
    ...         other.run(name, {"x:0": [1.0, 3.0]}).tolist()
    [2.0, 6.0]
    """

    def __init__(self, export_dir: Any) -> None:
        self._export_dir = os.fspath(export_dir)
        self._saved_model = SavedModel(saved_model_schema_version=constants.SAVED_MODEL_SCHEMA_VERSION)
        if os.path.exists(self._export_dir):
            if os.listdir(self._export_dir):
                raise AssertionError(
                    "Export directory already exists, and isn't empty. Please choose a different export "
                    "directory, or delete all the contents of the specified directory: "
                    f"{self._export_dir}"
                )
        else:
            os.makedirs(self._export_dir)
        self._has_saved_variables = False

    def add_meta_graph_and_variables(
        self,
        sess: Any,
        tags: Sequence[str],
        signature_def_map: Mapping[str, Any] | None = None,
        assets_collection: Sequence[Any] | None = None,
        legacy_init_op: Any = None,
        clear_devices: bool = False,
        main_op: Any = None,
        strip_default_attrs: bool = False,
        saver: Any = None,
    ) -> None:
        """Add the graph of a session, and the values of its variables.

        Args:
            sess: the session.
            tags: what the graph is for.
            signature_def_map: signatures by name.
            assets_collection: constants that name files, which are copied.
            main_op, legacy_init_op: what is run when the model is loaded.
            clear_devices: leave out the devices.
            strip_default_attrs: taken, not used.
            saver: what saves; None is a new one.

        Raises:
            AssertionError: variables were added before, or a signature is not whole.
        """
        if self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. Please invoke "
                "`add_meta_graph()` instead."
            )
        with sess.graph.as_default():
            _check_signatures(signature_def_map or {})
            os.makedirs(os.path.dirname(_variables_path(self._export_dir)), exist_ok=True)
            saver = saver or _saver()
            saver.save(sess, _variables_path(self._export_dir), write_meta_graph=False, write_state=False)
            self._add(
                tags, signature_def_map, assets_collection, main_op or legacy_init_op, clear_devices, saver
            )
        self._has_saved_variables = True

    def add_meta_graph(
        self,
        tags: Sequence[str],
        signature_def_map: Mapping[str, Any] | None = None,
        assets_collection: Sequence[Any] | None = None,
        legacy_init_op: Any = None,
        clear_devices: bool = False,
        main_op: Any = None,
        strip_default_attrs: bool = False,
        saver: Any = None,
    ) -> None:
        """Add the default graph, for the same variables.

        Raises:
            AssertionError: no variables were added before.
        """
        if not self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has not been saved yet. Please invoke "
                "`add_meta_graph_and_variables()` first."
            )
        _check_signatures(signature_def_map or {})
        main_op = main_op or legacy_init_op
        self._add(tags, signature_def_map, assets_collection, main_op, clear_devices, saver or _saver())

    def _add(
        self, tags: Any, signatures: Any, assets: Any, main_op: Any, clear_devices: bool, saver: Any
    ) -> None:
        copied = self._copied_assets(assets)
        if main_op is not None:
            if not isinstance(main_op, Operation):
                raise TypeError(f"main_op needs to be an Operation: {main_op!r}")
            if get_collection(constants.MAIN_OP_KEY) or get_collection(constants.LEGACY_INIT_OP_KEY):
                raise ValueError(
                    "Graph already contains one or more main ops under the collection "
                    f"{constants.MAIN_OP_KEY}."
                )
            add_to_collection(constants.MAIN_OP_KEY, main_op)
        made = saver.export_meta_graph(clear_devices=clear_devices)
        made.meta_info_def.tags.extend(list(tags))
        for key, signature in (signatures or {}).items():
            made.signature_def[key].CopyFrom(signature)
        for name, tensor in copied:
            asset = made.asset_file_def.add(filename=name)
            asset.tensor_info.name = tensor.name
        self._saved_model.meta_graphs.append(made)

    def _copied_assets(self, assets: Any) -> list[tuple[str, Tensor]]:
        """Copy the files that constants name; the result is their new names."""
        if not assets:
            logging.info("No assets to save.")
            return []
        folder = os.path.join(self._export_dir, constants.ASSETS_DIRECTORY)
        os.makedirs(folder, exist_ok=True)
        sources: dict[str, str] = {}
        found = []
        for tensor in assets:
            if not isinstance(tensor, Tensor) or tensor.op.type != "Const":
                raise TypeError("Asset path tensor must be a Tensor of type constant.")
            if tensor.dtype.base_dtype.name != "string":
                raise TypeError("Asset path tensor must be of dtype string.")
            source = os.fsdecode(tensor.op.attributes["value"].item())
            name, number = os.path.basename(source), 0
            while sources.get(name, source) != source:
                number += 1
                name = f"{os.path.basename(source)}_{number}"
            if name not in sources:
                shutil.copyfile(source, os.path.join(folder, name))
            sources[name] = source
            found.append((name, tensor))
        return found

    def save(self, as_text: bool = False) -> str:
        """Write the file of the model; the result is its path."""
        kind = constants.SAVED_MODEL_FILENAME_PBTXT if as_text else constants.SAVED_MODEL_FILENAME_PB
        path = os.path.join(self._export_dir, kind)
        model = self._saved_model
        write_whole(path, str(model).encode() if as_text else model.SerializeToString())
        logging.info("SavedModel written to: %s", path)
        return path


def _saver() -> Saver:
    return Saver(all_saveable_objects() or None, allow_empty=True)


def _check_signatures(signatures: Mapping[str, Any]) -> None:
    for signature in signatures.values():
        for info in [*signature.inputs.values(), *signature.outputs.values()]:
            if info.WhichOneof("encoding") is None:
                raise AssertionError(
                    "All TensorInfo protos used in the SignatureDefs must have one of the 'encoding' fields "
                    f"(e.g., name or coo_sparse) set: {info}"
                )
            if not info.dtype:
                raise AssertionError(
                    f"All TensorInfo protos used in the SignatureDefs must have the dtype field set: {info}"
                )


def simple_save(
    session: Any,
    export_dir: Any,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    legacy_init_op: Any = None,
) -> None:
    """Save a session's graph and variables for serving (TF1 symbol: `tf.saved_model.simple_save`).

    Args:
        session: the session.
        export_dir: a directory that is empty or not there.
        inputs, outputs: tensors by names.
        legacy_init_op: what is run when the model is loaded.
    """
    builder = SavedModelBuilder(export_dir)
    key = signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    builder.add_meta_graph_and_variables(
        session,
        tags=[tag_constants.SERVING],
        signature_def_map={key: predict_signature_def(inputs, outputs)},
        assets_collection=session.graph.get_collection(GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op,
        clear_devices=True,
    )
    builder.save()


def maybe_saved_model_directory(export_dir: Any) -> bool:
    """Whether there is a saved model in a directory (TF1 symbol: `tf.saved_model.contains_saved_model`)."""
    files = (constants.SAVED_MODEL_FILENAME_PBTXT, constants.SAVED_MODEL_FILENAME_PB)
    return any(os.path.exists(os.path.join(os.fspath(export_dir), name)) for name in files)


def parse_saved_model(export_dir: Any) -> SavedModel:
    """The message of a saved model.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    folder = os.fsdecode(export_dir)
    encoded = os.path.join(folder, constants.SAVED_MODEL_FILENAME_PB)
    text = os.path.join(folder, constants.SAVED_MODEL_FILENAME_PBTXT)
    for path in (encoded, text):
        if not os.path.exists(path):
            continue
        with open(path, "rb") as file:
            data = file.read()
        try:
            return SavedModel.FromString(data) if path == encoded else parse_text(data, SavedModel())
        except (DecodeError, ParseError, UnicodeDecodeError) as problem:
            raise OSError(f"Cannot parse file {path}: {problem}.") from None
    names = f"{constants.SAVED_MODEL_FILENAME_PBTXT}|{constants.SAVED_MODEL_FILENAME_PB}"
    raise OSError(f"SavedModel file does not exist at: {folder}/{{{names}}}")


def load(
    sess: Any, tags: Sequence[str], export_dir: Any, import_scope: str | None = None, **saver_kwargs: Any
) -> MetaGraphDef:
    """Add a saved model's graph to a session's, and give its variables their values (TF1 symbol:
    `tf.saved_model.load`).

    Args:
        sess: the session.
        tags: which of the model's graphs.
        export_dir: its directory.
        import_scope: goes before all names.
        **saver_kwargs: `input_map` and so on, for `import_meta_graph`.

    Returns:
        The graph's message, with its signatures.

    Raises:
        OSError: there is no saved model, or it cannot be read.
        RuntimeError: it has no graph with these tags.
    """
    model = parse_saved_model(export_dir)
    wanted = set([tags] if isinstance(tags, str) else tags)
    there = [set(meta_graph.meta_info_def.tags) for meta_graph in model.meta_graphs]
    if wanted not in there:
        shown = str(tags).strip("[]")
        raise RuntimeError(
            f"MetaGraphDef associated with tags {shown} could not be found in SavedModel. \n"
            f"available_tags: {there}"
        )
    meta_graph = model.meta_graphs[there.index(wanted)]
    folder = os.fsdecode(export_dir)
    with sess.graph.as_default():
        saver, _ = import_with_elements(meta_graph, import_scope=import_scope, **saver_kwargs)
        if saver is None:
            logging.info("The specified SavedModel has no variables; no checkpoints were restored.")
        else:
            saver.restore(sess, _variables_path(folder))
        _run_main_op(sess, meta_graph, folder, import_scope)
    return meta_graph


def _run_main_op(sess: Any, meta_graph: Any, folder: str, import_scope: str | None) -> None:
    for key in (constants.MAIN_OP_KEY, constants.LEGACY_INIT_OP_KEY):
        if key not in meta_graph.collection_def:
            continue
        names = meta_graph.collection_def[key].node_list.value
        if len(names) != 1:
            raise RuntimeError(f"Expected exactly one SavedModel init op. Found: {list(names)}")
        prefix = f"{import_scope}/" if import_scope else ""
        feeds = {
            prefix + asset.tensor_info.name: os.path.join(folder, constants.ASSETS_DIRECTORY, asset.filename)
            for asset in meta_graph.asset_file_def
        }
        sess.run(sess.graph.get_operation_by_name(prefix + names[0]), feed_dict=feeds)
        return
