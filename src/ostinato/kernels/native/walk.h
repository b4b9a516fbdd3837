// The walk of a backward pass: chunks of steps, last first, over the rows whose gradient is not zero.
#pragma once

#include "products.h"
#include "rows.h"

namespace {

// The (step, row) pairs of a chunk that have a gradient, numbered p = base[step] + q, where q numbers the rows.
// A row without any gradient adds nothing to anything: exactly nothing, as what vanishes is flushed to zero.
struct Chunk {
    int64 start, steps;
    int64 rows;        // rows with a gradient that run at the chunk's first step
    int64* position;   // [batch]: q -> position in Rows
    int64* running;    // [steps]: how many of them run at a step
    int64* base;       // [steps + 1]
    bool* live;        // [batch]: position -> has a gradient
    int64 pairs() const { return base[steps]; }

    void layout(Workspace& workspace, const Call& call, int64 max_steps) {
        workspace.take(position, call.batch);
        workspace.take(running, max_steps);
        workspace.take(base, max_steps + 1);
        workspace.take(live, call.batch);
    }

    // From `live`, for the steps [first, first + count).
    void number(const Rows& sequence, int64 first, int64 count) {
        start = first, steps = count, rows = 0;
        for (int64 i = 0; i < sequence.active[first]; ++i)
            if (live[i]) position[rows++] = i;
        base[0] = 0;
        int64 running_rows = rows;
        for (int64 step = 0; step < steps; ++step) {
            while (running_rows > 0 && sequence.length[position[running_rows - 1]] <= first + step) --running_rows;
            running[step] = running_rows;
            base[step + 1] = base[step] + running_rows;
        }
    }
};

// How many steps make a chunk of the walk: enough pairs to make the sums over them large products, few enough
// to stay in the last-level cache. `width` is the bytes of a pair.
inline int64 walk_chunk(const Call& call, int64 width) {
    const int64 filled = (512 + call.batch - 1) / call.batch;
    int64 steps = (int64(2) << 20) / (width * call.batch);
    if (steps < filled) steps = filled;
    if (steps > 256) steps = 256;
    return steps < call.time ? steps : call.time < 1 ? 1 : call.time;
}

// One member's pairs of a chunk, in order: those of its rows, or all.
struct Pairs {
    int64* step;  // index -> step within the chunk
    int64* row;   // index -> q
    int64 count;

    void layout(Workspace& workspace, int64 capacity) {
        workspace.take(step, capacity);
        workspace.take(row, capacity);
    }

    void list(const Chunk& chunk, const Share& share) {
        count = 0;
        for (int64 s = 0; s < chunk.steps; ++s) {
            const int64 mine = share.before(chunk.running[s]);
            for (int64 i = 0; i < mine; ++i) step[count] = s, row[count++] = share.position(i);
        }
    }
};

// The walk of one member: chunk after chunk, last first. `has_gradient(position, start, end)` asks about a row;
// `run` takes the chunk's steps back, and `sum` adds what they give to the parameters' gradients.
template <class HasGradient, class Run, class Sum>
void walk_back(const Team::Member& member, const Rows& rows, Chunk& chunk, int64 chunk_steps,
               HasGradient has_gradient, Run run, Sum sum) {
    for (int64 end = rows.time; end > 0; end -= chunk_steps) {
        const int64 start = end > chunk_steps ? end - chunk_steps : 0, active = rows.active[start];
        for (int64 i = member.begin(active); i < member.end(active); ++i)
            chunk.live[i] = has_gradient(i, start, end);
        member.barrier();
        if (member.rank == 0) chunk.number(rows, start, end - start);
        member.barrier();
        if (chunk.rows > 0) {
            run();
            member.barrier();
            sum();
        }
        member.barrier();
    }
}

template <class T>
bool row_has_value(const T* row, int64 count) {
    constexpr int64 L = lanes<T>;
    for (int64 i = 0; i < count; i += L)
        if (any_nonzero<T>(load(row + i, count - i))) return true;
    return false;
}

}  // namespace
