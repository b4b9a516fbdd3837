// Whether this processor gets its products in bfloat16 right: asked once, when the library is loaded.
#pragma once

#include "products.h"

namespace {

// 0, or the number of the check that failed.
inline int self_check() {
#if OSTINATO_HAS_HALF
    constexpr int64 L = lanes<float>, kRows = 35, kDepth = 70, kPanels = 5;
    // Small whole numbers are exact in bfloat16, and so are their sums in float32, in any order.
    static float rows[kRows][kDepth], panels[kPanels][kDepth][L], found[kRows][kPanels * L];
    static Half rounded[kPanels * 96 * L];
    for (int64 i = 0; i < kRows; ++i)
        for (int64 k = 0; k < kDepth; ++k) rows[i][k] = float((i * 7 + k * 3) % 11 - 5);
    for (int64 n = 0; n < kPanels; ++n)
        for (int64 k = 0; k < kDepth; ++k)
            for (int64 lane = 0; lane < L; ++lane) panels[n][k][lane] = float((n * 5 + k * 2 + lane) % 13 - 6);
    Packed<float> matrix;
    matrix.data = &panels[0][0][0], matrix.half = rounded;
    matrix.depth = kDepth, matrix.panels = kPanels, matrix.half_depth = round_up(kDepth, kHalfDepth);
    matrix.round(0, kPanels);
    for (int check = 1; check <= 2; ++check) {
        matrix.in_tiles = check == 2 && fills_tiles(kRows);
        const float one[kTilePanels * L] = {1.0f};
        const bool done = multiply_half(
            kRows, 0, kPanels, kTilePanels, [&](int64, int64) -> const float* { return one; },
            [&](int64 i, int64 panel, int64 count, const float* values) {
                std::memcpy(found[i] + panel * L, values, size_t(count * L) * sizeof(float));
            },
            Factor{matrix, [&](int64 i) { return static_cast<const float*>(rows[i]); }});
        if (!done) continue;
        for (int64 i = 0; i < kRows; ++i)
            for (int64 n = 0; n < kPanels; ++n)
                for (int64 lane = 0; lane < L; ++lane) {
                    float expected = n % kTilePanels == 0 && lane == 0 ? 1.0f : 0.0f;
                    for (int64 k = 0; k < kDepth; ++k) expected += rows[i][k] * panels[n][k][lane];
                    if (found[i][n * L + lane] != expected) return check;
                }
    }
#endif
    return 0;
}

}  // namespace
