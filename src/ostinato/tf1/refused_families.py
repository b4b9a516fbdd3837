"""Families of symbols of TensorFlow 1.15 that there are not here, each with the way out."""

from __future__ import annotations

_READY_MADE = (
    "ready-made models are not served: write the network in a model_fn for tf.contrib.learn.Estimator or "
    "tf.estimator.Estimator"
)
_HEADS = "compute the loss (tf.losses), the metrics (tf.metrics) and the train_op in the model_fn itself"
_EXAMPLES = (
    "read with tf.data.TFRecordDataset and tf.parse_example, or with tf.TFRecordReader and tf.train.batch"
)
_SEQUENCES = (
    "tf.contrib.training.bucket_by_sequence_length or tf.data give batches; feed the state between them"
)
_SAMPLES = "choose the elements before they are fed, or with tf.data.Dataset.filter"
_WORKERS = "one process trains: use a plain optimizer"
_PLAIN = "tf.train.AdamOptimizer, tf.train.AdagradOptimizer and the others of tf.train and tf.contrib.opt"
_EXPORT = "tf.estimator.Estimator.export_saved_model writes the trained model"
_SERVED_LATER = "read the checkpoint with tf.train.NewCheckpointReader and tf.assign its values"
_QUANTIZED = "nothing is quantized here: leave it out of the graph that trains"
_CURVES = "compute it with numpy from all labels and predictions, fetched in a loop"
_BOXES = "choose the boxes with numpy, in tf.py_func"
_THREADS = "give the generator itself to fit_generator: it is read in this process"
_WRAPPER_OF_1_1 = "this is version 1.1's: tf.contrib.seq2seq.AttentionWrapper and its zero_state(...).clone"
_DENSITY = "write the density with tf.log, and draw with tf.random_normal and its like"
_IMAGES = "resize and turn with tf.image, or before the images are fed"

_FAMILIES: list[tuple[str, str, str]] = [
    (
        "tensorflow.python.debug",
        "LocalCLIDebugWrapperSession LocalCLIDebugHook DumpingDebugHook DumpingDebugWrapperSession "
        "TensorBoardDebugHook TensorBoardDebugWrapperSession GrpcDebugHook GrpcDebugWrapperSession "
        "DebugDumpDir WatchOptions watch_graph",
        "fetch the tensors themselves, or tf.Print them; tf.add_check_numerics_ops finds the first NaN",
    ),
    ("tf.contrib.seq2seq", "DynamicAttentionWrapper DynamicAttentionWrapperState", _WRAPPER_OF_1_1),
    ("tf.distributions", "DirichletMultinomial Multinomial StudentT", _DENSITY),
    (
        "tf.contrib.distributions",
        "Autoregressive BatchReshape Binomial Cauchy Chi2 Deterministic DirichletMultinomial "
        "ExpRelaxedOneHotCategorical Geometric GumbelSoftmax HalfNormal InverseGamma Kumaraswamy Logistic "
        "Mixture Multinomial MultivariateNormalDiagPlusLowRank MultivariateStudentTLinearOperator "
        "NegativeBinomial Poisson QuantizedDistribution RelaxedBernoulli RelaxedOneHotCategorical "
        "StudentT TransformedDistribution VectorDiffeomixture Wishart WishartCholesky WishartFull bijectors",
        _DENSITY,
    ),
    ("tf.nn", "quantized_avg_pool quantized_conv2d quantized_max_pool quantized_relu_x", _QUANTIZED),
    ("tf.nn", "fractional_avg_pool fractional_max_pool", "tf.nn.avg_pool or tf.nn.max_pool"),
    ("tf.nn", "with_space_to_batch", "tf.nn.convolution(dilation_rate=...)"),
    ("tf.train", "VocabInfo warm_start", "tf.train.init_from_checkpoint"),
    ("tf.train", "sdca_fprint sdca_optimizer sdca_shrink_l1", _PLAIN),
    ("tf.train", "experimental", "tf.train itself has what is served"),
    (
        "tf.config",
        "experimental_connect_to_cluster experimental_connect_to_host experimental_list_devices "
        "experimental_run_functions_eagerly",
        "one process computes, on a graph: leave it out",
    ),
    (
        "tf.contrib.layers",
        "scattered_embedding_column",
        "tf.contrib.layers.embedding_column of sparse_column_with_hash_bucket",
    ),
    ("tf.contrib.layers", "multi_class_target regression_target", _HEADS),
    ("tf.contrib.layers", "GDN gdn", "tf.contrib.layers.layer_norm or batch_norm"),
    (
        "tf.contrib.layers",
        "RevBlock rev_block recompute_grad",
        "write the layers themselves; tf.nn.dynamic_rnn recomputes with swap_memory=True",
    ),
    ("tf.contrib.framework", "TensorSpec BoundedTensorSpec", "pass the shape and the dtype"),
    ("tf.contrib.framework", "RecordInput", "tf.data.TFRecordDataset"),
    ("tf.contrib.framework", "VariableDeviceChooser", "nothing is placed by hand: leave it out"),
    ("tf.contrib.framework", "py_func", "tf.py_func"),
    ("tf.contrib.framework", "smart_case", "tf.case"),
    (
        "tf.contrib.framework",
        "load_and_remap_matrix_initializer load_embedding_initializer "
        "load_linear_multiclass_bias_initializer load_variable_slot_initializer",
        _SERVED_LATER,
    ),
    ("tf.contrib.framework", "fuse_op", "leave it out"),
    ("tf.contrib.framework", "prepend_name_scope strip_name_scope", "join or cut the names in Python"),
    (
        "tf.contrib.training",
        "batch_sequences_with_states NextQueuedSequenceBatch SequenceQueueingStateSaver",
        _SEQUENCES,
    ),
    (
        "tf.contrib.training",
        "rejection_sample resample_at_rate stratified_sample weighted_resample",
        _SAMPLES,
    ),
    (
        "tf.contrib.training",
        "GreedyLoadBalancingStrategy RandomStrategy byte_size_load_fn",
        "nothing is placed by hand: leave it out",
    ),
    ("tf.contrib.training", "FeedingQueueRunner", "tf.train.QueueRunner, or feed_dict"),
    (
        "tf.contrib.opt",
        "AGNCustomGetter AGNOptimizer DropStaleGradientOptimizer ElasticAverageCustomGetter "
        "ElasticAverageOptimizer ModelAverageCustomGetter ModelAverageOptimizer",
        _WORKERS,
    ),
    ("tf.contrib.opt", "GGTOptimizer LARSOptimizer RegAdagradOptimizer ShampooOptimizer", _PLAIN),
    (
        "tf.contrib.opt",
        "ExternalOptimizerInterface ScipyOptimizerInterface",
        "hand the loss and tf.gradients to scipy.optimize, by session.run",
    ),
    (
        "tf.contrib.learn",
        "DNNEstimator DNNLinearCombinedEstimator DynamicRnnEstimator KMeansClustering "
        "LinearEstimator LogisticRegressor SVM BaseEstimator Evaluable Trainable "
        "TensorFlowEstimator TensorFlowRNNClassifier TensorFlowRNNRegressor TensorFlowDNNClassifier",
        _READY_MADE,
    ),
    (
        "tf.contrib.learn",
        "Head ProblemType binary_svm_head head multi_class_head multi_head multi_label_head "
        "no_op_train_fn poisson_regression_head regression_head",
        _HEADS,
    ),
    (
        "tf.contrib.learn",
        "ExportStrategy InputFnOps build_parsing_serving_input_fn make_export_strategy utils",
        _EXPORT,
    ),
    (
        "tf.contrib.learn",
        "evaluate infer run_feeds run_n train graph_actions",
        "tf.contrib.learn.Estimator, or tf.train.MonitoredTrainingSession",
    ),
    ("tf.contrib.learn", "TaskType", "one process trains: leave it out"),
    ("tf.contrib.learn", "ops", "tf.nn and tf.layers have the same functions"),
    ("tf.contrib.learn", "extract_dask_data extract_dask_labels", "compute() the table and pass that"),
    *[
        (
            module,
            "read_batch_examples read_batch_features read_batch_record_features read_keyed_batch_examples "
            "read_keyed_batch_examples_shared_queue read_keyed_batch_features "
            "read_keyed_batch_features_shared_queue queue_parsed_features",
            _EXAMPLES,
        )
        for module in ("tf.contrib.learn", "tf.contrib.learn.io")
    ],
    ("tf.contrib.learn.io", "generator_input_fn", "tf.data.Dataset.from_generator in an input_fn"),
    ("tf.contrib.learn.monitors", "CheckpointSaver", "tf.train.CheckpointSaverHook"),
    ("tf.contrib.learn.monitors", "ExportMonitor", _EXPORT),
    ("tf.contrib.learn.monitors", "GraphDump", "tf.contrib.learn.monitors.CaptureVariable keeps values"),
    (
        "tf.contrib.learn.models",
        "bidirectional_rnn get_rnn_model",
        "tf.nn.bidirectional_dynamic_rnn or tf.nn.dynamic_rnn",
    ),
    (
        "tf.contrib.metrics",
        "auc_using_histogram auc_with_confidence_intervals precision_at_recall "
        "precision_recall_at_equal_thresholds recall_at_precision streaming_concat streaming_curve_points "
        "streaming_dynamic_auc streaming_false_negative_rate_at_thresholds "
        "streaming_false_positive_rate_at_thresholds",
        _CURVES,
    ),
    ("tf.contrib", "image", _IMAGES),
    ("tf.contrib", "cluster_resolver", "there are no TPUs here: pass cluster=None, and use_tpu=False"),
    ("tf.contrib.tpu", "bfloat16_scope", "leave it out: numbers are float32 here"),
    ("tf.keras", "applications", "pretrained models are not served: build the layers"),
    ("tf.keras", "estimator", "model.fit trains; tf.estimator.Estimator takes a model_fn"),
    ("tf.keras", "experimental", "tf.keras.layers and tf.train.cosine_decay have the same"),
    ("tf.keras", "mixed_precision", "numbers are float32 here: leave it out"),
    ("tf.keras.preprocessing", "image", _IMAGES),
    ("tf.keras.callbacks", "RemoteMonitor", "tf.keras.callbacks.LambdaCallback"),
    ("tf.keras.utils", "GeneratorEnqueuer OrderedEnqueuer SequenceEnqueuer", _THREADS),
    ("tf.keras.utils", "HDF5Matrix", "h5py.File gives the array"),
    ("tf.keras.utils", "model_to_dot", "model.summary() tells the layers"),
    ("tf.keras.utils", "multi_gpu_model", "one device trains: use the model itself"),
    (
        "tf.keras.metrics",
        "MeanRelativeError MeanTensor SensitivityAtSpecificity SpecificityAtSensitivity",
        "tf.metrics has the same as functions",
    ),
    ("tf.keras.constraints", "RadialConstraint radial_constraint", "a function of the weights"),
    ("tf.estimator", "BestExporter", "tf.estimator.FinalExporter or tf.estimator.LatestExporter"),
    (
        "tf.estimator",
        "BinaryClassHead Head LogisticRegressionHead MultiClassHead MultiHead MultiLabelHead "
        "PoissonRegressionHead RegressionHead",
        _HEADS,
    ),
    ("tf.estimator", "VocabInfo", "tf.train.init_from_checkpoint"),
    (
        "tf.estimator.experimental",
        "InMemoryEvaluatorHook KMeans LinearSDCA build_raw_supervised_input_receiver_fn call_logit_fn "
        "make_stop_at_checkpoint_step_hook",
        "tf.estimator.train_and_evaluate, and hooks of tf.train",
    ),
    ("tf.estimator", "tpu", "there are no TPUs here: tf.estimator.Estimator"),
    (
        "tf.image",
        "combined_non_max_suppression draw_bounding_boxes non_max_suppression_overlaps "
        "non_max_suppression_padded non_max_suppression_with_scores sample_distorted_bounding_box",
        _BOXES,
    ),
    ("tf.image", "random_jpeg_quality", "tf.image.adjust_jpeg_quality with one quality"),
    ("tf.image", "ssim_multiscale", "tf.image.ssim at each scale"),
    (
        "tf.data.experimental",
        "CheckpointInputPipelineHook make_saveable_from_iterator",
        "keep the number of steps, and skip as many elements",
    ),
    (
        "tf.data.experimental",
        "RaggedTensorStructure SparseTensorStructure Structure TensorArrayStructure TensorStructure",
        "dataset.output_types and dataset.output_shapes",
    ),
    ("tf.data.experimental", "StatsAggregator", "`ostinato run --profile` times a script's operations"),
]

FAMILIES: dict[str, str] = {
    f"{module}.{name}": instead for module, names, instead in _FAMILIES for name in names.split()
}
