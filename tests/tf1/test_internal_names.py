"""Names that public scripts import by paths inside TensorFlow."""

import numpy as np
import pytest

from ostinato import tf1 as tf
from ostinato.tf1 import rnn_arguments, shadow, utilities


def test_modules_show_them() -> None:
    served = shadow.modules()
    cells, drivers = served["tensorflow.python.ops.rnn_cell_impl"], served["tensorflow.python.ops.rnn"]
    first, second = cells._zero_state_tensors(state_size=(3, 4), batch_size=2, dtype=tf.float32)
    assert first.shape.as_list() == [2, 3]
    assert second.shape.as_list() == [2, 4]
    assert drivers.rnn_cell_impl.RNNCell is drivers.rnn_cell.RNNCell is tf.nn.rnn_cell.RNNCell
    assert drivers._maybe_tensor_shape_from_tensor([2]) == [2]
    assert cells._LayerRNNCell is cells.LayerRNNCell
    for package in ("tensorflow.python.ops.distributions", "tensorflow.contrib.distributions.python.ops"):
        assert served[f"{package}.categorical"].Categorical is tf.distributions.Categorical
    mvn_tril = served["tensorflow.contrib.distributions.python.ops.mvn_tril"]
    assert mvn_tril.MultivariateNormalTriL is tf.contrib.distributions.MultivariateNormalTriL
    assert served["tensorflow.python.util.nest"].is_nested([1])
    assert served["tensorflow.python.framework.op_def_registry"].get_registered_ops() == {}
    within = served["tensorflow.python.ops.control_flow_util"]
    assert within.GetContainingWhileContext(None) is None
    assert not within.GraphOrParentsInXlaContext(first.graph)
    served["tensorflow.contrib.layers.python.layers"].utils.collect_named_outputs("ends", "a", first)
    assert tf.get_collection("ends") == [first]
    with served["tensorflow.contrib.compiler.jit"].experimental_jit_scope():
        assert served["tensorflow.contrib.deprecated"].scalar_summary("loss", 1.0).dtype is tf.string
    assert served["tensorflow.contrib.signal"].stft is tf.signal.stft
    assert served["tensorflow.contrib.util"].constant_value(tf.constant(3)) == 3
    with pytest.raises(AttributeError, match=r"LocalCLIDebugWrapperSession is not among.*tf\.Print"):
        _ = served["tensorflow.python.debug"].LocalCLIDebugWrapperSession


def test_shapes_that_tensors_state() -> None:
    stated = rnn_arguments.maybe_tensor_shape_from_tensor(tf.constant([2, 3]))
    assert stated.as_list() == [2, 3]
    assert rnn_arguments.maybe_tensor_shape_from_tensor([2, 3]) == [2, 3]


@pytest.mark.parametrize(("value", "found"), [([1.0, np.nan], True), ([1.0], False), ([b"a"], False)])
def test_has_inf_or_nan(value, found) -> None:
    assert utilities.has_inf_or_nan(None, value) is found


def test_what_spectrograms_refuse() -> None:
    signal = tf.signal
    for arguments, message in (
        ({"num_mel_bins": 0}, "num_mel_bins must be positive"),
        ({"sample_rate": 0}, "sample_rate must be positive"),
        ({"lower_edge_hertz": -1.0}, "must be non-negative"),
        ({"lower_edge_hertz": 4000.0}, "lower_edge_hertz 4000.0 >= upper_edge_hertz 3800.0"),
        ({"upper_edge_hertz": 5000.0}, "Nyquist"),
        ({"dtype": tf.int32}, "must be a floating point type"),
    ):
        with pytest.raises(ValueError, match=message):
            signal.linear_to_mel_weight_matrix(**arguments)
    for function in (signal.dct, signal.idct):
        with pytest.raises(ValueError, match="Only Types I, II and III"):
            function([1.0, 2.0], 4)
        with pytest.raises(ValueError, match="not supported for the Type-I"):
            function([1.0, 2.0], 1, norm="ortho")
        with pytest.raises(ValueError, match="greater than one"):
            function([1.0], 1)
        with pytest.raises(NotImplementedError, match="axis must be -1"):
            function([1.0], axis=0)
    with pytest.raises(ValueError, match="num_mel_bins must be positive"):
        signal.mfccs_from_log_mel_spectrograms(tf.zeros([2, 0]))
