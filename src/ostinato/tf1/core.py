"""The module `tf.core`: the protocol messages that scripts name, which are plain classes here."""

from __future__ import annotations

from types import ModuleType

from . import options
from .names import absent
from .saver_def import SaverDef

protobuf = ModuleType("tensorflow.core.protobuf")
protobuf.__path__ = []
saver_pb2 = ModuleType("tensorflow.core.protobuf.saver_pb2")
vars(saver_pb2).update(
    SaverDef=SaverDef, __getattr__=absent("tensorflow.core.protobuf.saver_pb2", ["SaverDef"])
)
config_pb2 = ModuleType("tensorflow.core.protobuf.config_pb2")
_OPTIONS = ["ConfigProto", "GPUOptions", "GraphOptions", "OptimizerOptions", "RunMetadata", "RunOptions"]
vars(config_pb2).update(
    {name: getattr(options, name) for name in _OPTIONS},
    __getattr__=absent("tensorflow.core.protobuf.config_pb2", _OPTIONS),
)
vars(protobuf).update(
    config_pb2=config_pb2,
    saver_pb2=saver_pb2,
    __getattr__=absent("tensorflow.core.protobuf", ["config_pb2", "saver_pb2"]),
)

__all__ = ["protobuf"]
__getattr__ = absent("tensorflow.core", __all__)
