"""MNIST from files and the vocabularies of tf.contrib.learn."""

import gzip

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1.examples.tutorials.mnist import input_data


def idx(magic, sizes, data):
    return np.array([magic, *sizes], ">u4").tobytes() + data.astype(np.uint8).tobytes()


@pytest.fixture
def digits(tmp_path):
    pixels = np.arange(30 * 28 * 28) % 251
    for part, count in (("train", 30), ("t10k", 10)):
        images = gzip.compress(idx(2051, (count, 28, 28), pixels[: count * 784]))
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(images)
        labels = gzip.compress(idx(2049, (count,), np.arange(count) % 10))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(labels)
    return tmp_path


def test_digits_come_scaled_and_in_tensorflows_order(digits, capsys):
    data = input_data.read_data_sets(str(digits), one_hot=True, validation_size=5, seed=3)
    assert [part.num_examples for part in data] == [25, 5, 10]
    assert data.test.images.dtype == np.float32
    assert data.test.images[0, :3] == pytest.approx([0, 1 / 255, 2 / 255])
    assert data.test.labels[3].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert capsys.readouterr().out.count("Extracting") == 4
    # TensorFlow 1.15's labels for these files, with the graph's seed 7 and the seed 3.
    batches = [data.train.next_batch(10)[1].argmax(1).tolist() for _ in range(3)]
    assert batches == [
        [3, 2, 7, 8, 0, 1, 8, 7, 6, 7],
        [9, 9, 6, 1, 2, 0, 5, 4, 6, 9],
        [4, 5, 3, 8, 5, 8, 7, 5, 7, 0],
    ]
    assert data.train.epochs_completed == 1


def test_files_that_are_unpacked_do_as_well(digits):
    packed = digits / "t10k-images-idx3-ubyte.gz"
    (digits / "t10k-images-idx3-ubyte").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    data = input_data.read_data_sets(str(digits), dtype=tf.uint8, reshape=False, validation_size=0)
    assert data.test.images.shape == (10, 28, 28, 1)
    assert data.test.images.dtype == np.uint8


def test_what_is_missing_or_wrong_is_said(digits):
    (digits / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(7, (1,), np.zeros(1))))
    with pytest.raises(ValueError, match="Invalid magic number 7 in MNIST label file"):
        input_data.read_data_sets(str(digits))
    (digits / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"nothing is downloaded here\. Fetch .*train-labels"):
        input_data.read_data_sets(str(digits))


def test_a_vocabulary_numbers_words_as_tensorflows(tmp_path):
    texts = ["the cat the dog don't", "NewYork IBMcat the", "cat"]
    words = tf.contrib.learn.preprocessing.VocabularyProcessor(4, min_frequency=0)
    assert np.array(list(words.fit_transform(texts))).tolist() == [[1, 2, 1, 3], [5, 6, 7, 8], [2, 0, 0, 0]]
    assert list(words.reverse([[1, 2, 0]])) == ["the cat <UNK>"]
    words.save(str(tmp_path / "vocabulary"))
    again = tf.contrib.learn.preprocessing.VocabularyProcessor.restore(str(tmp_path / "vocabulary"))
    assert again.vocabulary_._mapping == words.vocabulary_._mapping
    trimmed = tf.contrib.learn.preprocessing.VocabularyProcessor(4, min_frequency=1).fit(texts)
    assert trimmed.vocabulary_._mapping == {"<UNK>": 0, "the": 1, "cat": 2}


def test_a_vocabulary_that_tensorflow_pickled_is_read(tmp_path):
    path = "tensorflow.contrib.learn.python.learn.preprocessing"
    pickled = (
        f"c{path}.text\nVocabularyProcessor\n)\x81}}(Vmax_document_length\nK\x03Vmin_frequency\nK\x00"
        f"Vvocabulary_\nc{path}.categorical_vocabulary\nCategoricalVocabulary\n)\x81}}(V_mapping\n"
        f"}}(V<UNK>\nK\x00Va\nK\x01uV_freeze\n\x88V_support_reverse\n\x89ubV_tokenizer\n"
        f"c{path}.text\ntokenizer\nub."
    ).encode("latin-1")
    (tmp_path / "words").write_bytes(b"\x80\x02" + pickled)
    words = tf.contrib.learn.preprocessing.VocabularyProcessor.restore(str(tmp_path / "words"))
    assert next(iter(words.transform(["a b a"]))).tolist() == [1, 0, 1]


def test_other_processors():
    learn = tf.contrib.learn.preprocessing
    rows = learn.CategoricalProcessor(share=True).fit_transform([["a", "b"], ["b", float("nan")]])
    assert [row.tolist() for row in rows] == [[1, 2], [2, 0]]
    rows = list(learn.ByteProcessor(4).transform(["ab", "cdefg"]))
    assert [row.tolist() for row in rows] == [[97, 98, 0, 0], [99, 100, 101, 102]]
    assert list(learn.ByteProcessor(4).reverse(rows)) == ["ab", "cdef"]
