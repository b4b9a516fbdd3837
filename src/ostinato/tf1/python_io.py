"""The module `tf.python_io`."""

from .names import absent
from .records import TFRecordCompressionType, TFRecordOptions, TFRecordWriter, tf_record_iterator

__all__ = ["TFRecordCompressionType", "TFRecordOptions", "TFRecordWriter", "tf_record_iterator"]
__getattr__ = absent("tf.python_io", __all__)
