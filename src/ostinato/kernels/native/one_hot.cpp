// Rows of one number but at a place of their own, in one pass; a place that is none leaves a row of the one.
#include "export.h"
#include "row_vectors.h"
#include "team.h"

OSTINATO_EXPORT void ostinato_one_hot(std::int64_t rows, std::int64_t depth, const void* places,
                                      std::int64_t place_bytes, const float* on, const float* off, float* found,
                                      std::int64_t threads, ParallelFor parallel_for) {
    auto work = [&](const Team::Member& member) {
        const int64 end = member.end(rows);
        for (int64 row = member.begin(rows); row < end; ++row) {
            float* values = found + row * depth;
            const int64 place = place_bytes == 4 ? int64(static_cast<const std::int32_t*>(places)[row])
                                                 : static_cast<const std::int64_t*>(places)[row];
            const Vector<float> rest = all_lanes(*off);
            for_vectors(depth, [&](int64 i, int64 count) { store_first(values + i, rest, count); });
            if (place >= 0 && place < depth) values[place] = *on;
        }
    };
    Team::run(threads, parallel_for, work);
}
