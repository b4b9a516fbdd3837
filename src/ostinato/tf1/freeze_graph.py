"""A graph and a checkpoint as one graph of constants (TF1: `tensorflow.python.tools.freeze_graph`), also as a
command: `ostinato run -m tensorflow.python.tools.freeze_graph --input_graph=...`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any

from . import app, file_io
from .checkpoint_management import checkpoint_exists
from .checkpoint_reader import NewCheckpointReader
from .graph_files import write_whole
from .graph_import import import_graph_def
from .graph_messages import GraphDef
from .graph_util_module import convert_variables_to_constants
from .message_text import merge_text
from .meta_graph import import_meta_graph
from .meta_graph_messages import MetaGraphDef
from .saved_model_constants import tag_constants
from .saved_model_files import load, parse_saved_model
from .saver import Saver
from .saver_def import SaverDef
from .session import Session


def _listed(names: str) -> list[str]:
    return names.replace(" ", "").split(",") if names else []


def message_of_file(path: str, message: Any, binary: bool, what: str) -> Any:
    """A message as a file has it, encoded or as text.

    Raises:
        OSError: there is no such file.
    """
    if not file_io.file_exists(path):
        raise OSError(f"Input {what} file '{path}' does not exist!")
    data = file_io.FileIO(path, "rb").read()
    if binary:
        message.ParseFromString(data)
        return message
    return merge_text(data, message)


def _variables(graph: Any, checkpoint: str) -> dict[str, Any]:
    """The tensors of a graph for which a checkpoint has a value."""
    found = {}
    for name in NewCheckpointReader(checkpoint).get_variable_to_shape_map():
        try:
            found[name] = graph.get_tensor_by_name(f"{name}:0")
        except KeyError:  # a slot or a counter that this graph has not
            continue
    return found


def _saver_of(graph: Any, checkpoint: str, version: int) -> Saver:
    found = _variables(graph, checkpoint)
    try:
        return Saver(var_list=found, write_version=version)
    except (TypeError, ValueError):
        parts = [op.name for op in graph.get_operations() if re.search(r"/part_\d+/", f"{op.name}/")]
        if any(name in part for name in found for part in parts):
            raise ValueError(
                "Models containing partition variables cannot be converted from checkpoint files. Please "
                "pass in a SavedModel using the flag --input_saved_model_dir."
            ) from None
        held = [op for op in graph.get_operations() if op.type.startswith("Variable")]
        if not held and not any(op.type.endswith("VariableOp") for op in graph.get_operations()):
            raise ValueError(
                "No variables were found in this model. It is likely the model was frozen previously. You "
                "cannot freeze a graph twice."
            ) from None
        raise


def freeze_graph_with_def_protos(
    input_graph_def: Any,
    input_saver_def: Any,
    input_checkpoint: str,
    output_node_names: str,
    restore_op_name: Any,
    filename_tensor_name: Any,
    output_graph: str | None,
    clear_devices: bool,
    initializer_nodes: str,
    variable_names_whitelist: str = "",
    variable_names_blacklist: str = "",
    input_meta_graph_def: Any = None,
    input_saved_model_dir: str | None = None,
    saved_model_tags: Sequence[str] | None = None,
    checkpoint_version: int = SaverDef.V2,
) -> GraphDef:
    """Freeze a graph that is given as a message (TF1 symbol: `freeze_graph.freeze_graph_with_def_protos`).

    The graph is imported into the default graph. The arguments are those of `freeze_graph`.
    """
    if not input_saved_model_dir and not checkpoint_exists(input_checkpoint):
        raise ValueError(f"Input checkpoint '{input_checkpoint}' doesn't exist!")
    if not output_node_names:
        raise ValueError("You need to supply the name of a node to --output_node_names.")
    graph_def = input_meta_graph_def.graph_def if input_meta_graph_def else input_graph_def
    if clear_devices and graph_def:
        for node in graph_def.node:
            node.device = ""
    if input_graph_def and not input_saved_model_dir:  # which brings its own graph when it is loaded
        import_graph_def(input_graph_def, name="")
    with Session() as sess:
        if input_saver_def:
            saver = Saver(saver_def=input_saver_def, write_version=checkpoint_version)
            saver.restore(sess, input_checkpoint)
        elif input_meta_graph_def:
            import_meta_graph(input_meta_graph_def, clear_devices=True).restore(sess, input_checkpoint)
            sess.run(_listed(initializer_nodes))
        elif input_saved_model_dir:
            load(sess, saved_model_tags or [], input_saved_model_dir)
        else:
            _saver_of(sess.graph, input_checkpoint, checkpoint_version).restore(sess, input_checkpoint)
            sess.run(_listed(initializer_nodes))
        frozen = convert_variables_to_constants(
            sess,
            graph_def,
            _listed(output_node_names),
            _listed(variable_names_whitelist) or None,
            _listed(variable_names_blacklist) or None,
        )
    if output_graph:
        write_whole(output_graph, frozen.SerializeToString())
    return frozen


def freeze_graph(
    input_graph: str,
    input_saver: str,
    input_binary: bool,
    input_checkpoint: str,
    output_node_names: str,
    restore_op_name: Any,
    filename_tensor_name: Any,
    output_graph: str | None,
    clear_devices: bool,
    initializer_nodes: str,
    variable_names_whitelist: str = "",
    variable_names_blacklist: str = "",
    input_meta_graph: str | None = None,
    input_saved_model_dir: str | None = None,
    saved_model_tags: str = tag_constants.SERVING,
    checkpoint_version: int = SaverDef.V2,
) -> GraphDef:
    """A graph's file with a checkpoint's values as constants (TF1 symbol: `freeze_graph.freeze_graph`).

    Args:
        input_graph, input_meta_graph, input_saved_model_dir: the graph: a file of a GraphDef or of a
            MetaGraphDef, or the directory of a saved model.
        input_saver: a file of a SaverDef; without one all variables that the checkpoint has are restored.
        input_binary: whether these files are encoded; else they are text.
        input_checkpoint: what `Saver.save` returned.
        output_node_names: the nodes that are to be there, with commas between them.
        restore_op_name, filename_tensor_name: taken, and not used.
        output_graph: the file to be written; none where it is empty.
        clear_devices: forget the nodes' devices.
        initializer_nodes: nodes that are run after the values are restored.
        variable_names_whitelist, variable_names_blacklist: which variables become constants; all.
        saved_model_tags: which of a saved model's graphs.

    Returns:
        The frozen graph's message.

    Raises:
        ValueError: there is no such checkpoint, no output is named, or the graph is frozen already.
        OSError: a file is not there.
    """
    graph_def = meta_graph_def = saver_def = None
    if input_saved_model_dir:
        graph_def = _graph_of_saved_model(input_saved_model_dir, saved_model_tags)
    elif input_graph:
        graph_def = message_of_file(input_graph, GraphDef(), input_binary, "graph")
    if input_meta_graph:
        meta_graph_def = message_of_file(input_meta_graph, MetaGraphDef(), input_binary, "meta graph")
        print(f"Loaded meta graph file '{input_meta_graph}")
    if input_saver:
        saver_def = message_of_file(input_saver, SaverDef(), input_binary, "saver")
    return freeze_graph_with_def_protos(
        graph_def,
        saver_def,
        input_checkpoint,
        output_node_names,
        restore_op_name,
        filename_tensor_name,
        output_graph,
        clear_devices,
        initializer_nodes,
        variable_names_whitelist,
        variable_names_blacklist,
        meta_graph_def,
        input_saved_model_dir,
        _listed(saved_model_tags),
        checkpoint_version,
    )


def _graph_of_saved_model(folder: str, tags: str) -> GraphDef:
    wanted = set(_listed(tags))
    for meta_graph in parse_saved_model(folder).meta_graphs:
        if set(meta_graph.meta_info_def.tags) == wanted:
            return meta_graph.graph_def
    raise RuntimeError(f"MetaGraphDef associated with tag-set {tags} could not be found in SavedModel")


def main(unused_args: Any, flags: Any) -> None:
    """What the command does with its parsed options.

    Raises:
        ValueError: the version of the checkpoint is neither 1 nor 2.
    """
    if flags.checkpoint_version not in (SaverDef.V1, SaverDef.V2):
        raise ValueError(f"Invalid checkpoint version (must be '1' or '2'): {flags.checkpoint_version}")
    freeze_graph(**vars(flags))


_OPTIONS = {
    "input_graph": ("", "file of the GraphDef"),
    "input_saver": ("", "file of the SaverDef"),
    "input_checkpoint": ("", "the checkpoint, as Saver.save names it"),
    "output_graph": ("", "file that is written"),
    "output_node_names": ("", "names of the output nodes, with commas between them"),
    "restore_op_name": ("save/restore_all", "not used"),
    "filename_tensor_name": ("save/Const:0", "not used"),
    "initializer_nodes": ("", "names of nodes to be run first, with commas between them"),
    "variable_names_whitelist": ("", "names of the variables to convert; all"),
    "variable_names_blacklist": ("", "names of variables that stay"),
    "input_meta_graph": ("", "file of the MetaGraphDef"),
    "input_saved_model_dir": ("", "directory of the saved model"),
    "saved_model_tags": ("serve", "tags of the saved model's graph, with commas between them"),
}


def run_main() -> None:
    """The command `freeze_graph`."""

    def truth(text: str) -> bool:
        return text.lower() == "true"

    parser = argparse.ArgumentParser(prog="freeze_graph")
    for name, (default, text) in _OPTIONS.items():
        parser.add_argument(f"--{name}", type=str, default=default, help=text)
    parser.add_argument("--checkpoint_version", type=int, default=2, help="format of the checkpoint")
    for name, wanted, text in (
        ("input_binary", False, "whether the input files are encoded; text"),
        ("clear_devices", True, "forget the nodes' devices"),
    ):
        parser.add_argument(f"--{name}", nargs="?", const=True, type=truth, default=wanted, help=text)
    flags, rest = parser.parse_known_args()
    app.run(main=lambda arguments: main(arguments, flags), argv=[sys.argv[0], *rest])
