"""Strings joined, cut, searched, and turned into numbers and hashes."""

_WORDS = ["", "a", "abc", "hello wor", "a sentence of thirty-two letters", "x" * 63 + "y"]
_LONG = ["long " * 30, "0123456789abcdef" * 8, "\xe9t\xe9 " * 20, "q" * 65]

CASES = {
    "hash buckets": lambda tf, x: [
        tf.string_to_hash_bucket_fast(_WORDS + _LONG, 1000003),
        tf.string_to_hash_bucket_strong(_WORDS + _LONG, 1000003, [123, 456]),
        tf.string_to_hash_bucket(_WORDS + _LONG, 1000003),
        tf.strings.to_hash_bucket_fast([["a"], ["b"]], num_buckets=10),
    ],
    "as_string": lambda tf, x: [
        tf.as_string([1, -20]),
        tf.as_string(x.floats([3])),
        tf.as_string([1.5, 1e10], precision=2),
        tf.as_string([1.5, 1e10], scientific=True),
        tf.as_string([1.5, 1e10, 0.0001], shortest=True),
        tf.as_string([1, 20], width=5, fill="0"),
        tf.as_string([True, False]),
        tf.as_string(x.constant([1 + 2j], "complex64")),
    ],
    "string_to_number": lambda tf, x: [
        tf.string_to_number(["1.5", " -2 ", "1e3"]),
        tf.string_to_number(["12", "-7"], tf.int32),
        tf.strings.to_number("3", tf.int64),
        tf.string_to_number("0.1", out_type=tf.float64),
    ],
    "joins": lambda tf, x: [
        tf.string_join(["a", ["b", "c"], ["d", "e"]], "-"),
        tf.strings.join([["x"], ["y"]]),
        tf.reduce_join([["a", "b"], ["c", "d"]], 0),
        tf.reduce_join([["a", "b"], ["c", "d"]], -1, separator=" ", keep_dims=True),
        tf.reduce_join([["a", "b"], ["c", "d"]], [0, 1]),
        tf.reduce_join([["a", "b"], ["c", "d"]], [1, 0]),
        tf.reduce_join([["a", "b"], ["c", "d"]]),
    ],
    "parts": lambda tf, x: [
        tf.substr(["hello", "world"], 1, 3),
        tf.substr(["hello", "world"], [0, -3], [2, 9]),
        tf.strings.substr(["\xe9t\xe9"], 1, 2, unit="UTF8_CHAR"),
        tf.strings.length(["a", "\xe9t\xe9"]),
        tf.strings.length(["a", "\xe9t\xe9"], unit="UTF8_CHAR"),
    ],
    "cases and spaces": lambda tf, x: [
        tf.string_strip([" a b ", "\tc\n"]),
        tf.strings.lower(["ABC", "\xc9"]),
        tf.strings.lower(["ABC", "\xc9"], encoding="utf-8"),
        tf.strings.upper(["abc"]),
    ],
    "patterns": lambda tf, x: [
        tf.regex_replace(["a1b22", "none"], "[0-9]+", "#"),
        tf.regex_replace(["a1b22"], tf.constant("([a-z])([0-9])"), "\\2\\1", replace_global=False),
        tf.strings.regex_full_match(["abc", "abcd"], "a.c"),
        tf.strings.regex_full_match(["abc", "abcd"], tf.constant("a.*")),
    ],
    "base64": lambda tf, x: [
        tf.encode_base64(["hello", "\xff?>"]),
        tf.encode_base64("hello", pad=True),
        tf.decode_base64(["aGVsbG8", "aGVsbG8="]),
    ],
    "decode_raw": lambda tf, x: [
        tf.decode_raw(["abcd", "efgh"], tf.uint8),
        tf.decode_raw("abcdefgh", tf.int32),
        tf.decode_raw("abcdefgh", tf.int16, little_endian=False),
        tf.decode_raw([b"\x00\x00\x80\x3f"], tf.float32),
    ],
    "string_split": lambda tf, x: [
        tf.string_split(["hello big world", "", "a  b"]),
        tf.string_split(["a,b;c,,d"], delimiter=",;"),
        tf.string_split(["a,,b", "", ","], ",", skip_empty=False),
        tf.string_split(["abc", "de"], ""),
    ],
    "strings.split": lambda tf, x: [
        tf.strings.split(["hello  big world", "a b"]),
        tf.strings.split(["a--b--c"], "--", maxsplit=1),
    ],
    "unicode_transcode": lambda tf, x: tf.strings.unicode_transcode(["a\xe9"], "UTF-8", "UTF-16-BE"),
    "format": lambda tf, x: [
        tf.strings.format("x: {} y: {}", (tf.range(10), tf.constant([[1.5, 2], [3, 4]]))),
        tf.strings.format("%s!", tf.constant("h\xe9 \\ \n"), placeholder="%s"),
        tf.strings.format("{}", tf.constant([True, False])),
        tf.strings.format("{}", tf.range(10), summarize=2),
        tf.strings.format("{}", tf.range(4), summarize=-1),
        tf.strings.format("none", ()),
        tf.strings.format("{}", tf.constant(["a", "b"]), name="named"),
        tf.strings.format("{}", tf.reshape(tf.range(27), [3, 3, 3]), summarize=1),
        tf.strings.format("{}", [x.constant([1e-8, 1e20, 3.14159274])]),
    ],
}
