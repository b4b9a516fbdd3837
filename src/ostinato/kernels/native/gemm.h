// Matrix products over tiles that stay in registers.
//
// A packed matrix is cut into panels, one vector of columns wide and all its rows deep: [panel][row][lane].
// The columns of gates stand interleaved, `[units / lanes][gate][lane]`, so that neighbouring panels hold all
// gates of the same units, and a tile has in registers what a unit's new state needs.
//
// Each element is summed over the rows of its panel in their order, whatever the tile: the result does not
// depend on how rows and columns are dealt out to threads.
#pragma once

#include <type_traits>

#include "simd.h"

namespace {

// The gates of `units` units in interleaved order.
template <class T>
struct Columns {
    int64 gates, units;

    int64 vectors() const { return (units + lanes<T> - 1) / lanes<T>; }  // of units
    int64 panels() const { return vectors() * gates; }
    int64 width() const { return panels() * lanes<T>; }
    int64 valid(int64 vector) const {  // how many lanes of a vector of units are units
        const int64 rest = units - vector * lanes<T>;
        return rest < lanes<T> ? rest : lanes<T>;
    }
};

// The rows of an operand: where each begins.
template <class T>
struct Segment {
    const T* const* rows;  // one pointer a row of the tile
    int64 depth;           // elements of a row
    const T* panels;       // the first panel of the tile
    int64 panel_stride;    // from one panel to the next, in elements
};

#if OSTINATO_VECTOR_BYTES == 64 || defined(__aarch64__)
constexpr int kTileRows = 6;  // 24 of 32 registers accumulate
#else
constexpr int kTileRows = 3;  // 12 of 16
#endif
constexpr int kTilePanels = 4;

// out[r] = init[r] + sum over segments of rows[r] . panels, for R rows and N panels.
template <class T, int R, int N>
void tile(const Segment<T>* segments, int count, const T* init, int64 init_stride, T* out, int64 out_stride) {
    constexpr int64 L = lanes<T>;
    Vector<T> sum[R][N];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
        for (int n = 0; n < N; ++n) sum[r][n] = init ? load(init + r * init_stride + n * L) : Vector<T>{};
    for (int s = 0; s < count; ++s) {
        const T* a[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) a[r] = segments[s].rows[r];
        const T* panel = segments[s].panels;
        const int64 stride = segments[s].panel_stride, depth = segments[s].depth;
        for (int64 k = 0; k < depth; ++k) {
            Vector<T> w[N];
#pragma GCC unroll 16
            for (int n = 0; n < N; ++n) w[n] = load(panel + n * stride + k * L);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                const Vector<T> x = all_lanes<T>(a[r][k]);
#pragma GCC unroll 16
                for (int n = 0; n < N; ++n) sum[r][n] += x * w[n];
            }
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
        for (int n = 0; n < N; ++n) store(out + r * out_stride + n * L, sum[r][n]);
}

template <class T>
using Tile = void (*)(const Segment<T>*, int, const T*, int64, T*, int64);

// The tile for `rows` rows and `panels` panels, 1 to kTilePanels.
template <class T>
Tile<T> tile_for(int64 rows, int64 panels) {
#define OSTINATO_ROW(R) {tile<T, R, 1>, tile<T, R, 2>, tile<T, R, 3>, tile<T, R, 4>}
    static constexpr Tile<T> tiles[kTileRows][kTilePanels] = {
        OSTINATO_ROW(1), OSTINATO_ROW(2), OSTINATO_ROW(3),
#if OSTINATO_VECTOR_BYTES == 64 || defined(__aarch64__)
        OSTINATO_ROW(4), OSTINATO_ROW(5), OSTINATO_ROW(6),
#endif
    };
#undef OSTINATO_ROW
    return tiles[rows - 1][panels - 1];
}

// How `rows` rows are cut into tiles, as even as can be: a tile of one row is hardly quicker than one of six.
inline int64 tile_rows(int64 rows, int64 done) {
    const int64 rest = rows - done;
    if (rest <= kTileRows) return rest;  // and spare a single row two divisions
    const int64 tiles = (rest + kTileRows - 1) / kTileRows;
    return (rest + tiles - 1) / tiles;
}

// sum[m][n] += sum over p of left[p][m] * right[p][n], for M columns of `left` and N vectors of `right`. The rows
// are summed by themselves first: what they round off then does not grow with all that was summed before.
template <class T, int M, int N>
void outer_tile(const T* const* left, int64 left_offset, const T* const* right, int64 right_offset, int64 rows,
                T* sums, int64 sums_stride) {
    constexpr int64 L = lanes<T>;
    Vector<T> sum[M][N];
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m)
#pragma GCC unroll 16
        for (int n = 0; n < N; ++n) sum[m][n] = Vector<T>{};
    for (int64 p = 0; p < rows; ++p) {
        const T* a = left[p] + left_offset;
        const T* b = right[p] + right_offset;
        Vector<T> w[N];
#pragma GCC unroll 16
        for (int n = 0; n < N; ++n) w[n] = load(b + n * L);
#pragma GCC unroll 8
        for (int m = 0; m < M; ++m) {
            const Vector<T> x = all_lanes<T>(a[m]);
#pragma GCC unroll 16
            for (int n = 0; n < N; ++n) sum[m][n] += x * w[n];
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m)
#pragma GCC unroll 16
        for (int n = 0; n < N; ++n) {
            T* target = sums + m * sums_stride + n * L;
            store(target, load(target) + sum[m][n]);
        }
}

template <class T>
using OuterTile = void (*)(const T* const*, int64, const T* const*, int64, int64, T*, int64);

template <class T>
OuterTile<T> outer_tile_for(int64 columns, int64 vectors) {
#define OSTINATO_ROW(M) {outer_tile<T, M, 1>, outer_tile<T, M, 2>, outer_tile<T, M, 3>, outer_tile<T, M, 4>}
    static constexpr OuterTile<T> tiles[kTileRows][kTilePanels] = {
        OSTINATO_ROW(1), OSTINATO_ROW(2), OSTINATO_ROW(3),
#if OSTINATO_VECTOR_BYTES == 64 || defined(__aarch64__)
        OSTINATO_ROW(4), OSTINATO_ROW(5), OSTINATO_ROW(6),
#endif
    };
#undef OSTINATO_ROW
    return tiles[columns - 1][vectors - 1];
}

// `matrix` [depth, gates * units] into panels of interleaved columns; panels `begin` to `end`.
template <class T>
void pack(const T* matrix, int64 depth, Columns<T> columns, int64 begin, int64 end, T* packed) {
    const int64 row = columns.gates * columns.units;
    for (int64 panel = begin; panel < end; ++panel) {
        const int64 vector = panel / columns.gates, gate = panel % columns.gates, valid = columns.valid(vector);
        const T* source = matrix + gate * columns.units + vector * lanes<T>;
        T* target = packed + panel * depth * lanes<T>;
        for (int64 k = 0; k < depth; ++k) store(target + k * lanes<T>, load(source + k * row, valid));
    }
}

// The transpose of `matrix` [rows, gates * units] into panels: a panel holds one vector of its rows, and is as
// deep as `columns` are wide, in interleaved order. Panels `begin` to `end`.
template <class T>
void pack_transposed(const T* matrix, int64 rows, Columns<T> columns, int64 begin, int64 end, T* packed) {
    const int64 row = columns.gates * columns.units, depth = columns.width();
    for (int64 panel = begin; panel < end; ++panel) {
        T* target = packed + panel * depth * lanes<T>;
        const int64 first = panel * lanes<T>, valid = rows - first < lanes<T> ? rows - first : lanes<T>;
        for (int64 vector = 0; vector < columns.vectors(); ++vector)
            for (int64 gate = 0; gate < columns.gates; ++gate)
                for (int64 lane = 0; lane < lanes<T>; ++lane, target += lanes<T>) {
                    Vector<T> v = {};
                    if (lane < columns.valid(vector)) {
                        const T* source = matrix + gate * columns.units + vector * lanes<T> + lane;
                        for (int64 i = 0; i < valid; ++i) v[i] = source[(first + i) * row];
                    }
                    store(target, v);
                }
    }
}

// The rows `begin` to `end` of `matrix` [depth, gates * units] in interleaved order; lanes that are no units are
// zeros.
template <class T>
void interleave(const T* matrix, Columns<T> columns, int64 begin, int64 end, T* rows) {
    for (int64 k = begin; k < end; ++k) {
        const T* source = matrix + k * columns.gates * columns.units;
        T* target = rows + k * columns.width();
        for (int64 vector = 0; vector < columns.vectors(); ++vector)
            for (int64 gate = 0; gate < columns.gates; ++gate, target += lanes<T>)
                store(target, load(source + gate * columns.units + vector * lanes<T>, columns.valid(vector)));
    }
}

// The way back.
template <class T>
void deinterleave(const T* rows, Columns<T> columns, int64 begin, int64 end, T* matrix) {
    for (int64 k = begin; k < end; ++k) {
        const T* source = rows + k * columns.width();
        T* target = matrix + k * columns.gates * columns.units;
        for (int64 vector = 0; vector < columns.vectors(); ++vector)
            for (int64 gate = 0; gate < columns.gates; ++gate, source += lanes<T>)
                store(target + gate * columns.units + vector * lanes<T>, load(source), columns.valid(vector));
    }
}

}  // namespace
