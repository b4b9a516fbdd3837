// An LSTM over a whole sequence.
#pragma once

#include "lstm.h"
#include "products.h"

namespace {

template <class T>
struct LstmForward {
    static constexpr int64 L = lanes<T>;
    const Call& call;
    Columns<T> columns;
    LstmRow<T> row;
    Rows rows;
    bool projected, hoisted;
    Packed<T> input_kernel, state_kernel, projection;
    T *bias, *gates, *outputs, *scratch;
    int64 chunk, vectors, projection_vectors;

    explicit LstmForward(const Call& c)
        : call(c), columns{kGates, c.units}, projected(c.output_size != c.units || c.parameters[kProjection]) {
        vectors = columns.vectors();
        projection_vectors = (call.output_size + L - 1) / L;
        const int64 width = columns.width() * int64(sizeof(T));
        // The inputs' share of the gates goes ahead, many steps at once, where single steps would leave tiles
        // half empty or read more weights than stay in cache.
        hoisted = call.batch < kTileRows || (call.input_size + call.output_size) * width > kResidentBytes;
        chunk = hoisted ? (int64(1) << 20) / (width * call.batch) : 1;
        chunk = chunk < 1 ? 1 : chunk > 64 ? 64 : chunk;
    }

    // Places in Call::parameters.
    static constexpr int kKernel = 0, kBias = 1, kPeephole = 2, kProjection = 5, kNorm = 6;

    void layout(Workspace& workspace) {
        rows.layout(workspace, call);
        row.layout(workspace, call, columns);
        input_kernel.layout(workspace, call.input_size, columns.panels(), call.half_batch());
        state_kernel.layout(workspace, call.output_size, columns.panels(), call.half_batch());
        workspace.take(bias, columns.width());
        if (hoisted) workspace.take(gates, chunk * call.batch * columns.width());
        if (row.layer_norm) {
            if (!hoisted) workspace.take(gates, call.batch * columns.width());
            workspace.take(scratch, vectors * L * call.batch);
        }
        if (projected) {
            projection.layout(workspace, call.units, projection_vectors, call.half_batch());
            workspace.take(outputs, call.batch * vectors * L);
        }
    }

    Split split() const {
        return choose_split(call, input_kernel.bytes() + state_kernel.bytes() + projection.bytes(), vectors);
    }

    const T* input_row(int64 step, int64 position) const {
        return typed<T>(call.inputs) + rows.at(step, position) * call.inputs_time + rows.order[position] * call.inputs_batch;
    }
    T* output_at(int64 place, int64 position) const {
        return typed<T>(call.outputs) + place * call.outputs_time + rows.order[position] * call.outputs_batch;
    }
    T* output_row(int64 step, int64 position) const { return output_at(rows.at(step, position), position); }
    Padding<T> padding() const { return {call, rows}; }
    const T* h_before(int64 step, int64 position) const {
        if (step > 0) return output_row(step - 1, position);
        return typed<T>(call.state[1]) + rows.order[position] * call.output_size;
    }
    // Without a backward pass c has one place, the final state's.
    T* c_row(int64 step, int64 position) const {
        return call.kept ? kept_at(rows.at(step, position), position)
                         : typed<T>(call.final_state[0]) + rows.order[position] * call.units;
    }
    T* kept_at(int64 place, int64 position) const {
        return typed<T>(call.kept) + (place * call.batch + rows.order[position]) * call.units;
    }
    T* kept_gates_row(int64 step, int64 position) const {
        return typed<T>(call.kept_gates) +
               (rows.at(step, position) * call.batch + rows.order[position]) * columns.width();
    }
    const T* c_before(int64 step, int64 position) const {
        if (step > 0) return c_row(step - 1, position);
        return typed<T>(call.state[0]) + rows.order[position] * call.units;
    }

    void pack(const Team::Member& member) {
        const T* kernel = typed<T>(call.parameters[kKernel]);
        const int64 begin = member.begin(columns.panels()), end = member.end(columns.panels());
        ::pack(kernel, call.input_size, columns, begin, end, input_kernel.data);
        ::pack(kernel + call.input_size * kGates * call.units, call.output_size, columns, begin, end,
               state_kernel.data);
        input_kernel.round(begin, end);
        state_kernel.round(begin, end);
        if (projected) {
            ::pack(typed<T>(call.parameters[kProjection]), call.units, Columns<T>{1, call.output_size},
                   member.begin(projection_vectors), member.end(projection_vectors), projection.data);
            projection.round(member.begin(projection_vectors), member.end(projection_vectors));
        }
        if (member.rank != 0) return;
        if (call.parameters[kBias])
            ::pack(typed<T>(call.parameters[kBias]), 1, columns, 0, columns.panels(), bias);
        else
            for (int64 i = 0; i < columns.width(); ++i) bias[i] = 0;
        row.pack(call, kPeephole, kNorm);
        rows.sort(call);
    }

    void run(const Team::Member& member, bool by_units) {
        pack(member);
        member.barrier();
        const Split split{by_units && member.size > 1, member.size};
        const Share share = split.rows(member, call.batch, rows.ragged);
        const int64 first = split.begin(member, vectors), last = split.end(member, vectors);
        const auto meet = [&] {
            if (split.by_units) member.barrier();
        };
        for (int64 start = 0; start < rows.time; start += chunk) {
            const int64 steps = rows.time - start < chunk ? rows.time - start : chunk;
            if (hoisted) project_inputs(share, start, steps, first, last);
            for (int64 step = start; step < start + steps; ++step) {
                padding().clear_step(member, split, share, step);
                if (rows.active[step] == 0) continue;
                run_step(member, split, share, step, step - start, first, last, meet);
            }
        }
        // By rows, each member finishes those it ran, and waits for nobody.
        meet();
        const Share ended = split.by_units ? Share{member.begin(call.batch), 1, member.end(call.batch) - member.begin(call.batch)} : share;
        for (int64 i = 0; i < ended.count; ++i) finish(ended.position(i));
    }

    // gates = inputs . kernel + bias, for a few steps of the member's rows, or its units of all rows.
    void project_inputs(const Share& share, int64 start, int64 steps, int64 first, int64 last) {
        // Step and row of each, without a list: rows that have ended are computed too if the step has any.
        const int64 widest = share.before(rows.active[start]);
        multiply<T>(
            steps * widest, first * kGates, last * kGates, kTilePanels,
            [&](int64, int64 panel) -> const T* { return bias + panel * L; },
            [&](int64 index, int64 panel, int64 panels, const T* values) {
                T* target = gates_row(index / widest, share.position(index % widest)) + panel * L;
                for (int64 n = 0; n < panels; ++n) store(target + n * L, load(values + n * L));
            },
            Factor{input_kernel, [&](int64 index) {
                       const int64 position = share.position(index % widest), step = start + index / widest;
                       // A row that has ended is not read: what stands there may be a NaN.
                       return step < rows.length[position] ? input_row(step, position)
                                                           : input_row(start, share.position(0));
                   }});
    }

    T* gates_row(int64 slot, int64 position) const { return gates + (slot * call.batch + position) * columns.width(); }

    template <class Meet>
    void run_step(const Team::Member& member, const Split& split, const Share& share, int64 step, int64 slot,
                  int64 first, int64 last, Meet meet) {
        const int64 running = rows.active[step], mine = share.before(running);
        const auto state = Factor{state_kernel, [&](int64 i) { return h_before(step, share.position(i)); }};
        const auto take = [&](int64 i, int64 panel, int64 panels, const T* values) {
            const int64 position = share.position(i);
            if (row.layer_norm) {
                T* target = gates_row(hoisted ? slot : 0, position) + panel * L;
                for (int64 n = 0; n < panels; ++n) store(target + n * L, load(values + n * L));
                return;
            }
            const int64 v = panel / kGates;
            T* output = projected ? outputs + position * vectors * L : output_row(step, position);
            const int64 valid = projected ? L : columns.valid(v);
            row.forward(values, v, columns.valid(v), valid, c_before(step, position), c_row(step, position), output,
                        call.kept_gates ? kept_gates_row(step, position) + panel * L : nullptr);
        };
        if (hoisted)
            multiply_turning<T>(
                step % 2 == 1, mine, first * kGates, last * kGates, kTilePanels,
                [&](int64 i, int64 panel) -> const T* { return gates_row(slot, share.position(i)) + panel * L; },
                take, state);
        else
            multiply_turning<T>(
                step % 2 == 1, mine, first * kGates, last * kGates, kTilePanels,
                [&](int64, int64 panel) -> const T* { return bias + panel * L; }, take,
                Factor{input_kernel, [&](int64 i) { return input_row(step, share.position(i)); }}, state);
        meet();
        if (row.layer_norm) {
            const int64 begin = split.by_units ? member.begin(running) : 0;
            const int64 end = split.by_units ? member.end(running) : mine;
            for (int64 i = begin; i < end; ++i) {
                const int64 position = split.by_units ? i : share.position(i);
                T* output = projected ? outputs + position * vectors * L : output_row(step, position);
                row.forward_normalised(gates_row(hoisted ? slot : 0, position), c_before(step, position),
                                       c_row(step, position), output, scratch + position * vectors * L);
            }
            meet();
        }
        if (projected) {
            project_outputs(split, member, share, mine, step);
            meet();
        }
    }

    void project_outputs(const Split& split, const Team::Member& member, const Share& share, int64 mine, int64 step) {
        const Columns<T> sizes{1, call.output_size};
        multiply<T>(
            mine, split.begin(member, projection_vectors), split.end(member, projection_vectors), kTilePanels,
            from_zero<T>(),
            [&](int64 i, int64 panel, int64 panels, const T* values) {
                T* output = output_row(step, share.position(i));
                for (int64 n = 0; n < panels; ++n) {
                    Vector<T> h = load(values + n * L);
                    if (call.proj_clip >= 0) h = clamp<T>(h, T(-call.proj_clip), T(call.proj_clip));
                    store(output + (panel + n) * L, h, sizes.valid(panel + n));
                }
            },
            Factor{projection, [&](int64 i) { return outputs + share.position(i) * vectors * L; }});
    }

    // Past a row's end: zeros as outputs, and the last state.
    void finish(int64 position) {
        const int64 length = rows.length[position], at = rows.order[position];
        padding().clear_row(position);
        copy(typed<T>(call.final_state[1]) + at * call.output_size, h_before(length, position), call.output_size);
        T* c = typed<T>(call.final_state[0]) + at * call.units;
        if (call.kept || length == 0) copy(c, c_before(length, position), call.units);
        if (call.kept && call.fill_kept)
            for (int64 step = length; step < rows.time; ++step) copy(kept_at(step, position), c, call.units);
    }

    static void copy(T* target, const T* source, int64 count) {
        std::memcpy(target, source, size_t(count) * sizeof(T));
    }
};

template <class T>
int lstm_forward(const Call& call) {
    LstmForward<T> forward(call);
    return with_workspace(call, forward, [&] {
        const Split split = forward.split();
        auto work = [&](const Team::Member& member) { forward.run(member, split.by_units); };
        Team::run(split.members, call.parallel_for, work);
    });
}

}  // namespace
