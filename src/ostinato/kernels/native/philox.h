// TensorFlow 1's random words: the Philox 4x32-10 generator of Salmon, Moraes, Dror and Shaw (2011). Every
// block is a function of the key and of its place alone; `ostinato.tf1.philox` has the readable reference.
#pragma once

#include <cstdint>

namespace {

constexpr int kLanes = 16;  // blocks that go through the rounds side by side, one in each lane of the vectors

inline void philox_lanes(const uint64_t* places, uint64_t key, uint64_t high, uint32_t (*words)[4]) {
    uint32_t c0[kLanes], c1[kLanes], c2[kLanes], c3[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
        c0[lane] = static_cast<uint32_t>(places[lane]);
        c1[lane] = static_cast<uint32_t>(places[lane] >> 32);
        c2[lane] = static_cast<uint32_t>(high);
        c3[lane] = static_cast<uint32_t>(high >> 32);
    }
    uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        for (int lane = 0; lane < kLanes; ++lane) {
            const uint64_t first = uint64_t{0xD2511F53} * c0[lane];
            const uint64_t second = uint64_t{0xCD9E8D57} * c2[lane];
            c0[lane] = static_cast<uint32_t>(second >> 32) ^ c1[lane] ^ key0;
            c1[lane] = static_cast<uint32_t>(second);
            c2[lane] = static_cast<uint32_t>(first >> 32) ^ c3[lane] ^ key1;
            c3[lane] = static_cast<uint32_t>(first);
        }
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    for (int lane = 0; lane < kLanes; ++lane) {
        words[lane][0] = c0[lane];
        words[lane][1] = c1[lane];
        words[lane][2] = c2[lane];
        words[lane][3] = c3[lane];
    }
}

// The blocks at `count` places: four words each.
inline void philox(const uint64_t* places, int64_t count, uint64_t key, uint64_t high, uint32_t (*words)[4]) {
    int64_t done = 0;
    for (; done + kLanes <= count; done += kLanes) philox_lanes(places + done, key, high, words + done);
    if (done == count) return;
    uint64_t last[kLanes] = {};
    uint32_t found[kLanes][4];
    for (int64_t lane = 0; lane < count - done; ++lane) last[lane] = places[done + lane];
    philox_lanes(last, key, high, found);
    for (int64_t lane = 0; lane < count - done; ++lane)
        for (int word = 0; word < 4; ++word) words[done + lane][word] = found[lane][word];
}

}  // namespace
