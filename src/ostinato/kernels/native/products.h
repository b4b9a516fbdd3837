// Products of many rows with a packed matrix, tile by tile.
#pragma once

#include "gemm.h"
#include "team.h"
#include "workspace.h"

namespace {

// A packed matrix: `depth` rows, `panels` panels of columns.
template <class T>
struct Packed {
    T* data = nullptr;
    int64 depth = 0, panels = 0;

    void layout(Workspace& workspace, int64 rows, int64 panel_count) {
        depth = rows, panels = panel_count;
        workspace.take(data, rows * panel_count * lanes<T>);
    }
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

// For `count` rows and the panels [begin, end): the sum of the factors' products and what `init(index, panel)`
// points to (null: zeros), in tiles. `take(index, panel, panels, values)` gets each row of a tile. Panels are
// cut into groups of `group`, and are the outer loop: a group stays in the first-level cache for all rows.
template <class T, class Init, class Take, class... Factors>
inline void multiply(int64 count, int64 begin, int64 end, int64 group, Init init, Take take,
                     const Factors&... factors) {
    constexpr int64 L = lanes<T>;
    alignas(64) T values[kTileRows * kTilePanels * L];
    alignas(64) T start[kTileRows * kTilePanels * L];
    constexpr int kFactors = int(sizeof...(Factors));
    const T* pointers[kFactors > 0 ? kFactors : 1][kTileRows];
    Segment<T> segments[kFactors > 0 ? kFactors : 1];
    for (int64 panel = begin; panel < end; panel += group) {
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
