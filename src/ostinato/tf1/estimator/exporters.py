"""What `train_and_evaluate` exports: the last model, or those that were evaluated last."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any


class Exporter:
    """Exports models (TF1 symbol: `tf.estimator.Exporter`): derive from it, define `name` and `export`."""

    @property
    def name(self) -> str:
        """The folder below `export` that the models are written to."""
        raise NotImplementedError

    def export(
        self,
        estimator: Any,
        export_path: str,
        checkpoint_path: str | None,
        eval_result: Any,
        is_the_final_export: bool,
    ) -> Any:
        """Export a checkpoint, and give its path, or None."""
        raise NotImplementedError


class _SavedModelExporter(Exporter):
    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Any = None,
        as_text: bool = False,
    ) -> None:
        self._name, self._receive = name, serving_input_receiver_fn
        self._assets_extra, self._as_text = assets_extra, as_text

    @property
    def name(self) -> str:
        return self._name

    def export(
        self,
        estimator: Any,
        export_path: str,
        checkpoint_path: str | None,
        eval_result: Any,
        is_the_final_export: bool,
    ) -> Any:
        return estimator.export_saved_model(
            export_path,
            self._receive,
            assets_extra=self._assets_extra,
            as_text=self._as_text,
            checkpoint_path=checkpoint_path,
        )


class FinalExporter(_SavedModelExporter):
    """Exports the model at the end of the training (TF1 symbol: `tf.estimator.FinalExporter`)."""

    def export(
        self,
        estimator: Any,
        export_path: str,
        checkpoint_path: str | None,
        eval_result: Any,
        is_the_final_export: bool,
    ) -> Any:
        if not is_the_final_export:
            return None
        return super().export(estimator, export_path, checkpoint_path, eval_result, is_the_final_export)


class LatestExporter(_SavedModelExporter):
    """Exports each model that is evaluated, and keeps the last ones (TF1 symbol:
    `tf.estimator.LatestExporter`).

    Raises:
        ValueError: fewer than one is to be kept.
    """

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Any = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text)
        if exports_to_keep is not None and exports_to_keep <= 0:
            raise ValueError("`exports_to_keep`, if provided, must be positive number")
        self._keep = exports_to_keep

    def export(
        self,
        estimator: Any,
        export_path: str,
        checkpoint_path: str | None,
        eval_result: Any,
        is_the_final_export: bool,
    ) -> Any:
        made = super().export(estimator, export_path, checkpoint_path, eval_result, is_the_final_export)
        if self._keep is not None:
            # The folders are named by the time that they were made at.
            there = sorted((each for each in os.listdir(export_path) if each.isdigit()), key=int)
            for old in there[: -self._keep]:
                shutil.rmtree(os.path.join(export_path, old))
        return made
