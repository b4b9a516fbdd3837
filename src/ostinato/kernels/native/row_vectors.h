// Vectors along a row of any length, and the exponential that losses take of them.
#pragma once

#include "simd.h"

namespace {

// The first `count` lanes, and `rest` in the others.
inline Vector<float> load_or(const float* p, int64 count, float rest) {
    if (count >= lanes<float>) return load(p);
#if defined(__AVX512F__)
    return _mm512_mask_loadu_ps(_mm512_set1_ps(rest), __mmask16((1u << count) - 1), p);
#else
    Vector<float> v = all_lanes(rest);
    for (int64 i = 0; i < count; ++i) v[i] = p[i];
    return v;
#endif
}

inline void store_first(float* p, Vector<float> v, int64 count) {
    if (count >= lanes<float>) return store(p, v);
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, __mmask16((1u << count) - 1), v);
#else
    for (int64 i = 0; i < count; ++i) p[i] = v[i];
#endif
}

// exp(x) for x <= 0, to 1 unit in the last place: exactly 1 at 0, so that the loss of a certain row is 0, and 0
// where it would be subnormal, as at minus infinity. A NaN stays one. (1.5 * 2^23: see exp_in_range.)
inline Vector<float> exp_below(Vector<float> x) {
    using Integers = Simd<float>::Integers;
    const float magic = 12582912.0f;
    const Vector<float> inside = clamp<float>(x, -87.3f, 0.0f);
    const Vector<float> shifted = inside * 1.44269504088896341f + magic;
    const Vector<float> n = shifted - magic;
    const Vector<float> r = (inside - n * 0.693145751953125f) - n * 1.42860677e-6f;
    Vector<float> q = all_lanes(0.0013814542f);
    q = q * r + 0.008368745f;
    q = q * r + 0.04166839f;
    q = q * r + 0.16666521f;
    q = q * r + 0.49999994f;
    const Vector<float> p = (q * r) * r + r + 1.0f;
    Integers exponent;
    std::memcpy(&exponent, &shifted, sizeof exponent);
    exponent = (exponent << 23) + 0x3f800000;
    Vector<float> scale;
    std::memcpy(&scale, &exponent, sizeof scale);
    return x < -87.3f ? Vector<float>{} : p * scale;
}

// Calls of `vector(i, count)` for the vectors of a row, the last one of fewer lanes.
template <class Function>
inline void for_vectors(int64 classes, const Function& vector) {
    constexpr int64 L = lanes<float>;
    int64 i = 0;
    for (; i + L <= classes; i += L) vector(i, L);
    if (i < classes) vector(i, classes - i);
}

}  // namespace
