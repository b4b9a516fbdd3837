"""The module `tf.contrib.cudnn_rnn`: cuDNN's layers, on whatever device there is."""

from ..names import absent
from .cudnn_cells import CudnnCompatibleGRUCell, CudnnCompatibleLSTMCell

__all__ = ["CudnnCompatibleGRUCell", "CudnnCompatibleLSTMCell"]

__getattr__ = absent("tf.contrib.cudnn_rnn", __all__)
