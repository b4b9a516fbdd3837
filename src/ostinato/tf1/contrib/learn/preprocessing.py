"""The module `tf.contrib.learn.preprocessing`: documents as rows of word numbers.

>>> words = VocabularyProcessor(4)
>>> [row.tolist() for row in words.fit_transform(["a bird sings", "a bird"])]
[[1, 2, 3, 0], [1, 2, 0, 0]]
"""

from __future__ import annotations

import io
import itertools
import math
import pickle
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ...file_io import GFile
from ...names import absent

TOKENIZER_RE = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)
"""What a word is; words of earlier vocabularies were found with this very expression."""


def tokenizer(iterator: Iterable[str]) -> Iterator[list[str]]:
    """The words of each text."""
    for value in iterator:
        yield TOKENIZER_RE.findall(value)


class CategoricalVocabulary:
    """Numbers for words, from 1 on; 0 is for what is unknown.

    TF1 symbol: `tf.contrib.learn.preprocessing.CategoricalVocabulary`. Its attributes are those of
    TensorFlow's class, so that vocabularies pickled there can be read.
    """

    def __init__(self, unknown_token: str = "<UNK>", support_reverse: bool = True) -> None:
        self._unknown_token = unknown_token
        self._support_reverse = support_reverse
        self._freq: Any = defaultdict(int)
        self._freeze = False
        self._forget()

    def _forget(self) -> None:
        self._mapping = {self._unknown_token: 0}
        if self._support_reverse:
            self._reverse_mapping = [self._unknown_token]

    def __len__(self) -> int:
        return len(self._mapping)

    def freeze(self, freeze: bool = True) -> None:
        """From now on a new word is unknown; with False, it gets a number again."""
        self._freeze = freeze

    def get(self, category: Any) -> int:
        """The number of a word; a new one gets the next unless the vocabulary is frozen."""
        number = self._mapping.get(category)
        if number is not None:
            return number
        return 0 if self._freeze else self._number(category)

    def _number(self, category: Any) -> int:
        number = self._mapping[category] = len(self._mapping)
        if self._support_reverse:
            self._reverse_mapping.append(category)
        return number

    def add(self, category: Any, count: int = 1) -> None:
        """Count a word."""
        if self.get(category) > 0:
            self._freq[category] += count

    def trim(self, min_frequency: int, max_frequency: int = -1) -> None:
        """Keep the words counted more often than `min_frequency` and, if that is positive, less often than
        `max_frequency`, numbered anew from the most frequent on.
        """
        by_name = sorted(self._freq.items(), key=lambda item: (isinstance(item[0], str), item[0]))
        ordered = sorted(by_name, key=lambda item: item[1], reverse=True)
        self._forget()
        for category, count in ordered:
            if max_frequency > 0 and count >= max_frequency:
                continue
            if count <= min_frequency:
                break
            self._number(category)
        self._freq = dict(ordered[: len(self._mapping) - 1])

    def reverse(self, class_id: int) -> Any:
        """The word of a number.

        Raises:
            ValueError: the vocabulary was made with `support_reverse=False`.
        """
        if not self._support_reverse:
            raise ValueError(
                "This vocabulary wasn't initialized with support_reverse to support reverse() function."
            )
        return self._reverse_mapping[class_id]


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("tensorflow.contrib.learn.python.learn.preprocessing") and name in globals():
            return globals()[name]
        return super().find_class(module, name)


class VocabularyProcessor:
    """Documents to rows of word numbers (TF1 symbol: `tf.contrib.learn.preprocessing.VocabularyProcessor`).

    Args:
        max_document_length: the length of the rows: longer documents are cut, shorter ones filled with 0.
        min_frequency: words counted this often or less are unknown.
        vocabulary: a `CategoricalVocabulary`; None: a new one.
        tokenizer_fn: a function from documents to the lists of their words.
    """

    def __init__(
        self,
        max_document_length: int,
        min_frequency: int = 0,
        vocabulary: CategoricalVocabulary | None = None,
        tokenizer_fn: Callable[[Iterable[Any]], Iterable[Sequence[Any]]] | None = None,
    ) -> None:
        self.max_document_length = max_document_length
        self.min_frequency = min_frequency
        self.vocabulary_ = vocabulary or CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents: Iterable[Any], unused_y: Any = None) -> VocabularyProcessor:
        """Learn the words of documents, and freeze the vocabulary."""
        vocabulary = self.vocabulary_
        for word in itertools.chain.from_iterable(self._tokenizer(raw_documents)):
            vocabulary.add(word)
        if self.min_frequency > 0:
            vocabulary.trim(self.min_frequency)
        vocabulary.freeze()
        return self

    def fit_transform(self, raw_documents: Iterable[Any], unused_y: Any = None) -> Iterator[np.ndarray]:
        self.fit(raw_documents)
        return self.transform(raw_documents)

    def transform(self, raw_documents: Iterable[Any]) -> Iterator[np.ndarray]:
        """The rows of numbers, one after the other."""
        for tokens in self._tokenizer(raw_documents):
            word_ids = np.zeros(self.max_document_length, np.int64)
            for index, token in enumerate(tokens):
                if index >= self.max_document_length:
                    break
                word_ids[index] = self.vocabulary_.get(token)
            yield word_ids

    def reverse(self, documents: Iterable[Iterable[int]]) -> Iterator[str]:
        """Rows of numbers as texts."""
        for item in documents:
            yield " ".join([self.vocabulary_.reverse(class_id) for class_id in item])

    def save(self, filename: Any) -> None:
        """Write this processor to a file."""
        with GFile(filename, "wb") as file:
            file.write(pickle.dumps(self))

    @classmethod
    def restore(cls, filename: Any) -> Any:
        """A processor from a file of `save`, TensorFlow's included. Like any pickle, the file may run code:
        read only files that you trust.
        """
        with GFile(filename, "rb") as file:
            return _Unpickler(io.BytesIO(file.read()), encoding="latin-1").load()


class ByteProcessor:
    """Documents to rows of bytes (TF1 symbol: `tf.contrib.learn.preprocessing.ByteProcessor`)."""

    def __init__(self, max_document_length: int) -> None:
        self.max_document_length = max_document_length

    def fit(self, x: Any) -> None:
        """Nothing to learn."""

    def fit_transform(self, x: Iterable[Any]) -> Iterator[np.ndarray]:
        return self.transform(x)

    def transform(self, x: Iterable[Any]) -> Iterator[np.ndarray]:
        for document in x:
            encoded = document.encode() if isinstance(document, str) else bytes(document)
            row = np.frombuffer(encoded[: self.max_document_length], np.uint8)
            yield np.pad(row, (0, self.max_document_length - len(row)), "constant")

    def reverse(self, x: Iterable[np.ndarray]) -> Iterator[str]:
        """Rows of bytes as texts; an empty text for what is none."""
        for row in x:
            try:
                yield np.trim_zeros(row.astype(np.int8), trim="b").tobytes().decode()
            except UnicodeDecodeError:
                yield ""


class CategoricalProcessor:
    """Rows of categories to rows of numbers (TF1 symbol:
    `tf.contrib.learn.preprocessing.CategoricalProcessor`). A NaN is unknown.

    Args:
        min_frequency: categories counted this often or less are unknown.
        share: one vocabulary for all columns.
        vocabularies: one for each column; None: new ones.
    """

    def __init__(
        self,
        min_frequency: int = 0,
        share: bool = False,
        vocabularies: list[CategoricalVocabulary] | None = None,
    ) -> None:
        self.min_frequency, self.share, self.vocabularies_ = min_frequency, share, vocabularies

    def freeze(self, freeze: bool = True) -> None:
        for vocabulary in self.vocabularies_ or ():
            vocabulary.freeze(freeze)

    def fit(self, x: Iterable[Sequence[Any]], unused_y: Any = None) -> CategoricalProcessor:
        for row in x:
            if self.vocabularies_ is None:
                shared = CategoricalVocabulary()
                self.vocabularies_ = [shared if self.share else CategoricalVocabulary() for _ in row]
            for vocabulary, value in zip(self.vocabularies_, row, strict=False):
                if not _is_nan(value):
                    vocabulary.add(value)
        if self.min_frequency > 0:
            for vocabulary in self.vocabularies_ or ():
                vocabulary.trim(self.min_frequency)
        self.freeze()
        return self

    def fit_transform(self, x: Iterable[Sequence[Any]], unused_y: Any = None) -> Iterator[np.ndarray]:
        self.fit(x)
        return self.transform(x)

    def transform(self, x: Iterable[Sequence[Any]]) -> Iterator[np.ndarray]:
        self.freeze()
        for row in x:
            pairs = zip(self.vocabularies_ or (), row, strict=False)
            yield np.array([0 if _is_nan(value) else known.get(value) for known, value in pairs], np.int64)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


__all__ = [
    "TOKENIZER_RE",
    "ByteProcessor",
    "CategoricalProcessor",
    "CategoricalVocabulary",
    "VocabularyProcessor",
    "tokenizer",
]
__getattr__ = absent("tf.contrib.learn.preprocessing", __all__)
