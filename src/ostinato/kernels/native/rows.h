// The rows of a batch, longest first, and how a team shares them.
#pragma once

#include <algorithm>

#include "call.h"
#include "gemm.h"
#include "workspace.h"

namespace {

// Rows in order of their lengths, so that those which still run at a step are the first ones.
struct Rows {
    int64 time, batch;
    int64* order;   // [batch]: position -> row
    int64* length;  // [batch]: position -> steps of that row, falling
    int64* active;  // [time]: how many rows run at a step
    bool ragged, reverse;

    // Where a step stands in memory.
    int64 at(int64 step, int64 position) const { return reverse ? length[position] - 1 - step : step; }

    void layout(Workspace& workspace, const Call& call) {
        time = call.time, batch = call.batch, ragged = call.sequence_length != nullptr;
        reverse = call.reverse;
        workspace.take(order, batch);
        workspace.take(length, batch);
        workspace.take(active, time + 1);
    }

    void sort(const Call& call) {
        const int64* given = call.sequence_length;
        for (int64 row = 0; row < batch; ++row) order[row] = row;
        // By what was given: sums over the rows of a part then run in the order of those over the whole sequence,
        // where more of them may have ended.
        const auto before = [&](int64 a, int64 b) { return given[a] != given[b] ? given[a] > given[b] : a < b; };
        if (ragged) std::sort(order, order + batch, before);
        for (int64 position = 0; position < batch; ++position) {
            const int64 rest = ragged ? given[order[position]] - call.first_step : time;
            length[position] = rest < 0 ? 0 : rest > time ? time : rest;
        }
        int64 running = batch;
        for (int64 step = 0; step <= time; ++step) {
            while (running > 0 && length[running - 1] <= step) --running;
            active[step] = running;
        }
    }
};

// A member's share of positions: `first`, `first + step`, ... Rows of different lengths are dealt out one by
// one, so that no member has all the long ones.
struct Share {
    int64 first, step, count;

    int64 position(int64 i) const { return first + i * step; }

    // How many of them lie before `limit`.
    int64 before(int64 limit) const {
        if (limit <= first) return 0;
        const int64 n = (limit - first + step - 1) / step;
        return n < count ? n : count;
    }
};

// How a team shares the steps of a sequence. By rows: each member runs its rows through all steps, and waits
// for nobody. By units: each member keeps its slice of the weights in its own cache, and all meet after each
// step. One member alone is both.
struct Split {
    bool by_units;
    int64 members;

    Share rows(const Team::Member& member, int64 count, bool ragged) const {
        if (by_units) return {0, 1, count};
        if (ragged) return {member.rank, member.size, (count - member.rank + member.size - 1) / member.size};
        return {member.begin(count), 1, member.end(count) - member.begin(count)};
    }

    // The member's vectors of units, [begin, end).
    int64 begin(const Team::Member& member, int64 vectors) const { return by_units ? member.begin(vectors) : 0; }
    int64 end(const Team::Member& member, int64 vectors) const {
        return by_units ? member.end(vectors) : vectors;
    }
};

// Outputs past a row's end, which are zeros. Where the rows of a step lie together they are written with the step:
// row by row, each would be on another page of memory.
template <class T>
struct Padding {
    const Call& call;
    const Rows& rows;

    bool by_steps() const { return call.outputs_time > call.outputs_batch; }
    void clear(int64 step, int64 position) const {
        T* row = typed<T>(call.outputs) + step * call.outputs_time + rows.order[position] * call.outputs_batch;
        std::memset(row, 0, size_t(call.output_size) * sizeof(T));
    }
    void clear_step(const Team::Member& member, const Split& split, const Share& share, int64 step) const {
        if (!by_steps() || !rows.ragged) return;
        const int64 running = rows.active[step], ended = rows.batch - running;
        if (split.by_units)
            for (int64 i = member.begin(ended); i < member.end(ended); ++i) clear(step, running + i);
        else
            for (int64 i = share.before(running); i < share.count; ++i) clear(step, share.position(i));
    }
    // Once the row's steps are done, where `clear_step` has not cleared them.
    void clear_row(int64 position) const {
        if (by_steps()) return;
        for (int64 step = rows.length[position]; step < rows.time; ++step) clear(step, position);
    }
};

// Weights that stay in a core's second-level cache beside what else is read.
constexpr int64 kResidentBytes = int64(640) << 10;
// Fewer rows than this are not worth a core of their own. These fill most of a tile: eight rows on two cores
// take little more than half of the time.
constexpr int64 kRowsPerMember = 4;
constexpr int64 kRowsOfOneMember = 8;
// With fewer units a step is over before another core has answered.
constexpr int64 kUnitsToSplit = 128;

// `weights` are the bytes that a step reads; `vectors` the vectors of units.
inline Split choose_split(const Call& call, int64 weights, int64 vectors) {
    const int64 rows = call.batch / kRowsPerMember;
    if (call.threads <= 1) return {false, 1};
    // So little is left to one core: a second direction, or another sequence, then costs next to nothing beside it.
    if (call.batch <= kRowsOfOneMember && call.units < kUnitsToSplit) return {false, 1};
    const bool divisible = call.units >= kUnitsToSplit && vectors >= 2;
    if (divisible && (weights > kResidentBytes || rows < call.threads))
        return {true, vectors < call.threads ? vectors : call.threads};
    const int64 members = rows < call.threads ? rows : call.threads;
    return {false, members < 1 ? 1 : members};
}

}  // namespace
