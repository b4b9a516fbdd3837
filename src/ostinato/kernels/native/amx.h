// The matrix unit (AMX) of recent x86 processors: eight tiles of 16 rows of 64 bytes.
//
// OSTINATO_EMULATE_AMX puts plain arithmetic in the place of its instructions, so that what is built on them
// can be tested on any processor.
#pragma once

#include "simd.h"

// GCC and Clang spell these differently.
#if (defined(__AMX_BF16__) && defined(__AMX_TILE__)) || (defined(__AMXBF16__) && defined(__AMXTILE__))
#define OSTINATO_HAS_AMX 1
#elif defined(OSTINATO_EMULATE_AMX)
#define OSTINATO_HAS_AMX 1
#else
#define OSTINATO_HAS_AMX 0
#endif

#if OSTINATO_HAS_AMX

namespace {

constexpr int kAmxRows = 16;

#if defined(OSTINATO_EMULATE_AMX)

struct AmxTile {
    alignas(64) unsigned char bytes[16][64];
};
inline AmxTile& amx_tile(int n) {
    static thread_local AmxTile tiles[8];
    return tiles[n];
}
template <int N>
inline void amx_load(const void* base, int64 stride) {
    for (int row = 0; row < 16; ++row)
        std::memcpy(amx_tile(N).bytes[row], static_cast<const char*>(base) + row * stride, 64);
}
template <int N>
inline void amx_store(void* base, int64 stride) {
    for (int row = 0; row < 16; ++row)
        std::memcpy(static_cast<char*>(base) + row * stride, amx_tile(N).bytes[row], 64);
}
template <int N>
inline void amx_zero() {
    std::memset(&amx_tile(N), 0, sizeof(AmxTile));
}
template <int C, int A, int B>
inline void amx_dot() {
    const auto half = [](const unsigned char* p) {
        std::uint16_t bits;
        std::memcpy(&bits, p, 2);
        const std::uint32_t wide = std::uint32_t(bits) << 16;
        float value;
        std::memcpy(&value, &wide, 4);
        return value;
    };
    for (int m = 0; m < 16; ++m)
        for (int n = 0; n < 16; ++n) {
            float sum;
            std::memcpy(&sum, &amx_tile(C).bytes[m][4 * n], 4);
            for (int k = 0; k < 16; ++k)
                for (int i = 0; i < 2; ++i)
                    sum += half(&amx_tile(A).bytes[m][4 * k + 2 * i]) * half(&amx_tile(B).bytes[k][4 * n + 2 * i]);
            std::memcpy(&amx_tile(C).bytes[m][4 * n], &sum, 4);
        }
}
struct AmxSession {
    ~AmxSession() {}
};

#else

// The compiler's names for these take digits, not constants.
#define OSTINATO_EACH_TILE(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7)

template <int N>
inline void amx_load(const void* base, int64 stride) {
#define OSTINATO_LOAD(n) \
    if constexpr (N == n) _tile_loadd(n, base, stride);
    OSTINATO_EACH_TILE(OSTINATO_LOAD)
#undef OSTINATO_LOAD
}
template <int N>
inline void amx_store(void* base, int64 stride) {
#define OSTINATO_STORE(n) \
    if constexpr (N == n) _tile_stored(n, base, stride);
    OSTINATO_EACH_TILE(OSTINATO_STORE)
#undef OSTINATO_STORE
}
template <int N>
inline void amx_zero() {
#define OSTINATO_ZERO(n) \
    if constexpr (N == n) _tile_zero(n);
    OSTINATO_EACH_TILE(OSTINATO_ZERO)
#undef OSTINATO_ZERO
}
template <int C, int A, int B>
inline void amx_dot() {
    static_assert(A == 4 + C / 2 && B == 6 + C % 2, "the four products of a block of tiles");
    if constexpr (C == 0) _tile_dpbf16ps(0, 4, 6);
    if constexpr (C == 1) _tile_dpbf16ps(1, 4, 7);
    if constexpr (C == 2) _tile_dpbf16ps(2, 5, 6);
    if constexpr (C == 3) _tile_dpbf16ps(3, 5, 7);
}

// All eight tiles at their full size, for as long as one of these lives; then the unit is given back.
struct AmxSession {
    AmxSession() {
        alignas(64) struct {
            std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
            std::uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
            std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
        } configuration;
        _tile_loadconfig(&configuration);
    }
    ~AmxSession() { _tile_release(); }
};

#endif

}  // namespace

#endif
