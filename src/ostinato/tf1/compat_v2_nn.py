"""The module `tf.compat.v2.nn`: what `tf.nn` has not."""

from .compat_v2 import not_served
from .rnn_cell_wrappers_v2 import RNNCellDeviceWrapper, RNNCellDropoutWrapper, RNNCellResidualWrapper

__all__ = ["RNNCellDeviceWrapper", "RNNCellDropoutWrapper", "RNNCellResidualWrapper"]
__getattr__ = not_served("tf.compat.v2.nn")
