"""tf.DeviceSpec: what TensorFlow 1.15 gives for the same."""

import pytest

import ostinato.tf1 as tf

GPU = tf.DeviceSpec(job="ps", device_type="gpu", device_index=1)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (GPU, "/job:ps/device:GPU:1"),
        (tf.DeviceSpec.from_string("/job:w/task:3/cpu:*"), "/job:w/task:3/device:CPU:*"),
        (tf.DeviceSpec(device_type="CPU"), "/device:CPU:*"),
        (tf.DeviceSpec(), ""),
        (tf.DeviceSpec(task=2).make_merged_spec(GPU), "/job:ps/task:2/device:GPU:1"),
        (GPU.replace(job=None, replica=0), "/replica:0/device:GPU:1"),
    ],
)
def test_names(spec, name):
    assert spec.to_string() == str(spec) == name
    assert tf.DeviceSpec.from_string(name) == spec
    assert hash(tf.DeviceSpec.from_string(name)) == hash(spec)


def test_a_device_of_nodes():
    spec, inner = tf.DeviceSpec(job="ps"), tf.DeviceSpec(device_type="CPU", device_index=0)
    with tf.Graph().as_default(), tf.device(spec), tf.device(inner):
        assert tf.constant(1).device == "/job:ps/device:CPU:0"
    assert spec != GPU
    with pytest.raises(ValueError, match="Unknown attribute: 'other'"):
        tf.DeviceSpec.from_string("/other:1")
