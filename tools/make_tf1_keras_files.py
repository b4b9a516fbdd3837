"""Have Keras of TensorFlow 1.15 train a model, write it as HDF5 and as JSON, and go on from there.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21' h5py
    tf1/bin/python tools/make_tf1_keras_files.py tests/data

writes tf1_keras_model.h5, the whole model after a first epoch, and tf1_keras_model.npz: the data, what it
predicts and how it is scored then, what it predicts after a second epoch, and its configuration as JSON.
tests/tf1/test_keras_files.py reads them.
"""

import os
import sys

import numpy as np
import tensorflow as tf


def model():
    layers = tf.keras.layers
    words = layers.Input((5,), name="words")
    numbers = layers.Input((4, 2), name="numbers")
    embedded = layers.Embedding(9, 4, mask_zero=True)(words)
    read = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(embedded)
    read, state = layers.GRU(4, reset_after=True, return_state=True)(read)
    inner = tf.keras.Sequential(
        [layers.Conv1D(3, 2, activation="relu", input_shape=(4, 2)), layers.Flatten()], name="inner"
    )
    both = layers.concatenate([read, state, inner(numbers)])
    both = layers.BatchNormalization()(both)
    value = layers.Dense(1, name="value", kernel_regularizer=tf.keras.regularizers.l2(0.01))(both)
    kind = layers.Dense(3, name="kind", activation="softmax", kernel_constraint="unit_norm")(both)
    made = tf.keras.Model([words, numbers], [value, kind])
    made.compile(
        tf.keras.optimizers.Adam(0.02, decay=0.1),
        {"value": "mse", "kind": "categorical_crossentropy"},
        loss_weights={"value": 0.5, "kind": 2.0},
        metrics={"kind": ["accuracy"]},
    )
    return made


def main(folder):
    tf.set_random_seed(1)
    random = np.random.RandomState(0)
    data = {
        "words": random.randint(0, 9, [8, 5]),
        "numbers": random.randn(8, 4, 2).astype("float32"),
        "value": random.randn(8, 1).astype("float32"),
        "kind": np.eye(3, dtype="float32")[random.randint(0, 3, 8)],
    }
    inputs, targets = [data["words"], data["numbers"]], [data["value"], data["kind"]]
    made = model()
    made.fit(inputs, targets, batch_size=4, shuffle=False, verbose=0)
    made.save(os.path.join(folder, "tf1_keras_model.h5"))
    found = dict(zip(("first value", "first kind"), made.predict(inputs)))
    found["score"] = np.array(made.evaluate(inputs, targets, verbose=0))
    made.fit(inputs, targets, batch_size=4, shuffle=False, verbose=0)
    found.update(zip(("second value", "second kind"), made.predict(inputs)))
    found["json"] = np.array(made.to_json())
    np.savez_compressed(os.path.join(folder, "tf1_keras_model.npz"), **dict(data, **found))


if __name__ == "__main__":
    main(sys.argv[1])
