"""What was set in `tf.config`, for what asks for it again."""

from typing import Any

SETTINGS: dict[Any, Any] = {}
