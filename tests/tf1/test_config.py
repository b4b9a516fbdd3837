"""`tf.config`: the devices that there are, and what is set and given back."""

import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import shadow
from ostinato.tf1.config.settings import SETTINGS

CONFIG, EXPERIMENTAL = tf.config, tf.config.experimental
CPU = EXPERIMENTAL.list_physical_devices("CPU")[0]


@pytest.fixture(autouse=True)
def as_at_the_start():
    SETTINGS.clear()
    yield
    SETTINGS.clear()


def test_devices():
    assert (CPU.name, CPU.device_type) == ("/physical_device:CPU:0", "CPU")
    assert CPU in EXPERIMENTAL.list_physical_devices()
    names = [device.name for device in EXPERIMENTAL.list_logical_devices("CPU")]
    assert names == ["/job:localhost/replica:0/task:0/device:CPU:0"]
    for gpu in EXPERIMENTAL.list_physical_devices("GPU"):
        EXPERIMENTAL.set_memory_growth(gpu, True)
        assert EXPERIMENTAL.get_memory_growth(gpu)
    assert EXPERIMENTAL.get_visible_devices("CPU") == [CPU]
    EXPERIMENTAL.set_visible_devices([], "GPU")
    assert EXPERIMENTAL.get_visible_devices() == [CPU]


def test_what_is_set_is_given_back():
    assert (CONFIG.get_soft_device_placement(), CONFIG.optimizer.get_jit()) == (False, False)
    CONFIG.set_soft_device_placement(True)
    CONFIG.optimizer.set_jit(True)
    CONFIG.optimizer.set_experimental_options({"disable_model_pruning": True})
    CONFIG.threading.set_inter_op_parallelism_threads(2)
    EXPERIMENTAL.set_device_policy("warn")
    EXPERIMENTAL.set_synchronous_execution(False)
    EXPERIMENTAL.set_virtual_device_configuration(CPU, [EXPERIMENTAL.VirtualDeviceConfiguration()] * 2)
    assert (CONFIG.get_soft_device_placement(), CONFIG.optimizer.get_jit()) == (True, True)
    assert CONFIG.optimizer.get_experimental_options() == {
        "disable_model_pruning": True,
        "disable_meta_optimizer": False,
    }
    assert CONFIG.threading.get_inter_op_parallelism_threads() == 2
    assert (EXPERIMENTAL.get_device_policy(), EXPERIMENTAL.get_synchronous_execution()) == ("warn", False)
    assert len(EXPERIMENTAL.get_virtual_device_configuration(CPU)) == 2


def test_the_number_of_threads_is_that_of_new_sessions():
    assert CONFIG.threading.get_intra_op_parallelism_threads() == 0
    CONFIG.threading.set_intra_op_parallelism_threads(3)
    with tf.Graph().as_default(), tf.Session() as session:
        assert session._threads == 3
    with (
        tf.Graph().as_default(),
        tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)) as session,
    ):
        assert session._threads == 1


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: EXPERIMENTAL.get_memory_growth("GPU:7"), ValueError, "Unrecognized device: 'GPU:7'"),
        (
            lambda: EXPERIMENTAL.set_memory_growth(CPU, True),
            ValueError,
            "Cannot set memory growth on non-GPU",
        ),
        (lambda: EXPERIMENTAL.set_device_policy("foo"), ValueError, "Not a valid device policy: 'foo'"),
        (
            lambda: EXPERIMENTAL.set_virtual_device_configuration(
                CPU, [EXPERIMENTAL.VirtualDeviceConfiguration(memory_limit=1)]
            ),
            ValueError,
            "Setting memory limit on CPU virtual devices",
        ),
        (lambda: CONFIG.experimental_connect_to_host("a"), AttributeError, "one process computes"),
    ],
)
def test_what_does_not_fit_is_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_the_modules_are_imported_by_name():
    assert shadow.modules()["tensorflow.config.experimental"] is EXPERIMENTAL
