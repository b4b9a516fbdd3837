"""How an estimator of `tf.contrib.learn` runs."""

from __future__ import annotations

from typing import Any

from ... import estimator as core


class RunConfig(core.RunConfig):
    """One process, on this machine (TF1 symbol: `tf.contrib.learn.RunConfig`).

    `master`, `num_cores`, `log_device_placement` and `gpu_memory_fraction` are taken and change nothing.

    Raises:
        ValueError: an argument that makes no sense, or one of a cluster.
    """

    def __init__(
        self,
        master: str | None = None,
        num_cores: int = 0,
        log_device_placement: bool = False,
        gpu_memory_fraction: float = 1,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_secs: int | None = 0,
        save_checkpoints_steps: int | None = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
        log_step_count_steps: int | None = 100,
        protocol: Any = None,
        evaluation_master: str = "",
        model_dir: str | None = None,
        session_config: Any = None,
        session_creation_timeout_secs: float = 7200,
    ) -> None:
        if master or evaluation_master:
            raise ValueError("There are no clusters here: leave master and evaluation_master out.")
        # Zero stands for what is usual: every ten minutes, unless a number of steps is given.
        if save_checkpoints_secs == 0:
            save_checkpoints_secs = 600 if save_checkpoints_steps is None else None
        super().__init__(
            model_dir=model_dir,
            tf_random_seed=tf_random_seed,
            save_summary_steps=save_summary_steps,
            save_checkpoints_steps=save_checkpoints_steps,
            save_checkpoints_secs=save_checkpoints_secs,
            session_config=session_config,
            keep_checkpoint_max=keep_checkpoint_max,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            log_step_count_steps=log_step_count_steps,
            protocol=protocol,
            session_creation_timeout_secs=session_creation_timeout_secs,
        )
        self.environment, self.tf_config = "local", session_config
