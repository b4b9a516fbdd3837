"""Real recordings that come with the package, as numpy arrays.

>>> from ostinato.datasets import japanese_vowels
>>> japanese_vowels().train.sequences.shape
(270, 29, 12)
"""

from ostinato.datasets._japanese_vowels import JapaneseVowels, Recordings, japanese_vowels

__all__ = ["JapaneseVowels", "Recordings", "japanese_vowels"]
