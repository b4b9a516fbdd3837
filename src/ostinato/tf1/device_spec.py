"""Devices as objects: `tf.DeviceSpec(job="ps", device_type="GPU", device_index=0)`."""

from __future__ import annotations

from typing import Any

from .devices import parsed


class DeviceSpec:
    """The parts of a device's name (TF1 symbol: `tf.DeviceSpec`), which `tf.device` takes as well.

    Args:
        job: the job's name.
        replica, task: their numbers.
        device_type: "CPU" or "GPU".
        device_index: which of that type; None is any.

    >>> spec = DeviceSpec(job="ps", device_type="gpu", device_index=1)
    >>> spec.to_string(), DeviceSpec.from_string("/job:ps/cpu:0").device_type
    ('/job:ps/device:GPU:1', 'CPU')
    """

    def __init__(
        self,
        job: str | None = None,
        replica: int | None = None,
        task: int | None = None,
        device_type: str | None = None,
        device_index: int | None = None,
    ) -> None:
        self.job = None if job is None else str(job)
        self.replica = None if replica is None else int(replica)
        self.task = None if task is None else int(task)
        self.device_type = None if device_type is None else str(device_type).upper()
        self.device_index = None if device_index is None else int(device_index)

    def to_string(self) -> str:
        """The name: `/job:<name>/replica:<id>/task:<id>/device:<type>:<id>`, of what is given."""
        named = {"job": self.job, "replica": self.replica, "task": self.task}
        parts = [f"/{name}:{value}" for name, value in named.items() if value is not None]
        if self.device_type is not None:
            index = "*" if self.device_index is None else self.device_index
            parts.append(f"/device:{self.device_type}:{index}")
        return "".join(parts)

    @classmethod
    def from_string(cls, spec: str) -> DeviceSpec:
        """The parts of a name.

        Raises:
            ValueError: a part that is none of a device.
        """
        return cls().parse_from_string(spec)

    def parse_from_string(self, spec: str) -> DeviceSpec:
        """Take on the parts of a name; gives the object itself."""
        found = parsed(spec)
        kind, _, index = found.get("device", "").partition(":")
        DeviceSpec.__init__(
            self,
            found.get("job"),
            int(found["replica"]) if "replica" in found else None,
            int(found["task"]) if "task" in found else None,
            kind or None,
            int(index) if index.isdigit() else None,
        )
        return self

    def merge_from(self, dev: DeviceSpec) -> None:
        """Take on what another says."""
        for name, value in vars(dev).items():
            if value is not None:
                setattr(self, name, value)

    def make_merged_spec(self, dev: DeviceSpec) -> DeviceSpec:
        """A new one, of what this and another say; the other goes first."""
        merged = self.replace()
        merged.merge_from(dev)
        return merged

    def replace(self, **parts: Any) -> DeviceSpec:
        """A new one with other parts."""
        return type(self)(**{**vars(self), **parts})

    def __str__(self) -> str:
        return self.to_string()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceSpec) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.to_string())
