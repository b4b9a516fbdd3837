"""What the public scripts of `benchmarks.scripts` read, where their repositories do not hold it.

Real data is taken from other checkouts: digits (the 10,000 of MNIST's test set, of which 9,000 are to train),
Penn Treebank (its validation and test parts), Shakespeare. The rest is generated, always the same.
"""

from __future__ import annotations

import glob
import gzip
import math
import os
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

# Prepares the copy (the first path) of a repository; the second is the folder of all checkouts.
Prepare = Callable[[Path, Path], None]

SHAKESPEARE = "sherjilozair+char-rnn-tensorflow/data/tinyshakespeare/input.txt"
POEMS = "jinfagang+tensorflow_poems/data/wujue-all.txt"
DIGITS = "NELSONZHAO+zhihu/denoise_auto_encoder/MNIST_data"
TREEBANK = "carpedm20+lstm-char-cnn-tensorflow/data/ptb"


def mnist(*folders: str) -> Prepare:
    """The four files of MNIST in each folder."""

    def prepare(copy: Path, checkouts: Path) -> None:
        images = gzip.decompress((checkouts / DIGITS / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
        labels = gzip.decompress((checkouts / DIGITS / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
        for folder in folders:
            (copy / folder).mkdir(parents=True, exist_ok=True)
            for name, begin, end in (("train", 0, 9000), ("t10k", 9000, 10000)):
                head = struct.pack(">4i", 2051, end - begin, 28, 28)
                content = gzip.compress(head + images[begin * 784 : end * 784], 1)
                (copy / folder / f"{name}-images-idx3-ubyte.gz").write_bytes(content)
                content = gzip.compress(struct.pack(">2i", 2049, end - begin) + labels[begin:end], 1)
                (copy / folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(content)

    return prepare


def beginning(source: str, target: str, size: int) -> Prepare:
    """The first `size` bytes, to the end of a line, of a file of the copy or, else, of a checkout."""

    def prepare(copy: Path, checkouts: Path) -> None:
        path = copy / source if (copy / source).exists() else checkouts / source
        content = path.read_bytes()[:size]
        ending = b"\n\n" if b"\n\n" in content[size // 2 :] else b"\n"
        (copy / target).parent.mkdir(parents=True, exist_ok=True)
        (copy / target).write_bytes(content[: content.rindex(ending) + len(ending)])

    return prepare


def folders(*names: str) -> Prepare:
    """Folders that the script takes to be there."""

    def prepare(copy: Path, checkouts: Path) -> None:
        for name in names:
            (copy / name).mkdir(parents=True, exist_ok=True)

    return prepare


def without(folder: str) -> Prepare:
    """The repository as it was before its owner saved a model there, of another version's names."""

    def prepare(copy: Path, checkouts: Path) -> None:
        shutil.rmtree(copy / folder, ignore_errors=True)

    return prepare


def treebank(folder: str) -> Prepare:
    """Penn Treebank: its validation part to train, its test part to test."""

    def prepare(copy: Path, checkouts: Path) -> None:
        (copy / folder).mkdir(parents=True, exist_ok=True)
        test = (checkouts / TREEBANK / "test.txt").read_text().splitlines(keepends=True)
        shutil.copy(checkouts / TREEBANK / "valid.txt", copy / folder / "train.txt")
        (copy / folder / "valid.txt").write_text("".join(test[:300]))
        (copy / folder / "test.txt").write_text("".join(test[300:600]))

    return prepare


def beside(source: str, folder: str) -> Prepare:
    """Files of the repository beside the script that imports or reads them."""

    def prepare(copy: Path, checkouts: Path) -> None:
        (copy / folder).mkdir(parents=True, exist_ok=True)
        for path in glob.glob(str(copy / source)):
            shutil.copy(path, copy / folder)

    return prepare


def both(*parts: Prepare) -> Prepare:
    """One after the other."""

    def prepare(copy: Path, checkouts: Path) -> None:
        for part in parts:
            part(copy, checkouts)

    return prepare


def utterance(copy: Path, checkouts: Path) -> None:
    """A sound of three seconds, of the size that igormq's script expects, and its sentence."""
    drawn, count = random.Random(5), (93638 - 44) // 2
    waves = (
        8000 * math.sin(i * (0.05 + 0.04 * math.sin(i / 3000))) + drawn.gauss(0, 500) for i in range(count)
    )
    samples = struct.pack(f"<{count}h", *map(int, waves))
    form = struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    head = b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " + form
    content = head + b"data" + struct.pack("<I", len(samples)) + samples
    (copy / "LDC93S1.wav").write_bytes(content)
    sentence = "She had your dark suit in greasy wash water all year."
    (copy / "LDC93S1.txt").write_text(f"0 46797 {sentence}\n")


def stock(copy: Path, checkouts: Path) -> None:
    """A random walk as the price of an index."""
    drawn, price = random.Random(4), 100.0
    lines = ["Date,Open,High,Low,Close,Volume"]
    for _ in range(1500):
        price *= math.exp(drawn.gauss(0.0003, 0.01))
        lines.append(f"2010-01-01,{price:.2f},{price * 1.01:.2f},{price * 0.99:.2f},{price * 1.001:.2f},1000")
    (copy / "data").mkdir(exist_ok=True)
    (copy / "data" / "SP500.csv").write_text("\n".join(lines) + "\n")


def word_vectors(copy: Path, checkouts: Path) -> None:
    """Random vectors in GloVe's place, and the vocabularies that the repository's build_data.py makes."""
    drawn, lines = np.random.RandomState(1), (copy / "data" / "test.txt").read_text().splitlines()
    words = sorted({line.split()[0] for line in lines if line.strip()})
    tags = sorted({line.split()[1] for line in lines if line.strip()})
    lower = sorted({word.lower() for word in words})
    (copy / "data" / "words.txt").write_text("\n".join([*lower, "$UNK$", "$NUM$"]))
    (copy / "data" / "tags.txt").write_text("\n".join(tags))
    (copy / "data" / "chars.txt").write_text("\n".join(sorted(set("".join(words)))))
    vectors = drawn.randn(len(lower) + 2, 300)
    np.savez_compressed(copy / "data" / "glove.6B.300d.trimmed.npz", embeddings=vectors)


def messages(folder: str) -> Prepare:
    """Short messages, a third of them advertisements, for the cookbook's filter."""

    def prepare(copy: Path, checkouts: Path) -> None:
        drawn = random.Random(6)
        sold = ["win", "cash", "prize", "free", "call", "now", "claim", "text", "urgent", "offer"]
        said = ["see", "you", "home", "later", "lunch", "work", "meeting", "thanks", "love", "tomorrow"]
        lines = []
        for _ in range(600):
            kind = drawn.random() < 0.3
            length = drawn.randrange(5, 20)
            words = (drawn.choice(sold if kind and drawn.random() < 0.7 else said) for _ in range(length))
            lines.append(f"{'spam' if kind else 'ham'}\t{' '.join(words)}")
        target = copy / folder / "temp"
        target.mkdir(parents=True, exist_ok=True)
        (target / "text_data.txt").write_text("\n".join(lines) + "\n")

    return prepare


def news(copy: Path, checkouts: Path) -> None:
    """Lines of ten classes, each full of its class's name between pieces of poems."""
    drawn = random.Random(3)
    classes = ["体育", "财经", "房产", "家居", "教育", "科技", "时尚", "时政", "游戏", "娱乐"]
    text = (checkouts / POEMS).read_text(encoding="utf-8").replace("\n", "")
    target = copy / "data" / "cnews"
    target.mkdir(parents=True, exist_ok=True)
    for name, count in (("train", 640), ("val", 128), ("test", 128)):
        lines = []
        for _ in range(count):
            of, start = drawn.choice(classes), drawn.randrange(20000)
            pieces = (drawn.choice([of, text[start + 9 * i : start + 9 * i + 6]]) for i in range(40))
            lines.append(f"{of}\t{''.join(pieces)}")
        (target / f"cnews.{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def temporary(folder: str) -> Prepare:
    """MNIST in a folder of its own outside the copy, which the script names by its whole path."""

    def prepare(copy: Path, checkouts: Path) -> None:
        if not os.path.exists(os.path.join(folder, "train-images-idx3-ubyte.gz")):
            mnist(folder)(Path("/"), checkouts)

    return prepare
