// Memory that a kernel works in. The calling thread keeps it for the next call, so that a training loop does
// not fault in the same pages anew at every step.
#pragma once

#include <cstdlib>

#include "call.h"

namespace {

// Hands out parts of one block. With no block it only counts, so a kernel describes its parts once, in a
// function that runs twice.
class Workspace {
public:
    explicit Workspace(char* base) : base_(base) {}

    template <class T>
    void take(T*& part, int64 count) {
        // One line more than is asked for: rows of two parts then seldom meet in the same set of a cache.
        part = base_ ? reinterpret_cast<T*>(base_ + used_) : nullptr;
        used_ += round_up(count * int64(sizeof(T)), 64) + 64;
    }

    int64 used() const { return used_; }

private:
    char* base_;
    int64 used_ = 0;
};

class KeptBlock {
public:
    ~KeptBlock() { std::free(memory_); }

    // At least `size` bytes at a multiple of 64, or null.
    char* reserve(int64 size) {
        if (size > size_) {
            std::free(memory_);
            size_ = 0;
            memory_ = std::malloc(size_t(size) + 64);
            if (!memory_) return nullptr;
            size_ = size;
        }
        return reinterpret_cast<char*>((reinterpret_cast<std::uintptr_t>(memory_) + 63) / 64 * 64);
    }

    // What is larger than this is given back at once.
    void trim() {
        if (size_ > (int64(256) << 20)) {
            std::free(memory_);
            memory_ = nullptr;
            size_ = 0;
        }
    }

private:
    void* memory_ = nullptr;
    int64 size_ = 0;
};

// One block for all kernels of a thread, which runs one at a time.
inline KeptBlock& block_of_this_thread() {
    static thread_local KeptBlock block;
    return block;
}

// `parts.layout(workspace)` over memory of this thread, then `use()`; 1 where there is no memory, else 0. Where the
// call only asks, it gets its answer.
template <class Parts, class Use>
int with_workspace(const Call& call, Parts& parts, Use use) {
    Workspace counted(nullptr);
    parts.layout(counted);
    if (call.query) {
        call.query[0] = counted.used();
        return 0;
    }
    KeptBlock& block = block_of_this_thread();
    char* base = block.reserve(counted.used());
    if (!base) return 1;
    Workspace workspace(base);
    parts.layout(workspace);
    use();
    block.trim();
    return 0;
}

}  // namespace
