// Vectors of one instruction set, and the functions of them that gates need.
//
// Each build of the library compiles this for one instruction set (see build.py); everything stands in an
// unnamed namespace, so that no two builds share a symbol. Vector extensions of GCC and Clang keep one text
// for x86 and Arm.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define OSTINATO_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define OSTINATO_VECTOR_BYTES 32
#else
#define OSTINATO_VECTOR_BYTES 16
#endif

namespace {

using int64 = std::int64_t;

template <class T>
struct Simd;

template <>
struct Simd<float> {
    typedef float Vector __attribute__((vector_size(OSTINATO_VECTOR_BYTES)));
    typedef float Unaligned __attribute__((vector_size(OSTINATO_VECTOR_BYTES), aligned(4), may_alias));
    typedef std::int32_t Integers __attribute__((vector_size(OSTINATO_VECTOR_BYTES)));
};

template <>
struct Simd<double> {
    typedef double Vector __attribute__((vector_size(OSTINATO_VECTOR_BYTES)));
    typedef double Unaligned __attribute__((vector_size(OSTINATO_VECTOR_BYTES), aligned(8), may_alias));
    typedef std::int64_t Integers __attribute__((vector_size(OSTINATO_VECTOR_BYTES)));
};

template <class T>
using Vector = typename Simd<T>::Vector;

template <class T>
constexpr int64 lanes = OSTINATO_VECTOR_BYTES / int64(sizeof(T));

constexpr int64 round_up(int64 n, int64 multiple) { return (n + multiple - 1) / multiple * multiple; }

template <class T>
inline Vector<T> load(const T* p) {
    return *reinterpret_cast<const typename Simd<T>::Unaligned*>(p);
}

template <class T>
inline void store(T* p, Vector<T> v) {
    *reinterpret_cast<typename Simd<T>::Unaligned*>(p) = v;
}

// The first `count` lanes; the others are zeros, and what stands there in memory is not touched.
template <class T>
inline Vector<T> load(const T* p, int64 count) {
    if (count >= lanes<T>) return load(p);
    Vector<T> v = {};
    std::memcpy(&v, p, size_t(count) * sizeof(T));
    return v;
}

template <class T>
inline void store(T* p, Vector<T> v, int64 count) {
    if (count >= lanes<T>)
        store(p, v);
    else
        std::memcpy(p, &v, size_t(count) * sizeof(T));
}

// `v` with zeros past its first `count` lanes. Lanes that are no units hold what an infinite input times a weight
// of zero gives: NaN, which would spread through the next product.
template <class T>
inline Vector<T> first_lanes(Vector<T> v, int64 count) {
    return count >= lanes<T> ? v : load(reinterpret_cast<const T*>(&v), count);
}

template <class T>
inline Vector<T> all_lanes(T x) {
    return x - Vector<T>{};  // not 0 + x: that is another number where x is -0, so a compiler must add
}

// x within [low, high]; a NaN stays one.
template <class T>
inline Vector<T> clamp(Vector<T> x, T low, T high) {
    x = x < low ? all_lanes<T>(low) : x;
    return x > high ? all_lanes<T>(high) : x;
}

#if defined(__AVX512F__)
// The second operand of max and min is the answer where either is a NaN.
template <>
inline Vector<float> clamp<float>(Vector<float> x, float low, float high) {
    return _mm512_min_ps(_mm512_set1_ps(high), _mm512_max_ps(_mm512_set1_ps(low), x));
}
#elif defined(__AVX2__)
template <>
inline Vector<float> clamp<float>(Vector<float> x, float low, float high) {
    return _mm256_min_ps(_mm256_set1_ps(high), _mm256_max_ps(_mm256_set1_ps(low), x));
}
#endif

template <class T>
inline bool any_nonzero(Vector<T> v) {
    auto nonzero = v != T(0);  // a NaN is not zero
    typename Simd<T>::Integers bits = nonzero;
    for (int64 i = 0; i < lanes<T>; ++i)
        if (bits[i]) return true;
    return false;
}

#if defined(__AVX512F__)
template <>
inline bool any_nonzero<float>(Vector<float> v) {
    return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ) != 0;
}
#endif

// exp(x) for x in [-87, 88], to 1 unit in the last place near 0 and 3 at the ends: 2^n * p(r) with
// r = x - n ln 2. Adding 1.5 * 2^23 rounds to an integer, which is then read from the low bits.
inline Vector<float> exp_in_range(Vector<float> x) {
    using Integers = Simd<float>::Integers;
    const float magic = 12582912.0f;
    const Vector<float> shifted = x * 1.44269504088896341f + magic;
    const Vector<float> n = shifted - magic;
    const Vector<float> r = x - n * 0.693147180559945309f;
    Vector<float> p = all_lanes(0.008297654800117016f);
    p = p * r + 0.04191538318991661f;
    p = p * r + 0.16667574644088745f;
    p = p * r + 0.49998894333839417f;
    p = p * r + 0.9999997019767761f;
    p = p * r + 1.0000001192092896f;
    Integers exponent;
    std::memcpy(&exponent, &shifted, sizeof exponent);
    exponent = (exponent << 23) + 0x3f800000;
    Vector<float> scale;
    std::memcpy(&scale, &exponent, sizeof scale);
    return p * scale;
}

inline Vector<float> sigmoid(Vector<float> x) {
    return 1.0f / (1.0f + exp_in_range(clamp<float>(-x, -87.0f, 88.0f)));
}

// x P(x^2) / Q(x^2), a minimax fit on [-8, 8]; beyond, 1 - 2.4e-7, as tanh(8).
inline Vector<float> tanh(Vector<float> x) {
    x = clamp<float>(x, -8.0f, 8.0f);
    const Vector<float> y = x * x;
    Vector<float> p = all_lanes(1.5231350403155375e-08f);
    p = p * y + 2.1895355530432425e-05f;
    p = p * y + 0.0035716411657631397f;
    p = p * y + 0.13444533944129944f;
    p = p * y + 1.0f;
    Vector<float> q = all_lanes(8.522834491486719e-07f);
    q = q * y + 0.0003411361831240356f;
    q = q * y + 0.02616460807621479f;
    q = q * y + 0.46777862310409546f;
    q = q * y + 1.0f;
    return x * p / q;
}

// Double precision is for checking, not for speed: the C library's own.
inline Vector<double> sigmoid(Vector<double> x) {
    for (int64 i = 0; i < lanes<double>; ++i) x[i] = 1.0 / (1.0 + std::exp(-x[i]));
    return x;
}

inline Vector<double> tanh(Vector<double> x) {
    for (int64 i = 0; i < lanes<double>; ++i) x[i] = std::tanh(x[i]);
    return x;
}

// Numbered as ACTIVATIONS in library.py.
enum Activation : int64 { kTanh, kRelu, kSigmoid, kLinear };

template <class T>
inline Vector<T> activate(Vector<T> x, int64 activation) {
    switch (activation) {
        case kTanh:
            return tanh(x);
        case kRelu:
            return x < T(0) ? Vector<T>{} : x;  // a NaN stays one
        case kSigmoid:
            return sigmoid(x);
        default:
            return x;
    }
}

// d activation / d input, as a function of the activation's output.
template <class T>
inline Vector<T> derivative(Vector<T> y, int64 activation) {
    switch (activation) {
        case kTanh:
            return T(1) - y * y;
        case kRelu:
            return y > T(0) ? all_lanes<T>(1) : Vector<T>{};
        case kSigmoid:
            return y * (T(1) - y);
        default:
            return all_lanes<T>(1);
    }
}

}  // namespace
