// Products with a sparse matrix, which is a list of its elements in any order: a place of two numbers and a value
// for each, and places may come again. `ostinato.tf1.ops.sparse_products` has the readable reference.
#pragma once

#include <cstdint>

namespace {

struct SparseMatrix {
    int64_t count;
    const int64_t* places;       // [count, 2]
    const void* values;          // [count]
    int64_t row;                 // which of the two numbers names the row of a product: 1 where it is transposed
    int64_t height, width;       // after that
};

// The bits are those of separate products and sums, in the order of the elements: nothing is fused here.
#if defined(__clang__)
#define OSTINATO_NOT_FUSED
#define OSTINATO_NOT_FUSED_HERE _Pragma("clang fp contract(off)")
#else
#define OSTINATO_NOT_FUSED __attribute__((optimize("fp-contract=off")))
#define OSTINATO_NOT_FUSED_HERE
#endif

// What is wrong with a place: the number of the element, or -1.
inline int64_t first_outside(const SparseMatrix& a) {
    for (int64_t i = 0; i < a.count; ++i) {
        const int64_t m = a.places[2 * i + a.row], k = a.places[2 * i + 1 - a.row];
        if (m < 0 || m >= a.height || k < 0 || k >= a.width) return i;
    }
    return -1;
}

// Adds the product with dense [width, columns] to result [height, columns].
template <class T>
OSTINATO_NOT_FUSED void sparse_product(const SparseMatrix& a, const T* dense, T* result, int64_t columns) {
    OSTINATO_NOT_FUSED_HERE
    const T* values = static_cast<const T*>(a.values);
    for (int64_t i = 0; i < a.count; ++i) {
        T* __restrict to = result + a.places[2 * i + a.row] * columns;
        const T* __restrict from = dense + a.places[2 * i + 1 - a.row] * columns;
        const T value = values[i];
        for (int64_t n = 0; n < columns; ++n) to[n] += value * from[n];
    }
}

// For each element the product of its row of `left` [height, columns] and its row of `right` [width, columns].
template <class T>
void sparse_row_products(const SparseMatrix& a, const T* left, const T* right, T* result, int64_t columns) {
    constexpr int64_t kLanes = 64 / sizeof(T);
    for (int64_t i = 0; i < a.count; ++i) {
        const T* one = left + a.places[2 * i + a.row] * columns;
        const T* other = right + a.places[2 * i + 1 - a.row] * columns;
        T lanes[kLanes] = {};
        int64_t n = 0;
        for (; n + kLanes <= columns; n += kLanes)
            for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += one[n + lane] * other[n + lane];
        T sum = 0;
        for (; n < columns; ++n) sum += one[n] * other[n];
        for (int64_t half = kLanes / 2; half; half /= 2)
            for (int64_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
        result[i] = sum + lanes[0];
    }
}

}  // namespace
