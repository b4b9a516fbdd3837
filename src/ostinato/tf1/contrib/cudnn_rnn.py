"""The module `tf.contrib.cudnn_rnn`: cuDNN's networks, on whatever device there is."""

from ..names import absent
from . import cudnn_python
from .cudnn_cells import CudnnCompatibleGRUCell, CudnnCompatibleLSTMCell
from .cudnn_converters import (
    CudnnParamsFormatConverterGRU,
    CudnnParamsFormatConverterLSTM,
    CudnnParamsFormatConverterRelu,
    CudnnParamsFormatConverterTanh,
)
from .cudnn_layers import CudnnGRU, CudnnLSTM, CudnnRNNRelu, CudnnRNNTanh
from .cudnn_saveable import (
    CudnnGRUSaveable,
    CudnnLSTMSaveable,
    CudnnRNNReluSaveable,
    CudnnRNNTanhSaveable,
)

__all__ = [
    "CudnnCompatibleGRUCell",
    "CudnnCompatibleLSTMCell",
    "CudnnGRU",
    "CudnnGRUSaveable",
    "CudnnLSTM",
    "CudnnLSTMSaveable",
    "CudnnParamsFormatConverterGRU",
    "CudnnParamsFormatConverterLSTM",
    "CudnnParamsFormatConverterRelu",
    "CudnnParamsFormatConverterTanh",
    "CudnnRNNRelu",
    "CudnnRNNReluSaveable",
    "CudnnRNNTanh",
    "CudnnRNNTanhSaveable",
]
python = cudnn_python.PACKAGE

__getattr__ = absent("tf.contrib.cudnn_rnn", __all__)
