"""The module `tf.strings`."""

from .names import absent
from .ops.string_format import string_format as format
from .ops.string_numbers import as_string
from .ops.string_numbers import string_to_hash_bucket as to_hash_bucket
from .ops.string_numbers import string_to_hash_bucket_fast as to_hash_bucket_fast
from .ops.string_numbers import string_to_hash_bucket_strong as to_hash_bucket_strong
from .ops.string_numbers import string_to_number as to_number
from .ops.string_split import strings_split as split
from .ops.string_split import unicode_transcode
from .ops.strings import reduce_join, regex_full_match, regex_replace, substr
from .ops.strings import string_join as join
from .ops.strings import string_length as length
from .ops.strings import string_lower as lower
from .ops.strings import string_strip as strip
from .ops.strings import string_upper as upper

__all__ = [
    "as_string",
    "format",
    "join",
    "length",
    "lower",
    "reduce_join",
    "regex_full_match",
    "regex_replace",
    "split",
    "strip",
    "substr",
    "to_hash_bucket",
    "to_hash_bucket_fast",
    "to_hash_bucket_strong",
    "to_number",
    "unicode_transcode",
    "upper",
]
__getattr__ = absent("tf.strings", __all__)
