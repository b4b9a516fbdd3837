// A sequence of a family whose state is its output: h [batch, units], the output of the step before.
#pragma once

#include "gate_matrix.h"
#include "rows.h"

namespace {

template <class T, int kParts>
struct OutputState {
    using Element = T;
    static constexpr int64 L = lanes<T>;
    const Call& call;
    Rows rows;
    GatePart<T> parts[kParts] = {};
    int64 vectors, chunk = 1;
    bool hoisted = false;
    bool multiplies = true;  // by the matrices as they stand: not in a backward pass that recomputes nothing

    explicit OutputState(const Call& c) : call(c), vectors(Columns<T>{1, c.units}.vectors()) {}

    // A part with these gates: columns of the inputs' and the state's matrices, and of the biases.
    static GatePart<T> part(const Call& call, int64 gates) {
        GatePart<T> part = {};
        const Columns<T> columns{gates, call.units};
        part.input.columns = part.state.columns = part.bias.columns = columns;
        part.input.depth = call.input_size, part.state.depth = call.units, part.bias.depth = 1;
        return part;
    }

    int64 valid(int64 vector) const { return Columns<T>{1, call.units}.valid(vector); }
    int64 padded() const { return vectors * L; }

    // The bytes of the matrices that a step reads.
    int64 weights() const {
        int64 bytes = 0;
        for (const GatePart<T>& part : parts)
            bytes += (part.input.depth + part.state.depth) * part.width() * int64(sizeof(T));
        return bytes;
    }

    // The inputs' share of the gates goes ahead, many steps at once, where single steps would leave tiles
    // half empty or read more weights than stay in cache; or where `always` says so.
    void choose_chunk(bool always) {
        int64 width = 0;
        for (const GatePart<T>& part : parts) width += part.width() * int64(sizeof(T));
        const bool resident = call.batch >= kTileRows && weights() <= kResidentBytes;
        hoisted = always || !resident;
        // What is written now and read a few steps on should still be in the second-level cache.
        chunk = hoisted ? (int64(1) << (resident ? 18 : 20)) / (width * call.batch) : 1;
        chunk = chunk < 1 ? 1 : chunk > 64 ? 64 : chunk;
    }

    void layout(Workspace& workspace) {
        rows.layout(workspace, call);
        for (GatePart<T>& part : parts) {
            if (!multiplies) break;
            part.input.layout(workspace, call.half_batch());
            part.state.layout(workspace, call.half_batch());
            part.bias.layout(workspace);
            if (hoisted) workspace.take(part.gates, chunk * call.batch * part.width());
        }
    }

    void pack(const Team::Member& member) {
        for (const GatePart<T>& part : parts) {
            if (!multiplies) break;
            part.input.pack(call, member);
            part.state.pack(call, member);
            part.bias.pack(call, member);
        }
        if (member.rank == 0) rows.sort(call);
    }

    const T* input_row(int64 step, int64 position) const {
        return typed<T>(call.inputs) + rows.at(step, position) * call.inputs_time +
               rows.order[position] * call.inputs_batch;
    }
    T* output_at(int64 place, int64 position) const {
        return typed<T>(call.outputs) + place * call.outputs_time + rows.order[position] * call.outputs_batch;
    }
    T* output_row(int64 step, int64 position) const { return output_at(rows.at(step, position), position); }
    const T* h_before(int64 step, int64 position) const {
        if (step > 0) return output_row(step - 1, position);
        return typed<T>(call.state[0]) + rows.order[position] * call.units;
    }
    // Where the forward pass keeps a step's gates for the backward pass: `gates` vectors for each of units.
    T* kept_gates_row(int64 gates, int64 step, int64 position) const {
        return typed<T>(call.kept_gates) +
               (rows.at(step, position) * call.batch + rows.order[position]) * gates * padded();
    }
    T* gates_row(const GatePart<T>& part, int64 slot, int64 position) const {
        return part.gates + (slot * call.batch + position) * part.width();
    }

    // part.gates = inputs . kernel + bias, for a few steps of the member's rows, or its units of all rows.
    void project_inputs(const GatePart<T>& part, const Share& share, int64 start, int64 steps, int64 first,
                        int64 last) const {
        // Rows that end within these steps are computed to the last of them; what stands there is not read,
        // as it may be a NaN: another row stands in.
        const int64 widest = share.before(rows.active[start]), gates = part.input.columns.gates;
        multiply<T>(
            steps * widest, first * gates, last * gates, kTilePanels,
            [&](int64, int64 panel) -> const T* { return part.bias.packed.data + panel * L; },
            [&](int64 index, int64 panel, int64 panels, const T* values) {
                T* target = gates_row(part, index / widest, share.position(index % widest)) + panel * L;
                for (int64 n = 0; n < panels; ++n) store(target + n * L, load(values + n * L));
            },
            Factor{part.input.packed, [&](int64 index) {
                       const int64 position = share.position(index % widest), step = start + index / widest;
                       return step < rows.length[position] ? input_row(step, position)
                                                           : input_row(start, share.position(0));
                   }});
    }

    // What a member does at a step: which rows and which units.
    struct Step {
        const Share& share;
        int64 step, slot;  // of the sequence, and of the chunk
        int64 count;       // of the member's rows
        int64 first, last; // vectors of units

        bool turn() const { return step % 2 == 1; }
    };

    // A part's gates of a step, from `state_row(position)`; `take` gets them before activation.
    template <class StateRow, class Take>
    void compute(const GatePart<T>& part, const Step& at, StateRow state_row, Take take) const {
        const int64 gates = part.input.columns.gates;
        const auto position = [&](int64 i) { return at.share.position(i); };
        const auto state = Factor{part.state.packed, [&](int64 i) { return state_row(position(i)); }};
        const auto take_row = [&](int64 i, int64 panel, int64 panels, const T* values) {
            take(position(i), panel, panels, values);
        };
        const int64 first = at.first * gates, last = at.last * gates;
        if (hoisted)
            multiply_turning<T>(
                at.turn(), at.count, first, last, kTilePanels,
                [&](int64 i, int64 panel) -> const T* {
                    return gates_row(part, at.slot, position(i)) + panel * L;
                },
                take_row, state);
        else
            multiply_turning<T>(
                at.turn(), at.count, first, last, kTilePanels,
                [&](int64, int64 panel) -> const T* { return part.bias.packed.data + panel * L; }, take_row,
                Factor{part.input.packed, [&](int64 i) { return input_row(at.step, position(i)); }}, state);
    }

    // Past a row's end: zeros as outputs, and the last state.
    void finish(int64 position) const {
        const int64 length = rows.length[position];
        Padding<T>{call, rows}.clear_row(position);
        T* final_state = typed<T>(call.final_state[0]) + rows.order[position] * call.units;
        std::memcpy(final_state, h_before(length, position), size_t(call.units) * sizeof(T));
    }
};

// One member's work on a whole sequence. `Family` is an OutputState with `run_step(at, meet)`, where `meet`
// waits for every member that shares the step's rows.
template <class Family>
void run_forward(Family& family, const Team::Member& member, bool by_units) {
    family.pack(member);
    member.barrier();
    const Split split{by_units && member.size > 1, member.size};
    const Rows& rows = family.rows;
    const Share share = split.rows(member, rows.batch, rows.ragged);
    const int64 first = split.begin(member, family.vectors), last = split.end(member, family.vectors);
    const auto meet = [&] {
        if (split.by_units) member.barrier();
    };
    const Padding<typename Family::Element> padding{family.call, rows};
    for (int64 start = 0; start < rows.time; start += family.chunk) {
        const int64 end = start + family.chunk < rows.time ? start + family.chunk : rows.time;
        if (family.hoisted && rows.active[start] > 0)
            for (const auto& part : family.parts)
                family.project_inputs(part, share, start, end - start, first, last);
        for (int64 step = start; step < end; ++step) {
            padding.clear_step(member, split, share, step);
            if (rows.active[step] == 0) continue;
            family.run_step({share, step, step - start, share.before(rows.active[step]), first, last}, meet);
        }
    }
    // By rows, each member finishes those it ran, and waits for nobody. By units, all have met.
    const int64 begin = member.begin(rows.batch);
    const Share ended = split.by_units ? Share{begin, 1, member.end(rows.batch) - begin} : share;
    for (int64 i = 0; i < ended.count; ++i) family.finish(ended.position(i));
}

template <class Family>
int output_state_forward(const Call& call) {
    Family family(call);
    return with_workspace(call, family, [&] {
        const Split split = choose_split(call, family.weights(), family.vectors);
        auto work = [&](const Team::Member& member) { run_forward(family, member, split.by_units); };
        Team::run(split.members, call.parallel_for, work);
    });
}

}  // namespace
