"""`tf.train.Saver`: saves a session's variables as checkpoints, restores them, and deletes old ones."""

from __future__ import annotations

import functools
import math
import numbers
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from . import errors, logging
from .checkpoint_management import (
    checkpoint_exists,
    get_checkpoint_mtimes,
    meta_graph_filename,
    remove_checkpoint,
    update_checkpoint_state,
)
from .global_step import global_step as _global_step
from .graph_files import write_whole
from .object_graph import object_graph_key_mapping
from .saveable import all_saveable_objects, saveables_of
from .saver_builder import BaseSaverBuilder, BulkSaverBuilder
from .saver_def import SaverDef
from .session import BaseSession

__all__ = ["BaseSaverBuilder", "BulkSaverBuilder", "Saver"]


def _one_at_a_time(save: Callable[..., Any]) -> Callable[..., Any]:
    """Have threads that save with one Saver wait for each other: the latest step is then saved last."""

    @functools.wraps(save)
    def locked(self: Any, *arguments: Any, **options: Any) -> Any:
        with self._saving:
            return save(self, *arguments, **options)

    return locked


class Saver:
    """Saves and restores variables (TF1 symbol: `tf.train.Saver`).

    Args:
        var_list: variables, or a dict from the names they are to have to variables, partitioned ones or lists
            of parts; None is all the graph has.
        reshape: whether what is restored may have another shape, of as many elements.
        sharded: make the nodes that save and restore device by device.
        max_to_keep: how many checkpoints to keep; None or 0 keeps all of them.
        keep_checkpoint_every_n_hours: of those that are older, keep one every so many hours.
        name: of the scope of the nodes; None is `save`.
        saver_def: the nodes of another Saver of the graph, to be used instead of new ones.
        builder: a BaseSaverBuilder that makes the nodes.
        defer_build: make the nodes only when `build` is called.
        allow_empty: whether to do nothing, rather than fail, where there are no variables.
        write_version: the format. V2 is what is written, also where V1 is asked for; both are restored.
        pad_step_number: write the step with eight digits in the names of checkpoints.
        save_relative_paths: write paths in the file `checkpoint` so that the directory can be moved.
        filename: what `save/Const` is where it is not fed.

    Raises:
        TypeError: something in `var_list` is no variable.
        ValueError: there are no variables, or names and variables are not one to one.

    >>> import ostinato.tf1 as tf, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default(), tf.Session() as session:
    ...     weights = tf.Variable([1.0, 2.0], name="weights")
    ...     saver = tf.train.Saver()
    ...     session.run(weights.initializer)
    ...     path = saver.save(session, folder + "/model.ckpt", global_step=7)
    ...     session.run(weights.assign([0.0, 0.0])).tolist()
    ...     saver.restore(session, tf.train.latest_checkpoint(folder))
    ...     session.run(weights).tolist()
    [0.0, 0.0]
    [1.0, 2.0]
    """

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: SaverDef | None = None,
        builder: Any = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = SaverDef.V2,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set defer_build=False or "
                "var_list=None."
            )
        self._var_list = var_list
        self._options: dict[str, Any] = {
            "reshape": reshape,
            "sharded": sharded,
            "max_to_keep": max_to_keep,
            "keep_checkpoint_every_n_hours": keep_checkpoint_every_n_hours,
            "name": name,
            "restore_sequentially": restore_sequentially,
            "filename": filename,
        }
        self.saver_def: Any = saver_def
        self._name, self._sharded, self._builder = name, sharded, builder
        self._is_built = self._is_empty = False
        self._allow_empty = allow_empty
        self._write_version = write_version
        self._pad_step_number = pad_step_number
        self._save_relative_paths = save_relative_paths
        self._last_checkpoints: list[tuple[str, float]] = []
        self._checkpoints_to_be_deleted: list[tuple[str, float]] = []
        self._next_checkpoint_time = math.inf
        self._for_objects: tuple[dict[str, str], Saver] | None = None
        self._saving = threading.RLock()
        self._meta_graph: tuple[Any, bytes] | None = None
        if not defer_build:
            self.build()
        if self.saver_def:
            self._check_saver_def()
            self._write_version = self.saver_def.version

    def build(self) -> None:
        """Make the nodes, where that was deferred."""
        if self._is_built:
            return
        self._is_built = True
        if self.saver_def is None:
            if self._var_list is None:
                self._var_list = all_saveable_objects()
            if not self._var_list:
                if self._allow_empty:
                    self._is_empty = True
                    return
                raise ValueError("No variables to save")
            builder = self._builder or BulkSaverBuilder(self._write_version)
            self.saver_def = builder.build(self._var_list, **self._options)
        elif self._name:
            for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
                setattr(self.saver_def, field, f"{self._name}/{getattr(self.saver_def, field)}")
        self._check_saver_def()
        self._next_checkpoint_time = time.time() + self.saver_def.keep_checkpoint_every_n_hours * 3600

    def _check_saver_def(self) -> None:
        if not isinstance(self.saver_def, SaverDef):
            raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {self.saver_def}")
        for field in ("save_tensor_name", "restore_op_name"):
            if not getattr(self.saver_def, field):
                raise ValueError(f"saver_def must specify the {field}: {self.saver_def}")

    def as_saver_def(self) -> SaverDef:
        return self.saver_def

    def to_proto(self, export_scope: str | None = None) -> SaverDef | None:
        """The SaverDef, without a scope before its names; None where it is not of that scope."""
        if export_scope is None:
            return self.saver_def
        prefix = export_scope.rstrip("/") + "/"
        stripped = SaverDef()
        stripped.CopyFrom(self.saver_def)
        for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
            name = getattr(stripped, field)
            if not name.startswith(prefix):
                return None
            setattr(stripped, field, name[len(prefix) :])
        return stripped

    @staticmethod
    def from_proto(saver_def: SaverDef, import_scope: str | None = None) -> Saver:
        """A Saver that uses the nodes which a SaverDef names."""
        return Saver(saver_def=saver_def, name=import_scope)

    # -- which checkpoints are kept
    @property
    def last_checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints that are kept, the oldest first."""
        return [path for path, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints: Sequence[str]) -> None:
        """Say which checkpoints there are, the oldest first. As in TensorFlow, which takes them to be
        infinitely young, none of them is ever deleted.
        """
        if not isinstance(last_checkpoints, list):
            raise AssertionError(f"last_checkpoints must be a list, not {last_checkpoints!r}.")
        self._last_checkpoints = [(path, math.inf) for path in last_checkpoints]

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: list[tuple[str, float]]) -> None:
        """Say which checkpoints there are, with the times of their saving, the oldest first."""
        if not isinstance(last_checkpoints_with_time, list):
            raise AssertionError(
                f"last_checkpoints_with_time must be a list, not {last_checkpoints_with_time!r}."
            )
        self._last_checkpoints = last_checkpoints_with_time

    def recover_last_checkpoints(self, checkpoint_paths: Sequence[str]) -> None:
        """Go on with the checkpoints of a run that ended: those of the paths that are there."""
        found = []
        for path in checkpoint_paths:
            times = get_checkpoint_mtimes([path])
            if times:
                found.append((path, times[0]))
        self.set_last_checkpoints_with_time(found)

    def _record(self, path: str) -> None:
        if not self.saver_def.max_to_keep:
            return
        self._last_checkpoints = [item for item in self._last_checkpoints if item[0] != path]
        self._last_checkpoints.append((path, time.time()))
        if len(self._last_checkpoints) > self.saver_def.max_to_keep:
            self._checkpoints_to_be_deleted.append(self._last_checkpoints.pop(0))

    def _delete_old(self, meta_graph_suffix: str) -> None:
        if not self._checkpoints_to_be_deleted:
            return
        path, saved = self._checkpoints_to_be_deleted.pop(0)
        if saved > self._next_checkpoint_time:
            self._next_checkpoint_time += self.saver_def.keep_checkpoint_every_n_hours * 3600
            return
        try:
            remove_checkpoint(path, self.saver_def.version, meta_graph_suffix)
        except OSError as problem:  # the new checkpoint is saved; an old one that stays does no harm
            logging.warning("Ignoring: %s", problem)

    # -- saving and restoring
    @_one_at_a_time
    def save(
        self,
        sess: Any,
        save_path: str,
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Save the variables of a session; a crash at any moment leaves the checkpoints before it whole.

        Args:
            sess: a session of the graph, with the variables initialised.
            save_path: the prefix of the checkpoint's files, such as "run/model.ckpt".
            global_step: a number, or a tensor, variable or name that gives one, to go after the prefix.
            latest_filename: the name of the file that says which checkpoint is the latest; None is
                `checkpoint`.
            meta_graph_suffix: what the name of the graph's file ends with.
            write_meta_graph: whether to write the graph beside the checkpoint.
            write_state: whether to write that file, and to delete what is not to be kept.

        Returns:
            The checkpoint's prefix; None where there is nothing to save.

        Raises:
            TypeError: `sess` is no session.
            ValueError: the directory of `save_path` and the one around it are missing, or `latest_filename`
                is no name of a file or is that of the checkpoint.
            RuntimeError: the session is closed, or the nodes are not made.
            tf.errors.FailedPreconditionError: a variable is not initialised.
            tf.errors.ResourceExhaustedError: the disk is full; the checkpoints that there were are intact.
        """
        if not self._is_built:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        latest_filename = "checkpoint" if latest_filename is None else latest_filename
        if self._write_version != SaverDef.V2:
            self._write_version = SaverDef.V2  # said once is enough
            logging.warning(
                "Checkpoints are written in format V2 here, not V1: Saver.restore takes either. "
                "tf.train.Saver(write_version=tf.train.SaverDef.V2) asks for it."
            )
        if os.path.split(latest_filename)[0]:
            raise ValueError("'latest_filename' must not contain path components")
        save_path = os.fsdecode(save_path)
        if global_step is not None:
            if not isinstance(global_step, numbers.Integral):
                global_step = _global_step(sess, global_step)
            digits = 8 if self._pad_step_number else 1
            prefix = f"{save_path}-{int(global_step):0{digits}d}"
        else:
            prefix = save_path
            if os.path.basename(save_path) == latest_filename and not self._sharded:
                raise ValueError(
                    f"'latest_filename' collides with 'save_path': '{latest_filename}' and '{save_path}'"
                )
        if not isinstance(sess, BaseSession):
            raise TypeError(f"'sess' must be a Session; {sess}")
        if self._is_empty:
            return None
        parent = os.path.dirname(save_path)
        try:
            feed = {self.saver_def.filename_tensor_name: prefix}
            saved = os.fsdecode(sess.run(self.saver_def.save_tensor_name, feed))
        except (errors.FailedPreconditionError, errors.NotFoundError) as problem:
            if parent and not os.path.isdir(parent):
                raise ValueError(f"Parent directory of {save_path} doesn't exist, can't save.") from problem
            raise
        if write_state:
            self._record(saved)
            self._write_state(parent, saved, latest_filename)
            self._delete_old(meta_graph_suffix)
        if write_meta_graph:
            self._write_meta_graph(sess.graph, meta_graph_filename(saved, meta_graph_suffix))
        return saved

    def _write_meta_graph(self, graph: Any, path: str) -> None:
        # The graph is the same from one checkpoint to the next, as a rule.
        keys = graph.get_all_collection_keys()
        key = graph, graph.version, tuple((name, len(graph.get_collection(name))) for name in keys)
        if self._meta_graph is None or self._meta_graph[0] != key:
            with graph.as_default():
                self._meta_graph = key, self.export_meta_graph().SerializeToString()
        write_whole(path, self._meta_graph[1])

    def export_meta_graph(
        self,
        filename: str | None = None,
        collection_list: Any = None,
        as_text: bool = False,
        export_scope: str | None = None,
        clear_devices: bool = False,
        clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> Any:
        """The default graph with this saver as a message, and in a file if one is named."""
        from .meta_graph import export_meta_graph  # which knows of savers

        return export_meta_graph(
            filename,
            saver_def=self.saver_def,
            collection_list=collection_list,
            as_text=as_text,
            export_scope=export_scope,
            clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
        )

    def _write_state(self, directory: str, latest: str, latest_filename: str) -> None:
        try:
            update_checkpoint_state(
                directory,
                latest,
                self.last_checkpoints,
                latest_filename,
                save_relative_paths=self._save_relative_paths,
            )
        except OSError as problem:
            path = os.path.join(directory, latest_filename)
            raise errors.error_of(problem)(
                None,
                None,
                f"{path}: cannot say in it that {latest} is the latest checkpoint: {problem.strerror}; what "
                "it said before is intact",
            ) from problem

    def restore(self, sess: Any, save_path: str | None) -> None:
        """Give the variables of a session the values of a checkpoint; they need not be initialised.

        Args:
            sess: a session of the graph.
            save_path: a prefix that `save` returned, or that `tf.train.latest_checkpoint` gives.

        Raises:
            ValueError: there is no checkpoint of that prefix.
            tf.errors.NotFoundError: a variable is not in the checkpoint. In one of `tf.train.Checkpoint`
                variables are found by the names that they had.
            tf.errors.InvalidArgumentError: a variable has another shape or type there.
            tf.errors.DataLossError: the files are damaged, or no checkpoint.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        prefix = os.fsdecode(save_path)
        if not checkpoint_exists(prefix):
            raise ValueError(f"The passed save_path is not a valid checkpoint: {prefix}")
        logging.info("Restoring parameters from %s", prefix)
        try:
            sess.run(self.saver_def.restore_op_name, {self.saver_def.filename_tensor_name: prefix})
        except errors.NotFoundError as problem:
            try:
                names = object_graph_key_mapping(prefix)
            except errors.NotFoundError:
                raise _explained(problem, "a Variable name or other graph key that is missing") from problem
            logging.warning(
                "%s was saved by tf.train.Checkpoint: its tensors are found by the names that the variables "
                "had, and nodes for that are added to the graph.",
                prefix,
            )
            with sess.graph.as_default():
                restorer = self._restorer_of_objects(names, prefix)
            restorer.restore(sess, prefix)
        except errors.InvalidArgumentError as problem:
            raise _explained(problem, "a mismatch between the current graph and the graph") from problem

    def _restorer_of_objects(self, names: dict[str, str], prefix: str) -> Saver:
        """A Saver of the same variables under the names that objects have."""
        if self._for_objects is None or self._for_objects[0] != names:
            found: dict[str, list[Any]] = {}
            for saveable in saveables_of(self._var_list or all_saveable_objects()):
                found.setdefault(saveable.name, []).append(saveable)
            missing = sorted(found.keys() - names.keys())
            if missing:
                rest = ", ".join(sorted(names.keys() - found.keys())) or "none"
                raise errors.NotFoundError(
                    None,
                    None,
                    f"Existing variables not in the checkpoint {prefix}: {', '.join(missing)}. Variables "
                    f"that are in it and not in the graph: {rest}",
                )
            for name, saveables in found.items():
                for saveable in saveables:
                    for spec in saveable.specs:
                        spec.name = names[name]
            renamed = {names[name]: saveables for name, saveables in found.items()}
            self._for_objects = names, Saver(renamed)
        return self._for_objects[1]


def _explained(problem: Any, reason: str) -> Exception:
    return type(problem)(
        problem.node_def,
        problem.op,
        f"Restoring from checkpoint failed. This is most likely due to {reason} from the checkpoint. Please "
        "ensure that you have not altered the graph expected based on the checkpoint. Original error:\n\n"
        f"{problem.message}",
    )
