"""What stands at the top of `tf` of files, records, examples and tables."""

from .data.structure import TensorSpec
from .lookup_functions import initialize_all_tables, tables_initializer
from .ops.decoding_text import (
    decode_compressed,
    decode_csv,
    decode_json_example,
    parse_tensor,
    serialize_tensor,
)
from .ops.files import matching_files, read_file, write_file
from .ops.serialized_sparse import deserialize_many_sparse, serialize_many_sparse, serialize_sparse
from .parsing import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    SparseFeature,
    VarLenFeature,
    parse_example,
    parse_single_example,
    parse_single_sequence_example,
)
from .readers import (
    FixedLengthRecordReader,
    IdentityReader,
    ReaderBase,
    TextLineReader,
    TFRecordReader,
    WholeFileReader,
)

__all__ = [
    "FixedLengthRecordReader",
    "IdentityReader",
    "ReaderBase",
    "TFRecordReader",
    "TextLineReader",
    "WholeFileReader",
    "FixedLenFeature",
    "FixedLenSequenceFeature",
    "SparseFeature",
    "TensorSpec",
    "VarLenFeature",
    "decode_compressed",
    "decode_csv",
    "decode_json_example",
    "initialize_all_tables",
    "matching_files",
    "parse_example",
    "parse_single_example",
    "parse_single_sequence_example",
    "parse_tensor",
    "read_file",
    "deserialize_many_sparse",
    "serialize_many_sparse",
    "serialize_sparse",
    "serialize_tensor",
    "tables_initializer",
    "write_file",
]
