// Several calls at once, each on one thread: the two directions of a bidirectional layer.
#pragma once

#include "call.h"

namespace {

extern "C" typedef int (*Kernel)(const Call*);

inline int run_together(const Kernel* kernels, const Call* const* calls, int64 count, int64 threads,
                        ParallelFor parallel_for) {
    std::atomic<int> worst{0};
    auto work = [&](const Team::Member& member) {
        for (int64 i = member.begin(count); i < member.end(count); ++i)
            if (const int code = kernels[i](calls[i])) worst.store(code);
    };
    Team::run(threads < count ? threads : count, parallel_for, work);
    return worst.load();
}

}  // namespace
