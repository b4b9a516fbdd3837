"""The module `tf.contrib.learn`: its data sets from local files and its preprocessing of text."""

from ...estimator import RunConfig
from ...names import absent
from . import datasets, preprocessing


class ModeKeys:
    """What a model is made for (TF1 symbol: `tf.contrib.learn.ModeKeys`)."""

    TRAIN = "train"
    EVAL = "eval"
    INFER = "infer"


__all__ = ["ModeKeys", "RunConfig", "datasets", "preprocessing"]
__getattr__ = absent("tf.contrib.learn", __all__)
