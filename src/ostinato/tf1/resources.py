"""What a session holds beside variables: queues, readers, tables, iterators."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Resources:
    """A session's objects by key. Threads share them: the first that asks for one makes it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # making one may ask for another
        self._objects: dict[Any, Any] = {}

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        """The object of this key, made by `make()` where there is none yet."""
        with self._lock:
            if key not in self._objects:
                self._objects[key] = make()
            return self._objects[key]

    def close(self) -> None:
        """Close those objects that can be closed, as queues whose waiting threads are to end."""
        with self._lock:
            objects, self._objects = list(self._objects.values()), {}
        for held in objects:
            if hasattr(held, "close"):
                held.close()
