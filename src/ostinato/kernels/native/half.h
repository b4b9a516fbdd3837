// Products with operands rounded to bfloat16 and sums in float32, on instructions made for them. Builds for
// processors without those multiply float32, which is exact where this rounds.
//
// Two rows of a matrix stand as pairs: [panel][row / 2][lane][2]. Sums run over pairs in their order, whatever
// the tile. AVX-512 and AMX may round differently within one, so which of them multiplies follows from the
// batch alone.
#pragma once

#include "amx.h"
#include "gemm.h"
#include "workspace.h"

#if (defined(__AVX512BF16__) || defined(OSTINATO_EMULATE_AMX)) && OSTINATO_VECTOR_BYTES == 64
#define OSTINATO_HAS_HALF 1
#else
#define OSTINATO_HAS_HALF 0
#endif

namespace {

using Half = std::uint16_t;

// Rows of an operand are this deep, or a multiple of it: what a tile of AMX holds of a row.
constexpr int64 kHalfDepth = 32;

#if OSTINATO_HAS_HALF

constexpr bool kHasHalf = true;

// The nearest bfloat16 of each lane, ties to even, in the low bits; a NaN stays one.
inline Simd<float>::Integers to_half(Vector<float> x) {
    Simd<float>::Integers bits;
    std::memcpy(&bits, &x, sizeof bits);
    const auto rounded = ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) & 0xffff;
    return x == x ? rounded : Simd<float>::Integers{} + 0x7fc0;
}

// Two vectors as pairs of their lanes.
inline void store_pairs(Half* target, Vector<float> even, Vector<float> odd) {
    const auto pairs = to_half(even) | (to_half(odd) << 16);
    std::memcpy(target, &pairs, sizeof pairs);
}

inline void row_to_half(const float* row, int64 count, int64 padded, Half* target) {
    constexpr int64 L = lanes<float>;
    for (int64 i = 0; i < padded; i += L) {
        const Vector<float> x = i < count ? load(row + i, count - i) : Vector<float>{};
#if defined(__AVX512BF16__)
        const __m256bh rounded = _mm512_cvtneps_pbh(x);
        std::memcpy(target + i, &rounded, sizeof rounded);
#else
        const auto bits = to_half(x);
        for (int64 lane = 0; lane < L; ++lane) target[i + lane] = Half(bits[lane]);
#endif
    }
}

// A panel [depth][lane] as pairs, zeros to a depth of `padded`.
inline void panel_to_half(const float* panel, int64 depth, int64 padded, Half* target) {
    constexpr int64 L = lanes<float>;
    for (int64 k = 0; k < padded; k += 2)
        store_pairs(target + k * L, k < depth ? load(panel + k * L) : Vector<float>{},
                    k + 1 < depth ? load(panel + (k + 1) * L) : Vector<float>{});
}

struct HalfSegment {
    const Half* rows;  // the first row of the tile; the next ones stand `depth` apart
    int64 depth;
    const Half* panels;
    int64 panel_stride;
};

template <int R, int N>
void half_tile(const HalfSegment* segments, int count, const float* init, int64 init_stride, float* out,
               int64 out_stride) {
    constexpr int64 L = lanes<float>;
    Vector<float> sum[R][N];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) sum[r][n] = init ? load(init + r * init_stride + n * L) : Vector<float>{};
    for (int s = 0; s < count; ++s) {
        const HalfSegment& segment = segments[s];
        for (int64 k = 0; k < segment.depth; k += 2) {
#if defined(__AVX512BF16__)
            __m512bh w[N];
#pragma GCC unroll 4
            for (int n = 0; n < N; ++n)
                w[n] = (__m512bh)_mm512_loadu_si512(segment.panels + n * segment.panel_stride + k * L);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                int pair;
                std::memcpy(&pair, segment.rows + r * segment.depth + k, sizeof pair);
                const __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
#pragma GCC unroll 4
                for (int n = 0; n < N; ++n) sum[r][n] = _mm512_dpbf16_ps(sum[r][n], x, w[n]);
            }
#else
            for (int r = 0; r < R; ++r)
                for (int n = 0; n < N; ++n)
                    for (int64 lane = 0; lane < L; ++lane)
                        for (int i = 0; i < 2; ++i) {
                            const auto wide = [](Half h) {
                                const std::uint32_t bits = std::uint32_t(h) << 16;
                                float value;
                                std::memcpy(&value, &bits, 4);
                                return value;
                            };
                            sum[r][n][lane] +=
                                wide(segment.rows[r * segment.depth + k + i]) *
                                wide(segment.panels[n * segment.panel_stride + k * L + 2 * lane + i]);
                        }
#endif
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) store(out + r * out_stride + n * L, sum[r][n]);
}

using HalfTile = void (*)(const HalfSegment*, int, const float*, int64, float*, int64);

inline HalfTile half_tile_for(int64 rows, int64 panels) {
#define OSTINATO_ROW(R) {half_tile<R, 1>, half_tile<R, 2>, half_tile<R, 3>, half_tile<R, 4>}
    static constexpr HalfTile tiles[6][kTilePanels] = {OSTINATO_ROW(1), OSTINATO_ROW(2), OSTINATO_ROW(3),
                                                       OSTINATO_ROW(4), OSTINATO_ROW(5), OSTINATO_ROW(6)};
#undef OSTINATO_ROW
    return tiles[rows - 1][panels - 1];
}

#if OSTINATO_HAS_AMX

// 32 rows (or 16) and two panels (or one). Rows of the operands and of `init` are there to the full.
template <bool Two, bool Tall>
void amx_tile_pair(const HalfSegment* segments, int count, const float* init, int64 init_stride, float* out,
                   int64 out_stride) {
    constexpr int64 L = lanes<float>;
    if (init) {
        amx_load<0>(init, init_stride * 4);
        if (Two) amx_load<1>(init + L, init_stride * 4);
        if (Tall) amx_load<2>(init + kAmxRows * init_stride, init_stride * 4);
        if (Tall && Two) amx_load<3>(init + kAmxRows * init_stride + L, init_stride * 4);
    } else {
        amx_zero<0>(), amx_zero<1>(), amx_zero<2>(), amx_zero<3>();
    }
    for (int s = 0; s < count; ++s) {
        const HalfSegment& segment = segments[s];
        const int64 row = segment.depth * 2;
        for (int64 k = 0; k < segment.depth; k += kHalfDepth) {
            amx_load<4>(segment.rows + k, row);
            amx_load<6>(segment.panels + k * L, 64);
            amx_dot<0, 4, 6>();
            if (Two) {
                amx_load<7>(segment.panels + segment.panel_stride + k * L, 64);
                amx_dot<1, 4, 7>();
            }
            if (Tall) {
                amx_load<5>(segment.rows + kAmxRows * segment.depth + k, row);
                amx_dot<2, 5, 6>();
                if (Two) amx_dot<3, 5, 7>();
            }
        }
    }
    amx_store<0>(out, out_stride * 4);
    if (Two) amx_store<1>(out + L, out_stride * 4);
    if (Tall) amx_store<2>(out + kAmxRows * out_stride, out_stride * 4);
    if (Tall && Two) amx_store<3>(out + kAmxRows * out_stride + L, out_stride * 4);
}

inline void amx_tile(const HalfSegment* segments, int count, int64 rows, int64 panels, const float* init,
                     int64 init_stride, float* out, int64 out_stride) {
    constexpr int64 L = lanes<float>;
    for (int64 n = 0; n < panels; n += 2) {
        HalfSegment shifted[2];
        for (int s = 0; s < count; ++s) {
            shifted[s] = segments[s];
            shifted[s].panels += n * segments[s].panel_stride;
        }
        const auto run = rows > kAmxRows ? (panels - n > 1 ? amx_tile_pair<true, true> : amx_tile_pair<false, true>)
                                         : (panels - n > 1 ? amx_tile_pair<true, false> : amx_tile_pair<false, false>);
        run(shifted, count, init ? init + n * L : nullptr, init_stride, out + n * L, out_stride);
    }
}

constexpr int64 kMostHalfRows = 2 * kAmxRows;
// A smaller batch leaves the unit half empty.
constexpr bool fills_tiles(int64 batch) { return batch >= kAmxRows / 2; }

#else

constexpr int64 kMostHalfRows = 6;
constexpr bool fills_tiles(int64) { return false; }

#endif

// This thread's memory for rows rounded to bfloat16.
inline Half* half_rows(int64 count) {
    static thread_local KeptBlock block;
    return reinterpret_cast<Half*>(block.reserve(count * int64(sizeof(Half))));
}

#else

constexpr bool kHasHalf = false;
constexpr bool fills_tiles(int64) { return false; }

#endif

}  // namespace
