"""tf.keras.preprocessing and tf.keras.datasets; the values are those of TensorFlow 1.15."""

import json
import random

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1.keras.data_files import get_file

sequence, text = tf.keras.preprocessing.sequence, tf.keras.preprocessing.text


def test_rows_are_filled_and_cut_where_asked():
    rows = [[1, 2, 3], [4], []]
    assert sequence.pad_sequences(rows).tolist() == [[1, 2, 3], [0, 0, 4], [0, 0, 0]]
    assert sequence.pad_sequences(rows, maxlen=2, padding="post", truncating="post", value=9).tolist() == [
        [1, 2],
        [4, 9],
        [9, 9],
    ]
    words = sequence.pad_sequences([["a"], ["b", "c"]], dtype=object, value="")
    assert words.tolist() == [["", "a"], ["b", "c"]]
    assert sequence.pad_sequences([[[1, 2]], [[3, 4], [5, 6]]], dtype="float32").shape == (2, 2, 2)
    with pytest.raises(ValueError, match="Found non-iterable: 3"):
        sequence.pad_sequences([3])
    with pytest.raises(ValueError, match='Padding type "middle" not understood'):
        sequence.pad_sequences(rows, padding="middle")
    with pytest.raises(ValueError, match="is different from expected shape"):
        sequence.pad_sequences([[[1, 2]], [[1]]])


def test_pairs_of_words_are_drawn_as_keras_draws_them():
    random.seed(4)
    couples, labels = sequence.skipgrams([1, 2, 3, 0, 4], 10, window_size=2, seed=7)
    assert couples[:6] == [[2, 3], [2, 4], [4, 3], [3, 1], [1, 1], [3, 9]]
    assert labels == [1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0]
    table = sequence.make_sampling_table(5)
    np.testing.assert_allclose(table, [0.00315225, 0.00315225, 0.00547597, 0.00741556, 0.00912817], rtol=1e-5)


def test_a_series_is_given_in_stretches():
    series = sequence.TimeseriesGenerator(np.arange(10), np.arange(10), length=3, stride=2, batch_size=2)
    assert len(series) == 2
    x, y = series[0]
    assert (x.tolist(), y.tolist()) == ([[0, 1, 2], [2, 3, 4]], [3, 5])
    assert json.loads(series.to_json())["config"]["length"] == 3
    with pytest.raises(ValueError, match="is disallowed, as no part"):
        sequence.TimeseriesGenerator([1], [1], length=3)


def test_words_are_numbered_by_how_often_they_occur():
    words = text.Tokenizer(num_words=4, oov_token="?")
    words.fit_on_texts(["The cat, the dog!", "a cat"])
    assert words.word_index == {"?": 1, "the": 2, "cat": 3, "dog": 4, "a": 5}
    assert words.texts_to_sequences(["the dog sings", ["Cat"]]) == [[2, 1, 1], [3]]
    assert words.sequences_to_texts([[2, 3, 4]]) == ["the cat ?"]
    assert words.texts_to_matrix(["the the cat"], mode="count").tolist() == [[0, 0, 2, 1]]
    np.testing.assert_allclose(
        words.texts_to_matrix(["the the cat"], mode="tfidf"), [[0, 0, 1.173600, 0.510826]], rtol=1e-5
    )
    again = text.tokenizer_from_json(words.to_json())
    assert again.texts_to_sequences(["the dog"]) == [[2, 1]]
    assert text.hashing_trick("a b a", 50, "md5") == [15, 33, 15]
    characters = text.Tokenizer(char_level=True)
    characters.fit_on_texts(["aab"])
    assert characters.texts_to_sequences(["ba"]) == [[2, 1]]


def test_data_sets_come_from_local_files(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    reviews = np.empty(3, object)
    reviews[:] = [[1, 5], [2], [3, 4, 9]]
    np.savez(
        tmp_path / "datasets" / "imdb.npz",
        x_train=reviews,
        y_train=[0, 1, 1],
        x_test=reviews,
        y_test=[1, 1, 0],
    )
    (x_train, y_train), (x_test, _) = tf.keras.datasets.imdb.load_data(num_words=9)
    assert [list(row) for row in x_train] == [[1, 6, 7, 2], [1, 4, 8], [1, 5]]
    assert y_train.tolist() == [1, 0, 1]
    assert len(x_test) == 3
    images = np.zeros([2, 28, 28], np.uint8)
    np.savez(
        tmp_path / "datasets" / "mnist.npz", x_train=images, y_train=[1, 2], x_test=images, y_test=[3, 4]
    )
    assert tf.keras.datasets.mnist.load_data()[1][1].tolist() == [3, 4]
    with pytest.raises(FileNotFoundError, match=r"nothing is downloaded here\. Fetch https"):
        tf.keras.datasets.reuters.load_data()


def test_a_file_is_checked_and_unpacked(tmp_path):
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("abc")
    found = get_file(
        "a.txt",
        "http://localhost/a.txt",
        cache_dir=str(tmp_path),
        cache_subdir="text",
        md5_hash="900150983cd24fb0d6963f7d28e17f72",
    )
    assert found == str(tmp_path / "text" / "a.txt")
    with pytest.raises(ValueError, match="its checksum is not 0"):
        get_file(
            "a.txt", "http://localhost/a.txt", cache_dir=str(tmp_path), cache_subdir="text", md5_hash="0"
        )
