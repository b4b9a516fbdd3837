"""tf.gfile against what TensorFlow 1.15 does with the same files: contents, listings, errors."""

import os

import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import file_io, io_gfile


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tf.gfile.GFile("a.txt", "w") as file:
        file.write("hello\nworld\n")
    return tmp_path


def test_reading_goes_on_from_where_it_is():
    with tf.gfile.GFile("a.txt") as file:
        assert file.readline() == "hello\n"
        assert file.tell() == 6
        assert file.read(2) == "wo"
        assert file.read() == "rld\n"
        file.seek(1)
        assert file.readlines() == ["ello\n", "world\n"]
        file.seek(position=-2, whence=2)
        assert file.read() == "d\n"
        assert file.size() == 12
    assert tf.gfile.FastGFile("a.txt", "rb").read() == b"hello\nworld\n"
    assert list(tf.gfile.Open("a.txt")) == ["hello\n", "world\n"]


def test_what_is_appended_comes_after_what_is_there():
    with tf.gfile.GFile("a.txt", "a") as file:
        file.write("é")
    assert tf.gfile.GFile("a.txt").read() == "hello\nworld\né"


def test_lines_lose_carriage_returns_and_texts_keep_them(folder):
    (folder / "b.txt").write_bytes(b"a\r\nb\r\n")
    assert tf.gfile.GFile("b.txt").readlines() == ["a\n", "b\n"]
    assert tf.gfile.GFile("b.txt").read() == "a\r\nb\r\n"


@pytest.mark.parametrize(
    ("action", "error", "words"),
    [
        (lambda g: g.GFile("nope").read(), tf.errors.NotFoundError, "nope; No such file or directory"),
        (lambda g: g.GFile("a.txt", "x"), tf.errors.InvalidArgumentError, "mode is not 'r' or 'w'"),
        (lambda g: g.GFile("a.txt").write("x"), tf.errors.PermissionDeniedError, "File isn't open for writi"),
        (lambda g: g.GFile("b", "w").read(), tf.errors.PermissionDeniedError, "File isn't open for reading"),
        (lambda g: g.GFile("a.txt").seek(-1), tf.errors.InvalidArgumentError, "Seeking to a negative posit"),
        (lambda g: g.GFile("a.txt").seek(99), tf.errors.OutOfRangeError, "reached end of file"),
        (
            lambda g: g.GFile("a.txt").seek(0, 7),
            tf.errors.InvalidArgumentError,
            "Invalid whence argument: 7.",
        ),
        (
            lambda g: g.GFile("no/a", "w").write(""),
            tf.errors.NotFoundError,
            "no/a; No such file or directory",
        ),
        (lambda g: g.Remove("zz"), tf.errors.NotFoundError, "zz; No such file or directory"),
        (lambda g: [g.MkDir("d"), g.Remove("d")], tf.errors.FailedPreconditionError, "d; Is a directory"),
        (lambda g: g.MkDir("x/y"), tf.errors.NotFoundError, "x/y; No such file or directory"),
        (lambda g: g.MakeDirs("a.txt/c"), tf.errors.FailedPreconditionError, "a.txt/c; Not a directory"),
        (lambda g: g.Copy("a.txt", "a.txt"), tf.errors.AlreadyExistsError, "file already exists"),
        (lambda g: g.Copy("zz", "b"), tf.errors.NotFoundError, "zz; No such file or directory"),
        (lambda g: g.Rename("zz", "q"), tf.errors.NotFoundError, "zz; No such file or directory"),
        (lambda g: g.ListDirectory("zz"), tf.errors.NotFoundError, "Could not find directory zz"),
        (lambda g: g.Glob("zz/*"), tf.errors.NotFoundError, "zz; No such file or directory"),
        (lambda g: g.Stat("zz"), tf.errors.NotFoundError, "zz; No such file or directory"),
        (lambda g: g.DeleteRecursively("zz"), tf.errors.NotFoundError, "zz not found"),
        (lambda g: g.Exists("gs://b/c"), tf.errors.UnimplementedError, "File system scheme 'gs' not implem"),
        (lambda g: g.Exists(3), TypeError, "Expected binary or unicode string, got 3"),
    ],
)
def test_errors_are_those_of_tensorflow(action, error, words):
    with pytest.raises(error) as caught:
        action(tf.gfile)
    assert str(caught.value).startswith(words)


def test_directories_are_made_listed_walked_and_deleted():
    tf.gfile.MakeDirs("m/n/o")
    tf.gfile.MakeDirs("m/n/o")
    tf.gfile.MkDir("m/n")
    tf.gfile.Copy("a.txt", "m/b.txt")
    assert tf.gfile.IsDirectory("m")
    assert not tf.gfile.IsDirectory("a.txt")
    assert tf.gfile.ListDirectory("m") == ["b.txt", "n"]
    walked = [("m", ["n"], ["b.txt"]), ("m/n", ["o"], []), ("m/n/o", [], [])]
    assert list(tf.gfile.Walk("m")) == walked
    assert list(io_gfile.walk("m", topdown=False)) == walked[::-1]
    assert list(tf.gfile.Walk("zz")) == []
    tf.gfile.DeleteRecursively("m")
    assert not tf.gfile.Exists("m")


def test_patterns_match_within_a_part_of_the_path():
    for name in ("a2.txt", "b.txt", "d/e.txt", "d/f/g.txt", "d/.h"):
        tf.gfile.MakeDirs(os.path.dirname(name) or ".")
        file_io.write_string_to_file(name, name)
    assert tf.gfile.Glob("a*.txt") == ["./a.txt", "./a2.txt"]  # TensorFlow's are in the directory's order
    assert tf.gfile.Glob("./[ab].txt") == ["./a.txt", "./b.txt"]
    assert tf.gfile.Glob("d/*") == ["d/.h", "d/e.txt", "d/f"]
    assert tf.gfile.Glob("*/*/?.txt") == ["./d/f/g.txt"]
    assert tf.gfile.Glob(["a.txt", "zz*"]) == ["./a.txt"]
    assert tf.gfile.Glob(os.path.abspath("b*")) == [os.path.abspath("b.txt")]


def test_renaming_and_copying_overwrite_only_when_told():
    tf.gfile.Copy("a.txt", "c.txt")
    file_io.write_string_to_file("a.txt", "new")
    io_gfile.copy(src="a.txt", dst="c.txt", overwrite=True)
    assert tf.gfile.GFile("c.txt").read() == "new"
    assert file_io.filecmp("a.txt", "c.txt")
    tf.gfile.Rename("c.txt", "a.txt", overwrite=True)
    assert tf.gfile.ListDirectory(".") == ["a.txt"]
    statistics = tf.gfile.Stat("a.txt")
    assert (statistics.length, statistics.is_directory) == (3, False)


def test_an_atomic_write_leaves_no_part_behind():
    file_io.atomic_write_string_to_file("b.txt", "text")
    with pytest.raises(tf.errors.AlreadyExistsError):
        file_io.atomic_write_string_to_file("b.txt", "other", overwrite=False)
    assert tf.gfile.ListDirectory(".") == ["a.txt", "b.txt"]
    assert tf.gfile.GFile("b.txt").read() == "text"
