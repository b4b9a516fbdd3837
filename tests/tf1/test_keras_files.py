"""Keras' models in files: what TensorFlow 1.15 wrote goes on as there, and so does what is written here."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf

DATA = Path(__file__).parent.parent / "data"
MODEL = DATA / "tf1_keras_model.h5"


@pytest.fixture(autouse=True)
def _own_graph():
    tf.keras.backend.clear_session()
    yield
    tf.keras.backend.clear_session()


@pytest.fixture(scope="module")
def found():
    with np.load(DATA / "tf1_keras_model.npz") as file:
        return {key: file[key] for key in file.files}


def _data(found):
    return [found["words"], found["numbers"]], [found["value"], found["kind"]]


def _close(values, expected):
    for value, other in zip(values, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=2e-5, atol=2e-6)


def test_tensorflow_s_model_goes_on_as_there(found):
    inputs, targets = _data(found)
    model = tf.keras.models.load_model(str(MODEL))
    _close(model.predict(inputs), [found["first value"], found["first kind"]])
    _close(model.evaluate(inputs, targets, verbose=0), found["score"])
    model.fit(inputs, targets, batch_size=4, shuffle=False, verbose=0)
    _close(model.predict(inputs), [found["second value"], found["second kind"]])


def test_tensorflow_s_configuration_is_what_is_written_here(found):
    described = json.loads(str(found["json"]))
    model = tf.keras.models.model_from_json(str(found["json"]))
    ours = json.loads(model.to_json())
    assert ours == described
    model.load_weights(str(MODEL))
    _close(model.predict(_data(found)[0]), [found["first value"], found["first kind"]])


def test_what_is_written_is_read_again(found, tmp_path):
    inputs, targets = _data(found)
    model = tf.keras.models.load_model(str(MODEL))
    model.save(str(tmp_path / "again.h5"))
    model.save_weights(str(tmp_path / "weights.h5"))
    text = model.to_json()
    tf.keras.backend.clear_session()
    model = tf.keras.models.load_model(str(tmp_path / "again.h5"))
    model.fit(inputs, targets, batch_size=4, shuffle=False, verbose=0)
    _close(model.predict(inputs), [found["second value"], found["second kind"]])
    tf.keras.backend.clear_session()
    model = tf.keras.models.model_from_json(text)
    model.load_weights(str(tmp_path / "weights.h5"), by_name=True)
    _close(model.predict(inputs), [found["first value"], found["first kind"]])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.h5", "weights.h5"]


def test_yaml_by_whatever_module_there_is(found, monkeypatch):
    class Yaml:
        dump, safe_load = staticmethod(json.dumps), staticmethod(json.loads)

    model = tf.keras.models.model_from_json(str(found["json"]))
    monkeypatch.setitem(sys.modules, "yaml", Yaml)
    text = model.to_yaml()
    tf.keras.backend.clear_session()
    assert tf.keras.models.model_from_yaml(text).to_json() == json.dumps(json.loads(text))
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ImportError, match="Requires yaml module installed"):
        model.to_yaml()


def test_a_lambda_is_of_this_python_or_the_script_s(tmp_path):
    layers, path, inputs = tf.keras.layers, str(tmp_path / "model.h5"), np.float32([[1.0, 2.0]])
    factor = 3.0
    tf.keras.Sequential([layers.Lambda(lambda x: x * factor, input_shape=(2,), name="times")]).save(path)
    assert tf.keras.models.load_model(path).predict(inputs).tolist() == [[3.0, 6.0]]
    import h5py

    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = file.attrs["model_config"].replace(
            sys.implementation.cache_tag, "cpython-37"
        )
    with pytest.raises(ValueError, match=r"'times' holds the byte code of another Python \(cpython-37\)"):
        tf.keras.models.load_model(path)
    twice = tf.keras.models.load_model(path, custom_objects={"times": lambda x: x * 2.0})
    assert twice.predict(inputs).tolist() == [[2.0, 4.0]]


def test_what_is_wrong_with_a_file_is_said(tmp_path, monkeypatch):
    layers, path = tf.keras.layers, tmp_path / "weights.h5"
    model = tf.keras.Sequential([layers.Dense(2, input_shape=(3,))])
    with pytest.raises(OSError, match="does not exist"):
        tf.keras.models.load_model(str(tmp_path / "none.h5"))
    path.write_bytes(b"no such thing")
    with pytest.raises(OSError, match="is no HDF5 file, or a damaged one"):
        model.load_weights(str(path))
    with pytest.raises(ValueError, match="containing 7 layers into a model with 1 layers"):
        model.load_weights(str(MODEL))
    model.save_weights(str(path))
    with pytest.raises(ValueError, match="No model found in config file"):
        tf.keras.models.load_model(str(path))
    other = tf.keras.Sequential([layers.Dense(4, input_shape=(3,))])
    with pytest.raises(ValueError, match=r"of shape \(3, 4\), and the file has an array of shape \(3, 2\)"):
        other.load_weights(str(path))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"pip install 'ostinato\[hdf5\]'"):
        model.save(str(path))


def test_more_names_than_an_attribute_holds(tmp_path):
    layers, path = tf.keras.layers, str(tmp_path / "long.h5")
    x = made = layers.Input((1,))
    for index in range(40):
        made = layers.Activation("linear", name=f"{index:04d}{'x' * 2000}")(made)
    model = tf.keras.Model(x, layers.Dense(1)(made))
    model.save_weights(path)
    before = model.get_weights()
    model.set_weights([value + 1.0 for value in before])
    model.load_weights(path)
    _close(model.get_weights(), before)
