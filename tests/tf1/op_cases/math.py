"""Elementwise functions beyond arithmetic, segments, running sums, counts and reductions made of others."""

CASES = {}
BOUNDS = {"digamma": 1e-9}


def _elementwise():
    inside = "acos asin atanh atan erf erfc tan sinh cosh asinh expm1 lgamma digamma rint is_inf log_sigmoid"
    for name in inside.split():
        CASES[name] = lambda tf, x, name=name: getattr(tf, name)(
            x.floats([3, 4], low=0.1, high=0.9, dtype="float64")
        )
    CASES["acosh"] = lambda tf, x: tf.acosh(x.floats([5], low=1.1, high=3.0))
    for name in ["bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "reciprocal_no_nan"]:
        CASES["math." + name] = lambda tf, x, name=name: getattr(tf.math, name)(x.floats([4]))
    for name in ["div_no_nan", "atan2"]:
        CASES[name] = lambda tf, x, name=name: getattr(tf, name)(
            x.floats([4]), x.constant([1.0, 0.0, -2.0, 0.5], "float32", gradient=True)
        )
    for name in ["multiply_no_nan", "xdivy", "xlogy"]:
        CASES["math." + name] = lambda tf, x, name=name: getattr(tf.math, name)(
            x.constant([1.0, 0.0, -2.0, 0.5], "float32", gradient=True), x.positive([4])
        )
    for name in ["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"]:
        CASES["bitwise." + name] = lambda tf, x, name=name: getattr(tf.bitwise, name)(
            x.integers(1, 60, [5]), x.integers(0, 5, [5], seed=1)
        )
    for name in ["truncatediv", "truncatemod", "floor_div"]:
        CASES[name] = lambda tf, x, name=name: getattr(tf, name)(
            x.integers(-9, 9, [6]), x.integers(1, 5, [6], seed=1)
        )
    for name in ["segment_sum", "segment_mean", "segment_prod", "segment_max", "segment_min"]:
        CASES[name] = lambda tf, x, name=name: [
            getattr(tf, name)(x.floats([5, 2]), [0, 0, 2, 2, 3]),
            getattr(tf.math, name)(x.integers(-5, 9, [4]), tf.constant([1, 1, 1, 2], tf.int64)),
        ]
    for name in ["sum", "mean", "prod", "max", "min", "sqrt_n"]:
        CASES["unsorted_segment_" + name] = lambda tf, x, name=name: [
            getattr(tf, "unsorted_segment_" + name)(x.floats([5, 2]), [3, 0, -1, 3, 0], 5),
            getattr(tf, "unsorted_segment_" + name)(x.floats([2, 3]), [[0, 1, 1], [2, 0, 0]], tf.constant(3)),
        ]
    for name in ["cumsum", "cumprod"]:
        CASES[name] = lambda tf, x, name=name: [
            getattr(tf, name)(x.floats([3, 4])),
            getattr(tf, name)(x.floats([3, 4]), axis=1, exclusive=True),
            getattr(tf, name)(x.floats([3, 4]), -1, reverse=True),
            getattr(tf, name)(x.integers(1, 5, [4]), exclusive=True, reverse=True),
        ]


_elementwise()
CASES.update(
    {
        "gammas": lambda tf, x: [
            tf.igamma(x.positive([4], gradient=False), x.positive([4], 1)),
            tf.igammac(x.positive([4], gradient=False), x.positive([4], 1)),
            tf.polygamma(tf.constant([0.0, 1.0, 2.0, 3.0]), x.positive([4])),
            tf.zeta(tf.constant([2.0, 3.0, 1.5, 4.0]), x.positive([4])),
            tf.lbeta(x.positive([3, 2])),
        ],
        "igamma in both": lambda tf, x: tf.igamma(
            x.positive([4], dtype="float64"), x.positive([4], 1, dtype="float64")
        ),
        "betainc": lambda tf, x: tf.betainc(
            x.positive([6], gradient=False),
            x.positive([6], 1, gradient=False),
            x.floats([6], low=0.05, high=0.95),
        ),
        "complex numbers": lambda tf, x: [
            tf.complex(x.floats([3]), x.floats([3], 1)),
            tf.real(tf.complex(x.floats([3]), x.floats([3], 1))),
            tf.imag(tf.complex(x.floats([3]), x.floats([3], 1))),
            tf.abs(tf.complex(x.floats([3]), x.floats([3], 1))),
            tf.conj(tf.complex(x.floats([3]), x.floats([3], 1))),
            tf.complex(x.floats([2]), x.floats([2], 1)) * tf.complex(x.floats([2], 2), x.floats([2], 3)),
            tf.real(x.floats([2])),
        ],
        "angle": lambda tf, x: [
            tf.angle(x.constant([1 + 2j, -3 - 1j], "complex64")),
            tf.imag(x.constant([1 + 2j, -3 - 1j], "complex64")),
            tf.imag(x.floats([2], gradient=False)),
        ],
        "invert": lambda tf, x: tf.bitwise.invert(x.integers(-5, 5, [4])),
        "nextafter": lambda tf, x: tf.math.nextafter(x.floats([3]), x.floats([3], 1)),
        "polyval": lambda tf, x: tf.math.polyval([1.0, x.floats([2]), x.floats([2], 1)], x.floats([2], 2)),
        "scalar_mul": lambda tf, x: [
            tf.scalar_mul(2.0, x.floats([3])),
            tf.scalar_mul(x.floats([]), tf.IndexedSlices(x.floats([2, 3]), tf.constant([4, 1]))),
        ],
        "accumulate_n": lambda tf, x: tf.accumulate_n([x.floats([3]), x.floats([3], 1), x.floats([3])]),
        "casts": lambda tf, x: [
            tf.saturate_cast(300 * x.floats([6]), tf.uint8),
            tf.to_double(x.floats([2])),
            tf.to_complex64(x.floats([2])),
            tf.to_complex128(x.floats([2])),
        ],
        "logsumexp": lambda tf, x: [
            tf.reduce_logsumexp(x.floats([3, 4])),
            tf.reduce_logsumexp(x.floats([3, 4]), axis=1),
            tf.reduce_logsumexp(x.floats([3, 4]), [0], keepdims=True),
            tf.reduce_logsumexp(x.floats([3, 4]), reduction_indices=[1], keep_dims=True),
        ],
        "variances": lambda tf, x: [
            tf.math.reduce_variance(x.floats([3, 4])),
            tf.math.reduce_std(x.floats([3, 4]), 1),
            tf.math.reduce_euclidean_norm(x.floats([3, 4]), 0, keepdims=True),
        ],
        "count_nonzero": lambda tf, x: [
            tf.count_nonzero([[0, 1], [2, 0], [3, 4]]),
            tf.count_nonzero([[0.0, 1.0], [2.0, 0.0]], 1, dtype=tf.int32),
            tf.count_nonzero(["", "a"]),
            tf.nn.zero_fraction(tf.constant([0.0, 1.0, 0.0])),
        ],
        "cumulative_logsumexp": lambda tf, x: [
            tf.math.cumulative_logsumexp(x.floats([4])),
            tf.math.cumulative_logsumexp(x.floats([2, 4]), 1, reverse=True),
        ],
        "histogram": lambda tf, x: [
            tf.histogram_fixed_width(x.floats([20]), [-1.0, 1.0], 5),
            tf.histogram_fixed_width_bins(x.floats([20]), [-1.0, 1.0], nbins=5),
        ],
        "bincount": lambda tf, x: [
            tf.bincount([1, 1, 3, 0]),
            tf.bincount([1, 1, 3], minlength=6),
            tf.bincount([1, 1, 3], maxlength=2, dtype=tf.int64),
            tf.bincount([1, 1, 3], weights=x.floats([3], gradient=False)),
        ],
        "confusion_matrix": lambda tf, x: [
            tf.confusion_matrix([1, 2, 4], [2, 2, 4]),
            tf.confusion_matrix(
                [1, 2, 0], [2, 2, 0], num_classes=4, weights=[1.0, 0.5, 2.0], dtype=tf.float32
            ),
        ],
        "sort": lambda tf, x: [
            tf.sort(x.floats([3, 5])),
            tf.sort(x.floats([3, 5]), axis=0, direction="DESCENDING"),
            tf.argsort(x.floats([3, 5])),
            tf.argsort(x.floats([3, 5]), 0, "DESCENDING"),
        ],
        "searchsorted": lambda tf, x: [
            tf.searchsorted([[1.0, 3.0, 9.0], [0.0, 2.0, 4.0]], [[0.5, 3.0], [9.0, 2.0]]),
            tf.searchsorted([1, 3, 3, 9], [3, 10], side="right", out_type=tf.int64),
        ],
        "linspace": lambda tf, x: [tf.lin_space(0.0, 1.0, 5), tf.linspace(2.0, -1.0, 4)],
        "edit_distance": lambda tf, x: [
            tf.edit_distance(
                tf.SparseTensor([[0, 0], [0, 1], [1, 0]], ["a", "x", "c"], [2, 2]),
                tf.SparseTensor([[0, 0], [0, 1], [0, 2], [1, 0]], ["a", "b", "x", "c"], [2, 3]),
            ),
            tf.edit_distance(
                tf.SparseTensor([[0, 0], [2, 0]], [1, 2], [4, 1]),
                tf.SparseTensor([[1, 0], [2, 0], [2, 1]], [1, 3, 2], [4, 2]),
                normalize=False,
            ),
        ],
    }
)
OTHER_NAMES = {
    "scalar_mul": "the indices of slices are named after their own node",
    "variances": "one node",
    "sort": "one node",
    "searchsorted": "one node",
}
