"""Types of operations that no case of op_cases/ reaches, each with the file of tests that covers it: what
writes, blocks, draws random numbers, loops or is no operation of TensorFlow's own.
"""

_FILES = {
    "tf1/test_train.py": (
        "ApplyAdadelta ApplyAdagrad ApplyAdagradDA ApplyAdam ApplyCenteredRMSProp ApplyFtrl ApplyFtrlV2 "
        "ApplyGradientDescent ApplyMomentum ApplyProximalAdagrad ApplyProximalGradientDescent ApplyRMSProp "
        "SparseApplyAdagradDA"
    ),
    "tf1/test_cudnn_rnn.py": (
        "CellToCudnnCanonical CudnnCanonicalToCell CudnnRNN CudnnRNNCanonicalToParams "
        "CudnnRNNParamsToCanonical CudnnRNNV3"
    ),
    "tf1/test_queues.py": (
        "FIFOQueueV2 PaddingFIFOQueueV2 PriorityQueueV2 RandomShuffleQueueV2 QueueCloseV2 QueueDequeueManyV2 "
        "QueueDequeueUpToV2 QueueDequeueV2 QueueEnqueueManyV2 QueueEnqueueV2 QueueIsClosedV2 QueueSelect "
        "QueueSizeV2"
    ),
    "tf1/test_imported_graphs.py": (
        "AvgPool3DGrad AvgPoolGrad BiasAddGrad BlockLSTM BlockLSTMGrad BroadcastGradientArgs "
        "CTCLossAndGradient ConcatOffset ControlTrigger EluGrad Enter Exit FusedBatchNormAndKept "
        "FusedBatchNormGradV3 GRUBlockCell GRUBlockCellGrad InvGrad LRNGrad LSTMBlockCell "
        "LSTMBlockCellGrad LeakyReluGrad LoopCond MaxPool3DGrad MaxPoolGrad Merge MirrorPadGrad "
        "NextIteration PreventGradient ReciprocalGrad Relu6Grad ReluGrad ResizeBicubicGrad "
        "ResizeBilinearGrad ResizeNearestNeighborGrad RsqrtGrad SeluGrad SigmoidGrad "
        "SoftmaxCrossEntropyAndGradient SoftplusGrad SoftsignGrad SparseApplyAdagrad "
        "SparseSegmentMeanGrad SparseSegmentSqrtNGrad SparseSoftmaxCrossEntropyAndGradient SqrtGrad "
        "StackCloseV2 StackPopV2 StackPushV2 StackV2 StridedSliceGrad Switch TanhGrad"
    ),
    "tf1/test_summaries.py": "ImageSummary",
    "tf1/test_contrib_summary.py": (
        "CloseSummaryWriter CreateSummaryFileWriter FlushSummaryWriter ImportEvent SummaryWriter "
        "WriteAudioSummary WriteGraphSummary WriteHistogramSummary WriteImageSummary WriteScalarSummary "
        "WriteSummary"
    ),
    "tf1/test_meta_graphs.py": "NotHere",
    "tf1/test_drivers.py": "DynamicRNN RNNCellStep",
    "tf1/test_wrapper_values.py": "CellWrapperPart",
    "tf1/test_dropout.py": "DropoutKeepProbability RandomSeed",
    "tf1/test_operations.py": "Conj",
    "tf1/test_gradient_values.py": "CustomGradient Gradients Identities",
    "tf1/test_loops.py": "Argument If StatelessIf StatelessWhile StopGradientOnce While",
    "tf1/test_python_functions.py": "EagerPyFunc PrintV2 PyFunc PyFuncStateless",
    "tf1/test_random.py": (
        "Multinomial RandomGamma RandomPoissonV2 RandomShuffle RandomUniformInt StatelessMultinomial "
        "StatelessRandomNormal StatelessRandomUniform StatelessRandomUniformInt StatelessTruncatedNormal "
        "RandomStandardNormal RandomUniform TruncatedNormal"
    ),
    "tf1/test_data_files.py": (
        "CSVDataset DatasetToTFRecord FixedLengthRecordDatasetV2 FixedLengthRecordReaderV2 IdentityReaderV2 "
        "InitializeTableFromTextFileV2 MatchingFiles ReadFile ReaderNumRecordsProducedV2 "
        "ReaderNumWorkUnitsCompletedV2 ReaderReadUpToV2 ReaderReadV2 ReaderResetV2 TFRecordDataset "
        "TFRecordReaderV2 TextLineDataset TextLineReaderV2 WholeFileReaderV2 WriteFile"
    ),
    "tf1/test_data_cases.py": (
        "GeneratorDataset MaxIntraOpParallelismDataset ModelDataset OptimizeDataset "
        "PrivateThreadPoolDataset UnwrapDatasetVariant WrapDatasetVariant"
    ),
    "tf1/test_image_codecs.py": (
        "DecodeAndCropJpeg DecodeBmp DecodeGif DecodeImage DecodeJpeg DecodePng EncodeJpeg EncodePng "
        "ExtractJpegShape"
    ),
    "tf1/test_iterators.py": (
        "DeserializeSparse IteratorFromStringHandleV2 IteratorV2 MakeIterator ParallelMapDataset"
    ),
    "tf1/test_saver.py": "MergeV2Checkpoints RestoreV2 SaveV2 ShardedFilename StringJoin",
    "tf1/test_seq2seq.py": "BeamSearchStep GatherBeams MatchingBatch MergeBeams",
    "tf1/test_session.py": "Assert IsVariableInitialized NoOp Placeholder PlaceholderWithDefault Timestamp",
    "tf1/test_tensor_array.py": (
        "TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayGradV3 TensorArrayReadV3 "
        "TensorArrayScatterV3 TensorArraySizeV3 TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3"
    ),
    "tf1/test_variable_cases.py": (
        "Assign AssignAdd AssignSub CountUpTo InitializedOrInitialValue RanksOfVariables ScatterAdd "
        "ScatterDiv ScatterMax ScatterMin ScatterMul ScatterNdAdd ScatterNdSub ScatterNdUpdate ScatterSub "
        "ScatterUpdate StridedSliceAssign UninitializedVariables VariableReference"
    ),
}
COVERED_ELSEWHERE = {op_type: file for file, op_types in _FILES.items() for op_type in op_types.split()}
