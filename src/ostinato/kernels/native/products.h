// Products of many rows with a packed matrix, tile by tile.
#pragma once

#include "gemm.h"
#include "half.h"
#include "team.h"
#include "workspace.h"

namespace {

// A packed matrix: `depth` rows, `panels` panels of columns.
template <class T>
struct Packed {
    T* data = nullptr;
    Half* half = nullptr;  // the same rounded to bfloat16, where products are to use that; see half.h
    int64 depth = 0, panels = 0, half_depth = 0;
    bool in_tiles = false;  // of the matrix unit, where there is one

    // `half_batch`: 0 for products as they are, else the batch whose products are to round to bfloat16.
    void layout(Workspace& workspace, int64 rows, int64 panel_count, int64 half_batch = 0) {
        depth = rows, panels = panel_count;
        workspace.take(data, rows * panel_count * lanes<T>);
        if (!kHasHalf || half_batch == 0) return;
        in_tiles = fills_tiles(half_batch);
        half_depth = round_up(rows, kHalfDepth);
        workspace.take(half, half_depth * panel_count * lanes<T>);
    }
    // Once the panels [begin, end) are packed.
    void round([[maybe_unused]] int64 begin, [[maybe_unused]] int64 end) const {
#if OSTINATO_HAS_HALF
        if constexpr (std::is_same_v<T, float>)
            for (int64 n = begin; half && n < end; ++n)
                panel_to_half(panel(n), depth, half_depth, half + n * half_stride());
#endif
    }
    int64 half_stride() const { return half_depth * lanes<T>; }
    int64 stride() const { return depth * lanes<T>; }
    const T* panel(int64 n) const { return data + n * stride(); }
    int64 bytes() const { return depth * panels * lanes<T> * int64(sizeof(T)); }
};

// What one product adds up: rows of `row(index)` with the matrix.
template <class T, class Row>
struct Factor {
    const Packed<T>& matrix;
    Row row;  // index -> const T*
};
template <class T, class Row>
Factor(const Packed<T>&, Row) -> Factor<T, Row>;

#if OSTINATO_HAS_HALF

// One operand of a product: rows and a matrix, both rounded to bfloat16.
struct HalfFactor {
    const Half* rows;    // `depth` apart, and there up to a multiple of 16
    const Half* panels;  // those of the whole matrix
    int64 depth, panel_stride;
};

template <class Init, class Take>
void multiply_rounded(const HalfFactor* factors, int factor_count, bool in_tiles, int64 count, int64 begin, int64 end,
                      int64 group, Init init, Take take) {
    constexpr int64 L = lanes<float>;
    alignas(64) float values[kMostHalfRows * kTilePanels * L];
    alignas(64) float start[kMostHalfRows * kTilePanels * L] = {};
    HalfSegment segments[2];
#if OSTINATO_HAS_AMX
    const AmxSession session;
#endif
    for (int64 panel = begin; panel < end; panel += group) {
        const int64 panels = end - panel < group ? end - panel : group;
        for (int64 done = 0; done < count;) {
            const int64 rest = count - done;
            const int64 rows = in_tiles ? (rest < kMostHalfRows ? rest : kMostHalfRows) : tile_rows(count, done);
            for (int s = 0; s < factor_count; ++s)
                segments[s] = {factors[s].rows + done * factors[s].depth, factors[s].depth,
                               factors[s].panels + panel * factors[s].panel_stride, factors[s].panel_stride};
            const float* first = init(done, panel);
            if (first) {
                for (int64 r = 0; r < rows; ++r)
                    for (int64 n = 0; n < panels; ++n)
                        store(start + (r * kTilePanels + n) * L, load(init(done + r, panel) + n * L));
                first = start;
            }
#if OSTINATO_HAS_AMX
            if (in_tiles)
                amx_tile(segments, factor_count, rows, panels, first, kTilePanels * L, values, kTilePanels * L);
            else
#endif
                half_tile_for(rows, panels)(segments, factor_count, first, kTilePanels * L, values, kTilePanels * L);
            for (int64 r = 0; r < rows; ++r) take(done + r, panel, panels, values + r * kTilePanels * L);
            done += rows;
        }
    }
}

// `multiply` with rows and matrices rounded to bfloat16; false where there is no memory to round rows in.
template <class Init, class Take, class... Factors>
bool multiply_half(int64 count, int64 begin, int64 end, int64 group, Init init, Take take, const Factors&... factors) {
    constexpr int kFactors = int(sizeof...(Factors));
    const int64 room = round_up(count, 16);
    Half* rounded = half_rows(room * (factors.matrix.half_depth + ...));
    if (!rounded) return false;
    HalfFactor operands[kFactors];
    int s = 0;
    bool in_tiles = false;
    const auto round_rows = [&](const auto& factor) {
        const auto& matrix = factor.matrix;
        operands[s++] = {rounded, matrix.half, matrix.half_depth, matrix.half_stride()};
        for (int64 i = 0; i < count; ++i)
            row_to_half(factor.row(i), matrix.depth, matrix.half_depth, rounded + i * matrix.half_depth);
        rounded += room * matrix.half_depth;
        in_tiles = matrix.in_tiles;
    };
    (round_rows(factors), ...);
    multiply_rounded(operands, kFactors, in_tiles, count, begin, end, group, init, take);
    return true;
}

#endif

// For `count` rows and the panels [begin, end): the sum of the factors' products and what `init(index, panel)`
// points to (null: zeros), in tiles. `take(index, panel, panels, values)` gets each row of a tile. Panels are
// cut into groups of `group`, and are the outer loop: a group stays in the first-level cache for all rows.
//
// `turn` takes the groups from the last to the first. A step that begins with what the step before it ended with
// finds that in its cache: with few rows, reading the weights is most of the work.
template <class T, class Init, class Take, class... Factors>
inline void multiply_turning(bool turn, int64 count, int64 begin, int64 end, int64 group, Init init, Take take,
                             const Factors&... factors) {
    constexpr int64 L = lanes<T>;
#if OSTINATO_HAS_HALF
    if constexpr (std::is_same_v<T, float>)
        if ((factors.matrix.half && ...) && multiply_half(count, begin, end, group, init, take, factors...)) return;
#endif
    alignas(64) T values[kTileRows * kTilePanels * L];
    alignas(64) T start[kTileRows * kTilePanels * L];
    constexpr int kFactors = int(sizeof...(Factors));
    const T* pointers[kFactors > 0 ? kFactors : 1][kTileRows];
    Segment<T> segments[kFactors > 0 ? kFactors : 1];
    const int64 groups = (end - begin + group - 1) / group;
    for (int64 index = 0; index < groups; ++index) {
        const int64 panel = begin + (turn ? groups - 1 - index : index) * group;
        const int64 panels = end - panel < group ? end - panel : group;
        for (int64 done = 0; done < count;) {
            const int64 rows = tile_rows(count, done);
            int s = 0;
            const auto segment = [&](const auto& factor) {
                for (int64 r = 0; r < rows; ++r) pointers[s][r] = factor.row(done + r);
                segments[s] = {pointers[s], factor.matrix.depth, factor.matrix.panel(panel), factor.matrix.stride()};
                ++s;
            };
            (segment(factors), ...);
            const T* first = init(done, panel);
            int64 stride = 0;
            if (first && rows > 1) {
                // Rows that start from the same values, or from rows of one stride, need no copy.
                stride = init(done + 1, panel) - first;
                for (int64 r = 2; r < rows; ++r)
                    if (init(done + r, panel) != first + r * stride) {
                        for (int64 i = 0; i < rows; ++i)
                            for (int64 n = 0; n < panels; ++n)
                                store(start + (i * kTilePanels + n) * L, load(init(done + i, panel) + n * L));
                        first = start, stride = kTilePanels * L;
                        break;
                    }
            }
            tile_for<T>(rows, panels)(segments, kFactors, first, stride, values, kTilePanels * L);
            for (int64 r = 0; r < rows; ++r) take(done + r, panel, panels, values + r * kTilePanels * L);
            done += rows;
        }
    }
}

template <class T, class Init, class Take, class... Factors>
inline void multiply(int64 count, int64 begin, int64 end, int64 group, Init init, Take take,
                     const Factors&... factors) {
    multiply_turning<T>(false, count, begin, end, group, init, take, factors...);
}

// No initial values.
template <class T>
inline auto from_zero() {
    return [](int64, int64) -> const T* { return nullptr; };
}

// Sums over pairs run over so many rows at a time, which stay in the first-level cache.
constexpr int64 kRowsInCache = 128;

// sums [left columns][width] += sum over p of left[p][m] * right[p][n]: a member's part of the tiles, each
// summed over all p in order. `sums` rows are `width` = vectors * lanes long.
template <class T>
void accumulate_outer(const Team::Member& member, const T* const* left, int64 columns, const T* const* right,
                      int64 vectors, int64 rows, T* sums) {
    constexpr int64 L = lanes<T>;
    const int64 tall = (columns + kTileRows - 1) / kTileRows, wide = (vectors + kTilePanels - 1) / kTilePanels;
    const int64 last = member.end(tall * wide);
    for (int64 index = member.begin(tall * wide); index < last;) {
        const int64 n = index / tall * kTilePanels, panels = vectors - n < kTilePanels ? vectors - n : kTilePanels;
        const int64 from = index % tall, to = from + (last - index) < tall ? from + (last - index) : tall;
        for (int64 p = 0; p < rows; p += kRowsInCache) {
            const int64 part = rows - p < kRowsInCache ? rows - p : kRowsInCache;
            for (int64 i = from; i < to; ++i) {
                // Cut as tile_rows cuts, but by index: tiles of equal height.
                const int64 m = columns * i / tall, height = columns * (i + 1) / tall - m;
                outer_tile_for<T>(height, panels)(left + p, m, right + p, n * L, part,
                                                  sums + m * vectors * L + n * L, vectors * L);
            }
        }
        index += to - from;
    }
}

// The operands of `accumulate_outer` rounded to bfloat16, in memory that the team shares.
struct HalfOuter {
    Half* left = nullptr;   // [columns][pairs], transposed
    Half* right = nullptr;  // [vector][pairs / 2][lane][2]

    void layout(Workspace& workspace, int64 columns, int64 vectors, int64 width, int64 pairs) {
        const int64 depth = round_up(pairs, kHalfDepth);
        workspace.take(left, round_up(columns, 16) * depth);
        workspace.take(right, vectors * width * depth);
    }
};

// `accumulate_outer` with operands rounded to bfloat16. Whole panels are shared out. The team meets inside, and
// must meet again before the operands' memory is used anew.
template <class T>
void accumulate_outer_half([[maybe_unused]] const Team::Member& member, [[maybe_unused]] const HalfOuter& memory,
                           [[maybe_unused]] bool in_tiles, [[maybe_unused]] const T* const* left,
                           [[maybe_unused]] int64 columns, [[maybe_unused]] const T* const* right,
                           [[maybe_unused]] int64 vectors, [[maybe_unused]] int64 rows, [[maybe_unused]] T* sums) {
#if OSTINATO_HAS_HALF
    if constexpr (std::is_same_v<T, float>) {
        constexpr int64 L = lanes<float>;
        const int64 depth = round_up(rows, kHalfDepth), begin = member.begin(vectors), end = member.end(vectors);
        for (int64 n = begin; n < end; ++n) {
            Half* target = memory.right + n * depth * L;
            for (int64 p = 0; p < depth; p += 2)
                store_pairs(target + p * L, p < rows ? load(right[p] + n * L) : Vector<float>{},
                            p + 1 < rows ? load(right[p + 1] + n * L) : Vector<float>{});
        }
        const int64 groups = (columns + L - 1) / L;
        for (int64 group = member.begin(groups); group < member.end(groups); ++group) {
            const int64 m = group * L, valid = columns - m < L ? columns - m : L;
            Half* target = memory.left + m * depth;
            for (int64 p = 0; p < depth; ++p) {
                const auto bits = to_half(p < rows ? load(left[p] + m, valid) : Vector<float>{});
                for (int64 i = 0; i < valid; ++i) target[i * depth + p] = Half(bits[i]);
            }
        }
        member.barrier();
        const HalfFactor operand{memory.left, memory.right, depth, depth * L};
        multiply_rounded(
            &operand, 1, in_tiles, columns, begin, end, kTilePanels,
            [&](int64 m, int64 panel) -> const float* { return sums + m * vectors * L + panel * L; },
            [&](int64 m, int64 panel, int64 panels, const float* values) {
                float* target = sums + m * vectors * L + panel * L;
                for (int64 n = 0; n < panels; ++n) store(target + n * L, load(values + n * L));
            });
    }
#endif
}

// sums [width] += sum over p of right[p], a member's part of the vectors.
template <class T>
void accumulate_rows(const Team::Member& member, const T* const* right, int64 vectors, int64 rows, T* sums) {
    constexpr int64 L = lanes<T>;
    for (int64 n = member.begin(vectors); n < member.end(vectors); ++n) {
        Vector<T> sum = load(sums + n * L);
        for (int64 p = 0; p < rows; p += kRowsInCache) {
            const int64 end = rows - p < kRowsInCache ? rows : p + kRowsInCache;
            Vector<T> part = {};
            for (int64 i = p; i < end; ++i) part += load(right[i] + n * L);
            sum += part;
        }
        store(sums + n * L, sum);
    }
}

}  // namespace
