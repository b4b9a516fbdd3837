"""Meta graphs: a graph with its collections and its saver, as one message (TF1 symbols:
`tf.train.export_meta_graph`, `tf.train.import_meta_graph`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import ostinato
from ostinato.checkpoint.wire import bytes_field

from . import errors, logging
from .graph import Graph, GraphKeys, get_default_graph
from .graph_def import graph_def as described
from .graph_files import write_whole
from .graph_import import import_graph_def
from .graph_messages import GraphDef
from .message_fields import DecodeError, ParseError
from .message_text import parse_text
from .meta_graph_messages import CollectionDef, MetaGraphDef, QueueRunnerDef, VariableDef
from .queue_runner import QueueRunner
from .saver_def import SaverDef
from .tensor import Operation, Tensor
from .variable_protos import from_proto, to_proto
from .variables import Variable

VARIABLES = (
    GraphKeys.GLOBAL_VARIABLES,
    GraphKeys.TRAINABLE_VARIABLES,
    GraphKeys.LOCAL_VARIABLES,
    GraphKeys.MODEL_VARIABLES,
    GraphKeys.METRIC_VARIABLES,
    GraphKeys.MOVING_AVERAGE_VARIABLES,
    GraphKeys.GLOBAL_STEP,
)


def create_meta_graph_def(
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Iterable[str] | None = None,
    graph: Any = None,
    export_scope: str | None = None,
    exclude_nodes: Any = None,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
) -> MetaGraphDef:
    """A meta graph of a graph: its nodes, or those of `graph_def`, and its collections, or the named ones.

    Raises:
        TypeError: an argument is no message of its kind.
    """
    graph = get_default_graph() if graph is None else graph
    if not isinstance(graph, Graph):
        raise TypeError(f"graph must be of type Graph, not {type(graph)}")
    if graph_def is not None and not isinstance(graph_def, GraphDef):
        raise TypeError(f"graph_def must be of type GraphDef, not {type(graph_def)}")
    made = MetaGraphDef()
    if meta_info_def is not None:
        made.meta_info_def.CopyFrom(meta_info_def)
    made.meta_info_def.tensorflow_version = "1.15.0"
    made.meta_info_def.tensorflow_git_version = f"ostinato {ostinato.__version__}"
    made.graph_def.CopyFrom(described(graph, add_shapes=True) if graph_def is None else graph_def)
    keys = graph.get_all_collection_keys() if collection_list is None else collection_list
    for key in keys:
        if key == GraphKeys.SAVERS and clear_extraneous_savers:
            continue
        add_collection(made, key, graph.get_collection(key), export_scope)
    if saver_def is not None:
        made.saver_def.CopyFrom(saver_def)
    return made


def encoded_meta_graph(graph_def: bytes, saver_def: Any = None) -> bytes:
    """A meta graph of the default graph around its encoded nodes, encoded."""
    made = create_meta_graph_def(graph_def=GraphDef(), saver_def=saver_def)
    return made.SerializeToString() + bytes_field(2, graph_def)


def add_collection(meta_graph: Any, key: str, items: Iterable[Any], export_scope: str | None = None) -> None:
    """Add a collection to a meta graph, as far as messages can say what is in it."""
    from .saver import Saver

    made, items = CollectionDef(), list(items)
    prefix = f"{export_scope.rstrip('/')}/" if export_scope else ""
    made.SetInParent()
    try:
        if key in VARIABLES and all(isinstance(item, Variable) for item in items):
            found = [to_proto(item, export_scope) for item in items]
            made.bytes_list.value.extend([item.SerializeToString() for item in found if item is not None])
        elif items and all(isinstance(item, (QueueRunner, Saver)) for item in items):
            found = [item.to_proto(export_scope) for item in items]
            made.bytes_list.value.extend([item.SerializeToString() for item in found if item is not None])
        elif items and all(isinstance(item, (str, bytes)) for item in items):
            values = [item.encode() if isinstance(item, str) else item for item in items]
            made.bytes_list.value.extend(values)
        elif items and all(type(item) is int for item in items):
            made.int64_list.value.extend(items)
        elif items and all(type(item) is float for item in items):
            made.float_list.value.extend(items)
        else:
            names = [_name_of(item) for item in items]
            kept = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
            made.node_list.value.extend(kept)
    except (TypeError, ValueError) as problem:
        logging.warning(
            "Issue encountered when serializing %s.\nType is unsupported, or the types of the items don't "
            "match field type in CollectionDef. Note this is a warning and probably safe to ignore.\n%s",
            key,
            problem,
        )
        return
    dict.__setitem__(meta_graph.collection_def, key, made)


def _name_of(item: Any) -> str:
    if isinstance(item, (Tensor, Operation, Variable)):
        return item.name
    raise TypeError(f"'{type(item).__name__}' object has no name in the graph")


def read_meta_graph_file(filename: Any) -> MetaGraphDef:
    """The meta graph of a file, encoded or as text.

    Raises:
        OSError: there is no such file, or it holds no meta graph.
    """
    path = os.fspath(filename)
    if not os.path.exists(path):
        raise OSError(f"File {path} does not exist.")
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as problem:
        raise errors.error_of(problem)(None, None, f"{path}: {problem.strerror}") from problem
    try:
        return MetaGraphDef.FromString(data)
    except DecodeError as damage:
        try:
            return parse_text(data, MetaGraphDef())
        except ParseError as problem:
            raise OSError(f"Cannot parse file {path}: {problem}.") from None
        except UnicodeDecodeError:  # no text: what is wrong with the message is what helps
            raise OSError(f"Cannot parse file {path}: it is cut off or damaged ({damage}).") from None


def import_scoped_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    graph: Any = None,
    import_scope: str | None = None,
    input_map: Any = None,
    unbound_inputs_col_name: str = "unbound_inputs",
    restore_collections_predicate: Any = lambda key: True,
    return_elements: Any = None,
) -> tuple[dict[str, Variable], Any, MetaGraphDef]:
    """Add a meta graph to a graph: the variables by name, what was asked for by name, and the message."""
    meta_graph = meta_graph_or_file
    if not isinstance(meta_graph, MetaGraphDef):
        meta_graph = read_meta_graph_file(meta_graph)
    graph = get_default_graph() if graph is None else graph
    source = meta_graph.graph_def
    if clear_devices:
        source = GraphDef.FromString(source.SerializeToString())
        for node in source.node:
            node.device = ""
    scope = import_scope.rstrip("/") if import_scope else None
    with graph.as_default():
        elements = import_graph_def(
            source, name=f"{scope}/" if scope else "", input_map=input_map, return_elements=return_elements
        )
        variables: dict[str, Variable] = {}
        for key, collection in meta_graph.collection_def.items():
            if restore_collections_predicate(key):
                _restore_collection(graph, key, collection, scope, variables)
    return {_without(name, scope): item for name, item in variables.items()}, elements, meta_graph


def _without(name: str, scope: str | None) -> str:
    return name.removeprefix(f"{scope}/") if scope else name


def _restore_collection(
    graph: Graph, key: str, collection: Any, scope: str | None, variables: dict[str, Variable]
) -> None:
    from .saver import Saver

    kind = collection.WhichOneof("kind")
    if kind is None:
        logging.error("Cannot identify data type for collection %s. Skipping.", key)
        return
    values = getattr(collection, kind).value
    for value in values:
        if key in VARIABLES and kind == "bytes_list":
            found = VariableDef.FromString(value)
            name = f"{scope}/{found.variable_name}" if scope else found.variable_name
            if name not in variables:
                variables[name] = from_proto(found, scope)
            graph.add_to_collection(key, variables[name])
        elif key == GraphKeys.QUEUE_RUNNERS and kind == "bytes_list":
            graph.add_to_collection(key, QueueRunner.from_proto(QueueRunnerDef.FromString(value), scope))
        elif key == GraphKeys.SAVERS and kind == "bytes_list":
            graph.add_to_collection(key, Saver.from_proto(SaverDef.FromString(value), scope))
        elif key in (GraphKeys.COND_CONTEXT, GraphKeys.WHILE_CONTEXT):
            continue  # how TensorFlow writes loops, which are single nodes here
        elif kind == "node_list":
            graph.add_to_collection(key, graph.as_graph_element(f"{scope}/{value}" if scope else value))
        else:
            graph.add_to_collection(key, value)


def export_meta_graph(
    filename: Any = None,
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Iterable[str] | None = None,
    as_text: bool = False,
    graph: Any = None,
    export_scope: str | None = None,
    clear_devices: bool = False,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    **kwargs: Any,
) -> MetaGraphDef:
    """A graph with its collections as a message, and in a file if one is named (TF1 symbol:
    `tf.train.export_meta_graph`).

    Args:
        filename: a file to write; None writes none.
        meta_info_def, graph_def, saver_def: parts of the message; None is those of the graph.
        collection_list: keys of collections; None is all of them.
        as_text: whether the file is text.
        graph: None is the default graph.
        export_scope: of only this scope, whose name is left out.
        clear_devices: leave out the devices.
        clear_extraneous_savers: leave out other savers of the graph.
        strip_default_attrs, save_debug_info: taken, not used.

    Raises:
        ValueError: a node of `export_scope` needs one outside.
    """
    graph = get_default_graph() if graph is None else graph
    if graph_def is None:
        graph_def = described(graph, add_shapes=True)
    if export_scope:
        graph_def = _of_scope(graph_def, export_scope)
    if clear_devices:
        graph_def = GraphDef.FromString(graph_def.SerializeToString())
        for node in graph_def.node:
            node.device = ""
    made = create_meta_graph_def(
        meta_info_def,
        graph_def,
        saver_def,
        collection_list,
        graph,
        export_scope,
        clear_extraneous_savers=clear_extraneous_savers,
    )
    if filename:
        path = os.fspath(filename)
        if os.path.dirname(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        write_whole(path, str(made).encode() if as_text else made.SerializeToString())
    return made


def _of_scope(graph_def: Any, scope: str) -> GraphDef:
    """The nodes of a scope, without its name."""
    prefix = scope.rstrip("/") + "/"
    made = GraphDef()
    made.versions.CopyFrom(graph_def.versions)
    made.library.CopyFrom(graph_def.library)
    for node in graph_def.node:
        if not node.name.startswith(prefix):
            continue
        kept = made.node.add()
        kept.CopyFrom(node)
        kept.name = node.name.removeprefix(prefix)
        names = []
        for name in node.input:
            control = "^" if name.startswith("^") else ""
            bare = name.removeprefix("^")
            if not bare.startswith(prefix):
                if control:
                    continue
                raise ValueError(
                    f"The node {node.name!r} of the scope {scope!r} needs {bare!r}, which is outside: export "
                    "the whole graph, or make that a placeholder in the scope."
                )
            names.append(control + bare.removeprefix(prefix))
        kept.ClearField("input")
        kept.input.extend(names)
        for key in ("variable", "variables"):
            if key in kept.attr:
                held = kept.attr[key]
                if held.WhichOneof("value") == "s":
                    held.s = held.s.removeprefix(prefix.encode())
                else:
                    stripped = [item.removeprefix(prefix.encode()) for item in held.list.s]
                    held.list.ClearField("s")
                    held.list.s.extend(stripped)
    return made


def import_meta_graph(
    meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None, **kwargs: Any
) -> Any:
    """Add a graph from a file or a message to the default graph (TF1 symbol: `tf.train.import_meta_graph`).

    Args:
        meta_graph_or_file: a `tf.MetaGraphDef`, or a file of one, such as `model.ckpt-100.meta`.
        clear_devices: leave out the devices.
        import_scope: goes before all names.
        **kwargs: `input_map` and `return_elements` as `tf.import_graph_def` takes them.

    Returns:
        A Saver that restores the variables; None where there are none.

    Raises:
        OSError: there is no such file, or it holds no meta graph.
    """
    return import_with_elements(meta_graph_or_file, clear_devices, import_scope, **kwargs)[0]


def import_with_elements(
    meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None, **kwargs: Any
) -> tuple[Any, Any]:
    """As `import_meta_graph`, with what `return_elements` names."""
    from .saver import Saver

    variables, elements, meta_graph = import_scoped_meta_graph(
        meta_graph_or_file, clear_devices, import_scope=import_scope, **kwargs
    )
    if meta_graph.HasField("saver_def"):
        scope = import_scope or ""
        if not scope and variables:
            # A scope that `import_graph_def` chose goes before the saver's names too.
            first = next(iter(variables))
            scope = next(iter(variables.values())).name.removesuffix(first).rstrip("/")
        saver_def = SaverDef()
        saver_def.CopyFrom(meta_graph.saver_def)
        return Saver(saver_def=saver_def, name=scope), elements
    if variables:
        return Saver(), elements
    logging.info("Saver not created because there are no variables in the graph to restore")
    return None, elements
