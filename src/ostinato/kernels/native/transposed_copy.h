// Copies of what lies transposed in memory: of [groups][rows][columns] 4-byte elements, whose rows lie one after the
// other and whose columns apart, into columns one after the other. A copy in the order of either side touches another
// line of memory with each element of the other one; here blocks are turned in registers.
#pragma once

#include <cstdint>

namespace {

struct TransposedCopy {
    int64_t groups, rows, columns;
    int64_t from_group, from_column;  // how far apart they lie where they come from
    int64_t to_group, to_row;         // and where they go
};

constexpr int64_t kBlock = 8;
typedef float Eight __attribute__((vector_size(kBlock * sizeof(float)), aligned(4)));

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define OSTINATO_TURNS 1
#endif
#endif

// Elements are moved, not computed with: as floats they may be anything.
inline void turn(const float* from, int64_t from_column, float* to, int64_t to_row) {
#ifdef OSTINATO_TURNS
    Eight a[kBlock], b[kBlock];
    for (int64_t i = 0; i < kBlock; ++i) a[i] = *reinterpret_cast<const Eight*>(from + i * from_column);
#pragma GCC unroll 4
    for (int64_t i = 0; i < kBlock; i += 2) {
        b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
#pragma GCC unroll 2
    for (int64_t i = 0; i < kBlock; i += 4) {
        a[i] = __builtin_shufflevector(b[i], b[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        a[i + 1] = __builtin_shufflevector(b[i], b[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        a[i + 2] = __builtin_shufflevector(b[i + 1], b[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        a[i + 3] = __builtin_shufflevector(b[i + 1], b[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
#pragma GCC unroll 4
    for (int64_t i = 0; i < kBlock / 2; ++i) {
        *reinterpret_cast<Eight*>(to + i * to_row) =
            __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        *reinterpret_cast<Eight*>(to + (i + 4) * to_row) =
            __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#else
    for (int64_t row = 0; row < kBlock; ++row)
        for (int64_t column = 0; column < kBlock; ++column)
            to[row * to_row + column] = from[column * from_column + row];
#endif
}

inline void transposed_copy(const TransposedCopy& copy, const float* from, float* to) {
    const int64_t rows = copy.rows / kBlock * kBlock, columns = copy.columns / kBlock * kBlock;
    for (int64_t group = 0; group < copy.groups; ++group, from += copy.from_group, to += copy.to_group) {
        for (int64_t row = 0; row < rows; row += kBlock)
            for (int64_t column = 0; column < columns; column += kBlock)
                turn(from + column * copy.from_column + row, copy.from_column, to + row * copy.to_row + column,
                     copy.to_row);
        for (int64_t row = 0; row < copy.rows; ++row)
            for (int64_t column = row < rows ? columns : 0; column < copy.columns; ++column)
                to[row * copy.to_row + column] = from[column * copy.from_column + row];
    }
}

}  // namespace
