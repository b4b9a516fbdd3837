"""Which operations, and which of their inputs, stay on the host in a session that computes elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tensor import Operation

_READS_AND_WRITES = """
Assert DecodeCompressed MatchingFiles MergeV2Checkpoints Print PrintV2 ReadFile RestoreV2
SaveV2 ShardedFilename WriteFile AudioSummaryV2 HistogramSummary ImageSummary MergeSummary ScalarSummary
TensorSummaryV2 WriteSummary WriteScalarSummary WriteHistogramSummary WriteImageSummary WriteAudioSummary
WriteGraphSummary ImportEvent SummaryWriter CreateSummaryFileWriter FlushSummaryWriter CloseSummaryWriter
"""
_STRINGS = """
AsString CSVDataset
DecodeAndCropJpeg DecodeBmp DecodeGif DecodeImage DecodeJpeg DecodePng
EncodeJpeg EncodePng ExtractJpegShape
DecodeBase64 DecodeCSV DecodeJSONExample DecodeRaw EncodeBase64 ParseExample
ParseSequenceExample ParseSingleExample ParseSingleSequenceExample ParseTensor ReduceJoin RegexFullMatch
RegexReplace SerializeManySparse SerializeSparse SerializeTensor DeserializeManySparse DeserializeSparse
StringFormat StringJoin StringLength StringLower
StringSplit StringSplitV2 StringStrip StringToHashBucket StringToHashBucketFast StringToHashBucketStrong
StringToNumber StringUpper StringsJoined Substr UnicodeTranscode
"""
_OBJECTS = """
HashTableV2 InitializeTableFromTextFileV2 MatchingBatch MutableDenseHashTableV2
MutableHashTableOfTensorsV2 MutableHashTableV2 ReadUnlessFinished ShardRows
"""
_KINDS = ("Dataset", "Iterator", "LookupTable", "Optional", "Queue", "Reader")
_PYTHON = "EagerPyFunc PyFunc PyFuncStateless"
_SEARCHES = """
AllCandidateSampler BroadcastArgs CTCBeamSearchDecoder CTCGreedyDecoder CTCLoss CTCLossAndGradient
CTCLossDense CTCUniqueLabels CollapseRepeated ComputeAccidentalHits DenseToDenseSetOperation
DenseToSparseSetOperation EditDistance FixedUnigramCandidateSampler HistogramFixedWidthBins
InvertPermutation LearnedUnigramCandidateSampler ListDiff LogUniformCandidateSampler LowerBound
NonMaxSuppressionV3 RandomGamma RandomPoissonV2 SampledLabels SetSize SizesWithPad SparseAdd SparseConcat
SparseCross SparseDenseCwiseDiv SparseDenseCwiseMul SparseFillEmptyRows SparseReduceMax
SparseReduceMaxSparse SparseReduceSum SparseReduceSumSparse SparseReorder SparseReshape SparseSlice
SparseSoftmax SparseSparseMaximum SparseSparseMinimum SparseSplit SparseTensorDenseAdd
SparseToSparseSetOperation UniformCandidateSampler Unique UniqueWithCounts UnravelIndex UpperBound
"""
_HOST = frozenset(" ".join((_READS_AND_WRITES, _STRINGS, _OBJECTS, _PYTHON, _SEARCHES)).split())


def on_host(op_type: str) -> bool:
    """Whether operations of this type compute on the host: those that deal with files, strings, objects of
    Python and searches, of most of which TensorFlow has no other kernel either.

    >>> on_host("PyFunc"), on_host("MapDataset"), on_host("MatMul")
    (True, True, False)
    """
    return op_type in _HOST or any(kind in op_type for kind in _KINDS)


_SECOND = """
All Any ArgMax ArgMin BroadcastTo Cumprod Cumsum CumulativeLogsumexp EnsureShape EuclideanNorm ExpandDims
Max Mean Min MirrorPad Multinomial Pad PadV2 Prod ReduceLogSumExp Reshape ResizeArea ResizeBicubic
ResizeBilinear ResizeNearestNeighbor ReverseV2 Sum Tile TopKV2 Transpose
"""
_READ_ON_THE_HOST: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(
        _SECOND.split(),
        (1,),
    ),
    **dict.fromkeys(["BatchToSpaceND", "Roll", "Slice", "SpaceToBatchND", "SplitV"], (1, 2)),
    "CropAndResize": (3,),
    "Fill": (0, 1),
    "GatherV2": (1, 2),
    "LinSpace": (0, 1, 2),
    "MirrorPadGrad": (1,),
    "OneHot": (1, 2, 3),
    "Range": (0, 1, 2),
    "ScatterNd": (2,),
    "SequenceMask": (1,),
    "Split": (0,),
    "StridedSlice": (1, 2, 3),
    "StridedSliceAssign": (1, 2, 3),
    "TensorArrayReadV3": (1,),
    "TensorArrayWriteV3": (1,),
    "UnsortedSegmentSum": (2,),
}


def read_on_the_host(operation: Operation) -> Collection[int]:
    """The inputs that an operation reads as numbers of Python: shapes, axes, places, lengths."""
    attributes, last = operation.attributes, len(operation.inputs)
    if operation.type == "DynamicRNN":  # whose last inputs are the seed and the lengths, if there are any
        return range(last - attributes["has_seed"] - attributes["has_lengths"], last)
    if operation.type == "RNNCellStep" and attributes["has_seed"]:
        return (last - 1 - attributes["has_lengths"],)
    return _READ_ON_THE_HOST.get(operation.type, ())


_ELEMENTWISE = """
Add AddV2 DivNoNan Equal FloorDiv FloorMod Greater GreaterEqual Less LessEqual Maximum Minimum Mul NotEqual
Pow RealDiv SquaredDifference Sub
"""
SCALARS_MIX = frozenset(_ELEMENTWISE.split())
"""Elementwise operations, of which torch takes a scalar of the host beside a tensor of any device."""
