"""The module `tf.keras.preprocessing.text`.

>>> words = Tokenizer()
>>> words.fit_on_texts(["the cat, the dog"])
>>> words.texts_to_sequences(["The dog"])
[[1, 3]]
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...names import absent

_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(
    text: str, filters: str = _FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """The words of a text (TF1 symbol: `tf.keras.preprocessing.text.text_to_word_sequence`)."""
    if lower:
        text = text.lower()
    table: dict[str | int, str | int | None] = dict.fromkeys(filters, split)
    return [word for word in text.translate(str.maketrans(table)).split(split) if word]


def one_hot(text: str, n: int, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[int]:
    """A number from 1 to n - 1 for each word, by Python's hash, which differs from process to process (TF1
    symbol: `tf.keras.preprocessing.text.one_hot`).
    """
    return hashing_trick(text, n, hash, filters, lower, split)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
) -> list[int]:
    """A number from 1 to n - 1 for each word, by a hash: a function, 'md5' or Python's (TF1 symbol:
    `tf.keras.preprocessing.text.hashing_trick`).
    """
    function: Callable[[str], int] = hash if hash_function is None else hash_function
    if hash_function == "md5":
        function = _md5
    return [function(word) % (n - 1) + 1 for word in text_to_word_sequence(text, filters, lower, split)]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Numbers for the words of texts, from the most frequent on (TF1 symbol:
    `tf.keras.preprocessing.text.Tokenizer`).

    Args:
        num_words: only the first `num_words - 1` words count.
        filters, lower, split: how texts fall into words.
        char_level: characters are the words.
        oov_token: what stands for other words, under the number 1.

    Raises:
        TypeError: an argument that there is not.
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = _FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        document_count: int = 0,
        **kwargs: Any,
    ) -> None:
        if "nb_words" in kwargs:
            warnings.warn(
                "The `nb_words` argument in `Tokenizer` has been renamed `num_words`.", stacklevel=2
            )
            num_words = kwargs.pop("nb_words")
        if kwargs:
            raise TypeError(f"Unrecognized keyword arguments: {kwargs}")
        self.word_counts: OrderedDict[str, int] = OrderedDict()
        self.word_docs: Any = defaultdict(int)
        self.filters, self.split, self.lower = filters, split, lower
        self.num_words, self.document_count = num_words, document_count
        self.char_level, self.oov_token = char_level, oov_token
        self.index_docs: Any = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: Any) -> Any:
        if not self.char_level and not isinstance(text, list):
            return text_to_word_sequence(text, self.filters, self.lower, self.split)
        if not self.lower:
            return text
        return [word.lower() for word in text] if isinstance(text, list) else text.lower()

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Learn the words of texts, which are strings or lists of words."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        ordered = sorted(self.word_counts, key=lambda word: self.word_counts[word], reverse=True)
        vocabulary = ordered if self.oov_token is None else [self.oov_token, *ordered]
        self.word_index = {word: place for place, word in enumerate(vocabulary, 1)}
        self.index_word = {place: word for word, place in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Any) -> None:
        """Learn in how many sequences of numbers each is."""
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """The numbers of the words; words that are not known are left out, or given the token's number."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        other = self.word_index.get(self.oov_token) if self.oov_token is not None else None
        for text in texts:
            found = []
            for word in self._words(text):
                number = self.word_index.get(word)
                if number is None or (self.num_words and number >= self.num_words):
                    number = other
                if number is not None:
                    found.append(number)
            yield found

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """The words of numbers, with blanks between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        other = self.oov_token if self.oov_token in self.word_index else None
        for sequence in sequences:
            found = []
            for number in sequence:
                word = self.index_word.get(number)
                if word is None or (self.num_words and number >= self.num_words):
                    word = other
                if word is not None:
                    found.append(word)
            yield " ".join(found)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray:
        """A row for each text: 'binary', 'count', 'tfidf' or 'freq' of each word."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(self, sequences: Any, mode: str = "binary") -> np.ndarray:
        """A row for each sequence of numbers: 'binary', 'count', 'tfidf' or 'freq' of each.

        Raises:
            ValueError: nothing was learned yet, or another mode.
        """
        if not self.num_words and not self.word_index:
            raise ValueError("Specify a dimension (`num_words` argument), or fit on some text data first.")
        width = self.num_words or len(self.word_index) + 1
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Fit the Tokenizer on some data before using tfidf mode.")
        if mode not in ("binary", "count", "tfidf", "freq"):
            raise ValueError("Unknown vectorization mode:", mode)
        whole = np.zeros((len(sequences), width))
        for row, sequence in enumerate(sequences):
            counts: dict[int, int] = defaultdict(int)
            for number in sequence:
                if number < width:
                    counts[number] += 1
            for number, count in counts.items():
                if mode == "binary":
                    whole[row, number] = 1
                elif mode == "count":
                    whole[row, number] = count
                elif mode == "freq":
                    whole[row, number] = count / len(sequence)
                else:
                    documents = 1 + self.document_count / (1 + self.index_docs.get(number, 0))
                    whole[row, number] = (1 + np.log(count)) * np.log(documents)
        return whole

    def get_config(self) -> dict[str, Any]:
        plain = ["num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count"]
        written = ["word_counts", "word_docs", "index_docs", "index_word", "word_index"]
        config = {name: getattr(self, name) for name in plain}
        return {**config, **{name: json.dumps(getattr(self, name)) for name in written}}

    def to_json(self, **kwargs: Any) -> str:
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """A tokenizer from its `to_json` (TF1 symbol: `tf.keras.preprocessing.text.tokenizer_from_json`)."""
    config = json.loads(json_string)["config"]
    written = ["word_counts", "word_docs", "index_docs", "index_word", "word_index"]
    learned = {name: json.loads(config.pop(name)) for name in written}
    made = Tokenizer(**config)
    for name, value in learned.items():
        by_number = name.startswith("index")
        setattr(made, name, {int(key): held for key, held in value.items()} if by_number else value)
    return made


__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]
__getattr__ = absent("tf.keras.preprocessing.text", __all__)
