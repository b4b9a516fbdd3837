// A team of threads, lent by torch's own pool through the C function `torch_parallel_for`.
//
// That function promises ranges, not concurrency: inside another parallel region, or where the pool is one
// thread, one caller may get the whole range, or ranges one after the other. So the members that really run
// at the same time are counted first; the others find the work taken and return.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#include <chrono>

#include "simd.h"

namespace {

extern "C" {
typedef void (*RangeFunction)(std::int64_t begin, std::int64_t end, void* context);
typedef std::int32_t (*ParallelFor)(
    std::int64_t begin, std::int64_t end, std::int64_t grain_size, RangeFunction function, void* context);
}

inline void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Flush-to-zero for subnormal results and operands, for as long as one of these lives. Gradients that vanish
// over time pass through the subnormal range, where x86 takes a hundred cycles for each operation.
class FlushToZero {
public:
#if defined(__x86_64__) || defined(__i386__)
    FlushToZero() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }
    ~FlushToZero() {
        // Only the two bits are put back: exceptions raised meanwhile stay raised, as after any arithmetic.
        _mm_setcsr((_mm_getcsr() & ~0x8040u) | (saved_ & 0x8040u));
    }

private:
    unsigned saved_;
#elif defined(__aarch64__)
    FlushToZero() {
        asm volatile("mrs %0, fpcr" : "=r"(saved_));
        asm volatile("msr fpcr, %0" : : "r"(saved_ | (std::uint64_t(1) << 24)));
    }
    ~FlushToZero() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }

private:
    std::uint64_t saved_;
#endif
};

class Team {
public:
    explicit Team(int64 wanted) : wanted_(wanted) {}

    // Which share of the work is the calling thread's: `size` members, numbered by `rank`.
    struct Member {
        Team& team;
        int64 rank, size;

        void barrier() const { team.barrier(size); }

        // This member's part of `count` things, in order and as even as can be.
        int64 begin(int64 count) const { return count * rank / size; }
        int64 end(int64 count) const { return count * (rank + 1) / size; }
    };

    // Call `work(member)` on up to `wanted` threads; every member works on the same job, whatever their number.
    template <class Work>
    static void run(int64 wanted, ParallelFor parallel_for, Work& work) {
        if (wanted <= 1 || !parallel_for) {
            Team team(1);
            FlushToZero flush;
            work(Member{team, 0, 1});
            return;
        }
        struct Context {
            Team team;
            Work& work;
        } context{Team(wanted), work};
        const auto function = [](std::int64_t begin, std::int64_t end, void* pointer) {
            auto& context = *static_cast<Context*>(pointer);
            const int64 rank = context.team.join(end - begin);
            if (rank < 0) return;
            FlushToZero flush;
            context.work(Member{context.team, rank, context.team.size_.load()});
        };
        if (parallel_for(0, wanted, 1, function, &context) != 0) {
            // The pool refused. Whoever joined has done the work whole; else nobody began.
            if (context.team.size_.load() == 0) {
                FlushToZero flush;
                Team team(1);
                work(Member{team, 0, 1});
            }
        }
    }

private:
    // Enter with `share` of the `wanted` parts; -1 where the others have begun without us.
    int64 join(int64 share) {
        int64 state = state_.load();
        int64 rank;
        do {
            if (state < 0) return -1;
            rank = state & 0xffff;
        } while (!state_.compare_exchange_weak(state, state + 1 + (share << 16)));
        if ((state >> 16) + share == wanted_) {  // the last to come opens the door
            close(rank + 1);
            return rank;
        }
        // The others come within microseconds if they come at all.
        const auto start = std::chrono::steady_clock::now();
        for (int64 spins = 0; size_.load(std::memory_order_acquire) == 0; ++spins) {
            pause_briefly();
            if (spins % 64 == 63 && std::chrono::steady_clock::now() - start > std::chrono::milliseconds(2)) {
                int64 seen = state_.load();
                if (seen >= 0 && state_.compare_exchange_strong(seen, -1)) {
                    size_.store(seen & 0xffff, std::memory_order_release);
                    break;
                }
            }
        }
        return rank;
    }

    void close(int64 size) {
        state_.store(-1);
        size_.store(size, std::memory_order_release);
    }

    void barrier(int64 size) {
        if (size == 1) return;
        const int64 generation = generation_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size - 1) {
            arrived_.store(0, std::memory_order_relaxed);
            generation_.store(generation + 1, std::memory_order_release);
            return;
        }
        // Spinning is quickest while every member has a core of its own; past that, let others run.
        for (int64 spins = 0; generation_.load(std::memory_order_acquire) == generation; ++spins) {
            if (spins < 4096)
                pause_briefly();
            else
                std::this_thread::yield();
        }
    }

    const int64 wanted_;
    std::atomic<int64> state_{0};  // members so far, and their parts << 16; -1 once the work has begun
    std::atomic<int64> size_{0};
    alignas(64) std::atomic<int64> arrived_{0};
    alignas(64) std::atomic<int64> generation_{0};
};

}  // namespace
