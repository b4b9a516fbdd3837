// The backward pass of a family whose state is its output. Nothing is kept but the outputs; what a step
// needs beside them is computed again for a chunk of steps at a time.
#pragma once

#include <initializer_list>

#include "output_state.h"
#include "walk.h"

namespace {

// `Family` derives from this and says what a pair's row of memory holds: `point` leads to the operands and
// gradients within it, `recompute` fills it, `step_back` turns gates into their gradients.
template <class T, class Forward, class Family>
struct OutputStateBackward {
    static constexpr int64 L = lanes<T>;
    static constexpr int kParts = int(sizeof(Forward::parts) / sizeof(GatePart<T>));
    Forward forward;  // its rows, its matrices, where states stand
    const Call& call;
    Chunk chunk;
    int64 chunk_steps, stride, input_vectors, members;
    T *memory, *grad_h;  // [pairs][stride]; [batch][padded units]
    // Of each pair: a row of the inputs; what each part's state matrix is multiplied with; the gradients of
    // both products; where the inputs' gradient goes.
    const T **left_inputs, **left[kParts], **input_gradients[kParts], **state_gradients[kParts];
    T** grad_inputs;
    HalfOuter outer;
    Pairs* pairs;

    // `width` is what a pair's row holds; `recomputes` says whether the gates are computed again.
    OutputStateBackward(const Call& c, int64 team, int64 width, bool recomputes)
        : forward(c), call(c), members(team) {
        forward.multiplies = recomputes;
        input_vectors = (call.input_size + L - 1) / L;
        stride = round_up(width, L) + L;  // rows a power of two apart would meet in the same sets of a cache
        chunk_steps = walk_chunk(call, stride * int64(sizeof(T)));
        forward.hoisted = false;
    }

    Family& family() { return static_cast<Family&>(*this); }

    void layout(Workspace& workspace) {
        forward.layout(workspace);
        chunk.layout(workspace, call, chunk_steps);
        const int64 capacity = chunk_steps * call.batch;
        for (int i = 0; i < kParts; ++i) {
            GatePart<T>& part = forward.parts[i];
            part.state.layout_back(workspace, call.half_batch());
            if (call.grad_inputs) part.input.layout_back(workspace, call.half_batch());
            part.input.layout_sums(workspace);
            part.state.layout_sums(workspace);
            part.bias.layout_sums(workspace);
            workspace.take(left[i], capacity);
            workspace.take(input_gradients[i], capacity);
            workspace.take(state_gradients[i], capacity);
        }
        if (kHasHalf && call.half_batch() != 0) {
            const int64 rows = call.input_size > call.units ? call.input_size : call.units;
            outer.layout(workspace, rows, forward.parts[0].input.columns.panels(), L, capacity);
        }
        workspace.take(memory, capacity * stride);
        workspace.take(grad_h, call.batch * forward.padded());
        workspace.take(left_inputs, capacity);
        if (call.grad_inputs) workspace.take(grad_inputs, capacity);
        workspace.take(pairs, members);
        for (int64 i = 0; i < members; ++i) {
            Pairs mine;
            mine.layout(workspace, capacity);
            if (pairs) pairs[i] = mine;
        }
    }

    void pack(const Team::Member& member) {
        forward.pack(member);
        for (const GatePart<T>& part : forward.parts) {
            part.state.pack_back(call, member);
            if (call.grad_inputs) part.input.pack_back(call, member);
        }
    }

    void start_sums(const Team::Member& member) const {
        for (const GatePart<T>& part : forward.parts)
            for (const GateMatrix<T>* matrix : {&part.input, &part.state, &part.bias})
                matrix->start_sums(call, member);
    }

    T* pair_row(int64 p) const { return memory + p * stride; }
    T* grad_h_row(int64 position) const { return grad_h + position * forward.padded(); }
    const T* grad_output_row(int64 step, int64 position) const {
        return typed<T>(call.grad_outputs) + forward.rows.at(step, position) * call.grad_outputs_time +
               forward.rows.order[position] * call.grad_outputs_batch;
    }

    // The gradient of a step's output, one vector of units.
    Vector<T> output_gradient(int64 step, int64 position, int64 v) const {
        const Vector<T> grad = load(grad_h_row(position) + v * L);
        if (!call.grad_outputs) return grad;
        return grad + load(grad_output_row(step, position) + v * L, forward.valid(v));
    }

    void start_rows(const Team::Member& member) const {
        for (int64 i = member.begin(call.batch); i < member.end(call.batch); ++i) {
            const T* source = typed<T>(call.grad_final_state[0]);
            if (source) source += forward.rows.order[i] * call.units;
            for (int64 v = 0; v < forward.vectors; ++v)
                store(grad_h_row(i) + v * L, source ? load(source + v * L, forward.valid(v)) : Vector<T>{});
        }
    }

    bool has_gradient(int64 position, int64 start, int64 end) const {
        if (row_has_value(grad_h_row(position), call.units)) return true;
        if (!call.grad_outputs) return false;
        if (forward.rows.length[position] < end) end = forward.rows.length[position];
        for (int64 step = start; step < end; ++step)
            if (row_has_value(grad_output_row(step, position), call.units)) return true;
        return false;
    }

    void run(const Team::Member& member, bool by_units) {
        pack(member);
        family().start_sums(member);
        member.barrier();
        start_rows(member);
        member.barrier();
        walk_back(
            member, forward.rows, chunk, chunk_steps,
            [&](int64 position, int64 start, int64 end) { return has_gradient(position, start, end); },
            [&] { run_chunk(member, {by_units && member.size > 1, member.size}); },
            [&] { family().sum_chunk(member); });
        family().store_sums(member);
        for (int64 i = member.begin(call.batch); i < member.end(call.batch); ++i)
            std::memcpy(typed<T>(call.grad_state[0]) + forward.rows.order[i] * call.units, grad_h_row(i),
                        size_t(call.units) * sizeof(T));
    }

    // What a member does at a step of the chunk: which rows and which units.
    struct Step {
        const Chunk& chunk;
        const Share& share;
        int64 slot, count;  // of the chunk; of the member's rows
        int64 first, last;  // vectors of units

        int64 step() const { return chunk.start + slot; }
        int64 pair(int64 i) const { return chunk.base[slot] + share.position(i); }
        int64 position(int64 i) const { return chunk.position[share.position(i)]; }
    };

    void run_chunk(const Team::Member& member, const Split& split) {
        const Share share = split.rows(member, chunk.rows, forward.rows.ragged);
        const int64 first = split.begin(member, forward.vectors), last = split.end(member, forward.vectors);
        Pairs& mine = pairs[member.rank];
        mine.list(chunk, share);
        const auto meet = [&] {
            if (split.by_units) member.barrier();
        };
        // By units, all members work on the same pairs, and each leads to a part of them.
        const int64 from = split.by_units ? member.begin(mine.count) : 0;
        const int64 to = split.by_units ? member.end(mine.count) : mine.count;
        for (int64 i = from; i < to; ++i) {
            const int64 step = chunk.start + mine.step[i], position = chunk.position[mine.row[i]];
            const int64 p = chunk.base[mine.step[i]] + mine.row[i];
            left_inputs[p] = forward.input_row(step, position);
            if (call.grad_inputs)
                grad_inputs[p] = typed<T>(call.grad_inputs) +
                                 forward.rows.at(step, position) * call.grad_inputs_time +
                                 forward.rows.order[position] * call.grad_inputs_batch;
            family().point(p, step, position);
        }
        meet();
        family().recompute(mine, first, last, meet);
        for (int64 slot = chunk.steps - 1; slot >= 0; --slot)
            family().step_back({chunk, share, slot, share.before(chunk.running[slot]), first, last}, meet);
    }

    // A part's gates of the member's pairs; `take(pair, ...)` gets them before activation.
    template <class Take>
    void recompute_part(int part, const Pairs& mine, int64 first, int64 last, Take take) const {
        const GatePart<T>& gates = forward.parts[part];
        const int64 count = gates.input.columns.gates;
        const auto pair = [&](int64 i) { return chunk.base[mine.step[i]] + mine.row[i]; };
        multiply<T>(
            mine.count, first * count, last * count, kTilePanels,
            [&](int64, int64 panel) -> const T* { return gates.bias.packed.data + panel * L; },
            [&](int64 i, int64 panel, int64 panels, const T* values) {
                take(pair(i), panel, panels, values);
            },
            Factor{gates.input.packed, [&](int64 i) { return left_inputs[pair(i)]; }},
            Factor{gates.state.packed, [&](int64 i) { return left[part][pair(i)]; }});
    }

    // A part's gradients of a step times its state matrix: `take(carried, i, v, found)` for each of the
    // member's rows and vectors of units, where `carried` is the vector of grad_h.
    template <class Take>
    void multiply_back(const Step& at, int part, Take take) const {
        multiply_turning<T>(
            at.slot % 2 == 1, at.count, at.first, at.last, kTilePanels, from_zero<T>(),
            [&](int64 i, int64 panel, int64 panels, const T* values) {
                T* carried = grad_h_row(at.position(i)) + panel * L;
                for (int64 n = 0; n < panels; ++n) take(carried + n * L, i, panel + n, load(values + n * L));
            },
            Factor{forward.parts[part].state.back,
                   [&](int64 i) { return state_gradients[part][at.pair(i)]; }});
    }

    static void add_to_carried(T* carried, int64, int64, Vector<T> found) {
        store(carried, load(carried) + found);
    }

    // sums += left . right over the chunk's pairs.
    void add_outer(const Team::Member& member, const T* const* left_rows, const T* const* right,
                   const GateMatrix<T>& matrix) const {
        const int64 panels = matrix.columns.panels();
        if (!outer.left) {
            accumulate_outer<T>(member, left_rows, matrix.depth, right, panels, chunk.pairs(), matrix.sums);
            return;
        }
        accumulate_outer_half<T>(member, outer, fills_tiles(call.batch), left_rows, matrix.depth, right,
                                 panels, chunk.pairs(), matrix.sums);
        member.barrier();
    }

    // The chunk's part of the parameters' and the inputs' gradients.
    void sum_chunk(const Team::Member& member) const {
        const int64 count = chunk.pairs();
        for (int i = 0; i < kParts; ++i) {
            const GatePart<T>& part = forward.parts[i];
            add_outer(member, left_inputs, input_gradients[i], part.input);
            add_outer(member, left[i], state_gradients[i], part.state);
            accumulate_rows<T>(member, input_gradients[i], part.bias.columns.panels(), count, part.bias.sums);
        }
        if (!call.grad_inputs) return;
        const Columns<T> sizes{1, call.input_size};
        const int64 first = member.begin(count), share = member.end(count) - first;
        const auto factor = [&](int i) {
            return Factor{forward.parts[i].input.back,
                          [this, i, first](int64 index) { return input_gradients[i][first + index]; }};
        };
        const auto take = [&](int64 index, int64 panel, int64 panels, const T* values) {
            for (int64 n = 0; n < panels; ++n)
                store(grad_inputs[first + index] + (panel + n) * L, load(values + n * L),
                      sizes.valid(panel + n));
        };
        if constexpr (kParts == 1)
            multiply<T>(share, 0, input_vectors, kTilePanels, from_zero<T>(), take, factor(0));
        else
            multiply<T>(share, 0, input_vectors, kTilePanels, from_zero<T>(), take, factor(0), factor(1));
    }

    void store_sums(const Team::Member& member) const {
        for (const GatePart<T>& part : forward.parts)
            for (const GateMatrix<T>* matrix : {&part.input, &part.state, &part.bias})
                matrix->store_sums(call, member);
    }
};

template <class Family>
int output_state_backward(const Call& call) {
    Family family(call, call.threads);
    if (call.query) call.query[1] = family.chunk_steps;
    return with_workspace(call, family, [&] {
        const Split split = choose_split(call, 2 * family.forward.weights(), family.forward.vectors);
        auto work = [&](const Team::Member& member) { family.run(member, split.by_units); };
        Team::run(split.members, call.parallel_for, work);
    });
}

}  // namespace
