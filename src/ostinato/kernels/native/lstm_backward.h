// The backward pass of an LSTM sequence: outputs and c of every step are kept, the gates of a chunk of steps
// are computed again in one product.
#pragma once

#include "lstm_backward_sums.h"

namespace {

template <class T>
struct LstmBackward {
    static constexpr int64 L = lanes<T>;
    // The forward pass's view of the call: its rows, its matrices, where states stand.
    LstmForward<T> forward;
    const Call& call;
    Columns<T> columns;
    Chunk chunk;
    LstmSums<T> sums;
    int64 chunk_steps, stride, vectors, hidden_vectors, input_vectors, members;
    Packed<T> state_kernel_back, input_kernel_back, projection_back;
    T *gates, *grad_h, *grad_c, *scales, *unprojected, *projected, *grad_output;
    Pairs* pairs;

    explicit LstmBackward(const Call& c, int64 team)
        : forward(c), call(c), columns(forward.columns), sums(forward, chunk), members(team) {
        vectors = columns.vectors();
        hidden_vectors = (call.output_size + L - 1) / L;
        input_vectors = (call.input_size + L - 1) / L;
        stride = columns.width() + L;  // rows a power of two apart would meet in the same sets of a cache
        chunk_steps = walk_chunk(call, stride * int64(sizeof(T)));
    }

    bool normalised() const { return forward.row.layer_norm; }
    int64 norm_stride() const { return sums.norm_stride(); }

    void layout(Workspace& workspace) {
        forward.hoisted = false, forward.chunk = 1;
        forward.layout(workspace);
        chunk.layout(workspace, call, chunk_steps);
        state_kernel_back.layout(workspace, columns.width(), hidden_vectors, call.half_batch());
        if (call.grad_inputs) input_kernel_back.layout(workspace, columns.width(), input_vectors, call.half_batch());
        const int64 pairs_capacity = chunk_steps * call.batch;
        workspace.take(gates, pairs_capacity * stride);
        workspace.take(grad_h, call.batch * hidden_vectors * L);
        workspace.take(grad_c, call.batch * vectors * L);
        sums.layout(workspace, pairs_capacity);
        workspace.take(pairs, members);
        for (int64 i = 0; i < members; ++i) {
            Pairs mine;
            mine.layout(workspace, pairs_capacity);
            if (pairs) pairs[i] = mine;
        }
        if (normalised()) workspace.take(scales, pairs_capacity * (kGates + 1));
        if (!forward.projected) return;
        projection_back.layout(workspace, hidden_vectors * L, vectors, call.half_batch());
        workspace.take(unprojected, pairs_capacity * vectors * L);
        workspace.take(projected, pairs_capacity * hidden_vectors * L);
        workspace.take(grad_output, call.batch * vectors * L);
    }

    Split split() const {
        return choose_split(
            call, 2 * (forward.input_kernel.bytes() + forward.state_kernel.bytes() + forward.projection.bytes()),
            vectors);
    }

    void pack(const Team::Member& member) {
        forward.pack(member);
        const T* kernel = typed<T>(call.parameters[LstmForward<T>::kKernel]);
        const T* recurrent = kernel + call.input_size * kGates * call.units;
        pack_transposed(recurrent, call.output_size, columns, member.begin(hidden_vectors),
                        member.end(hidden_vectors), state_kernel_back.data);
        state_kernel_back.round(member.begin(hidden_vectors), member.end(hidden_vectors));
        if (call.grad_inputs) {
            pack_transposed(kernel, call.input_size, columns, member.begin(input_vectors), member.end(input_vectors),
                            input_kernel_back.data);
            input_kernel_back.round(member.begin(input_vectors), member.end(input_vectors));
        }
        if (forward.projected) {
            pack_transposed(typed<T>(call.parameters[LstmForward<T>::kProjection]), call.units,
                            Columns<T>{1, call.output_size}, member.begin(vectors), member.end(vectors),
                            projection_back.data);
            projection_back.round(member.begin(vectors), member.end(vectors));
        }
        sums.start(member);
    }

    const T* grad_output_row(int64 step, int64 position) const {
        return typed<T>(call.grad_outputs) + forward.rows.at(step, position) * call.grad_outputs_time +
               forward.rows.order[position] * call.grad_outputs_batch;
    }
    const T* grad_kept_at(int64 place, int64 position) const {
        return typed<T>(call.grad_kept) + (place * call.batch + forward.rows.order[position]) * call.units;
    }
    const T* grad_kept_row(int64 step, int64 position) const {
        return grad_kept_at(forward.rows.at(step, position), position);
    }
    T* grad_h_row(int64 position) const { return grad_h + position * hidden_vectors * L; }
    T* grad_c_row(int64 position) const { return grad_c + position * vectors * L; }

    static void copy_padded(const void* source, int64 row, int64 count, int64 padded, T* target) {
        for (int64 i = 0; i < padded; i += L)
            store(target + i, source && i < count ? load(typed<T>(source) + row * count + i, count - i)
                                                  : Vector<T>{});
    }

    // The gradients of the last state; c past a row's end is a copy of it.
    void start_rows(const Team::Member& member) {
        for (int64 i = member.begin(call.batch); i < member.end(call.batch); ++i) {
            const int64 at = forward.rows.order[i];
            copy_padded(call.grad_final_state[1], at, call.output_size, hidden_vectors * L, grad_h_row(i));
            copy_padded(call.grad_final_state[0], at, call.units, vectors * L, grad_c_row(i));
            if (!call.grad_kept) continue;
            for (int64 step = call.time - 1; step >= forward.rows.length[i]; --step)
                add_grad_kept(grad_kept_at(step, i), i);
        }
    }

    void add_grad_kept(const T* source, int64 position) {
        T* target = grad_c_row(position);
        for (int64 v = 0; v < vectors; ++v)
            store(target + v * L, load(target + v * L) + load(source + v * L, columns.valid(v)));
    }

    bool has_gradient(int64 position, int64 start, int64 end) const {
        if (row_has_value(grad_h_row(position), call.output_size)) return true;
        if (row_has_value(grad_c_row(position), call.units)) return true;
        const int64 length = forward.rows.length[position], last = end < length ? end : length;
        for (int64 step = start; step < last; ++step) {
            if (call.grad_outputs && row_has_value(grad_output_row(step, position), call.output_size)) return true;
            if (call.grad_kept && row_has_value(grad_kept_row(step, position), call.units)) return true;
        }
        return false;
    }

    void run(const Team::Member& member, bool by_units) {
        pack(member);
        member.barrier();
        start_rows(member);
        member.barrier();
        walk_back(
            member, forward.rows, chunk, chunk_steps,
            [&](int64 position, int64 start, int64 end) { return has_gradient(position, start, end); },
            [&] { run_chunk(member, {by_units && member.size > 1, member.size}); }, [&] { sum_chunk(member); });
        finish(member);
    }

    T* gates_row(int64 p) const { return gates + p * stride; }

    void run_chunk(const Team::Member& member, const Split& split) {
        const Share share = split.rows(member, chunk.rows, forward.rows.ragged);
        const int64 first = split.begin(member, vectors), last = split.end(member, vectors);
        const int64 first_hidden = split.begin(member, hidden_vectors);
        const int64 last_hidden = split.end(member, hidden_vectors);
        Pairs& mine = pairs[member.rank];
        mine.list(chunk, share);
        const auto meet = [&] {
            if (split.by_units) member.barrier();
        };
        // Pointers for the products over the chunk's pairs; by units, each member writes a part of them.
        const int64 from = split.by_units ? member.begin(mine.count) : 0;
        const int64 to = split.by_units ? member.end(mine.count) : mine.count;
        for (int64 i = from; i < to; ++i) {
            const int64 step = chunk.start + mine.step[i], position = chunk.position[mine.row[i]];
            const int64 p = chunk.base[mine.step[i]] + mine.row[i];
            sums.inputs[p] = forward.input_row(step, position);
            sums.state[p] = forward.h_before(step, position);
            sums.gates[p] = gates_row(p);
            if (!forward.projected) continue;
            sums.unprojected[p] = unprojected + p * vectors * L;
            sums.projected[p] = projected + p * hidden_vectors * L;
        }
        meet();
        if (!call.kept_gates) recompute(mine, first, last);
        if (normalised() || forward.projected) {
            meet();
            if (normalised()) normalise_pairs(mine, from, to);
            meet();
            if (forward.projected && call.proj_clip >= 0) project_pairs(mine, first_hidden, last_hidden);
        }
        for (int64 s = chunk.steps - 1; s >= 0; --s) {
            const int64 running = share.before(chunk.running[s]);
            if (forward.projected) {
                project_back(share, s, running, first_hidden, last_hidden);
                meet();
                unproject(share, s, running, first, last);
                if (normalised()) meet();
            }
            if (normalised()) {
                const int64 begin = split.by_units ? member.begin(running) : 0;
                const int64 end = split.by_units ? member.end(running) : running;
                for (int64 i = begin; i < end; ++i) step_back_normalised(share.position(i), s);
            } else {
                for (int64 i = 0; i < running; ++i) step_back(share.position(i), s, first, last);
            }
            meet();
            multiply_turning<T>(
                s % 2 == 1, running, first_hidden, last_hidden, kTilePanels, from_zero<T>(),
                [&](int64 i, int64 panel, int64 panels, const T* values) {
                    T* target = grad_h_row(chunk.position[share.position(i)]) + panel * L;
                    for (int64 n = 0; n < panels; ++n) store(target + n * L, load(values + n * L));
                },
                Factor{state_kernel_back, [&](int64 i) { return gates_row(chunk.base[s] + share.position(i)); }});
            if (forward.projected || normalised()) meet();
        }
    }

    // The gates of the member's pairs; activated at once, unless layer norm must first see the whole row.
    void recompute(const Pairs& mine, int64 first, int64 last) {
        const auto index = [&](int64 i) { return chunk.base[mine.step[i]] + mine.row[i]; };
        multiply<T>(
            mine.count, first * kGates, last * kGates, kTilePanels,
            [&](int64, int64 panel) -> const T* { return forward.bias + panel * L; },
            [&](int64 i, int64 panel, int64 panels, const T* values) {
                const int64 p = index(i), v = panel / kGates;
                T* target = gates_row(p) + panel * L;
                for (int64 n = 0; n < panels; ++n) store(target + n * L, load(values + n * L));
                if (normalised()) return;
                const int64 step = chunk.start + mine.step[i], position = chunk.position[mine.row[i]];
                forward.row.activate_all(target, v, columns.valid(v), forward.c_before(step, position),
                                         forward.c_row(step, position),
                                         forward.projected ? unprojected + p * vectors * L : nullptr);
            },
            Factor{forward.input_kernel, [&](int64 i) { return sums.inputs[index(i)]; }},
            Factor{forward.state_kernel, [&](int64 i) { return sums.state[index(i)]; }});
    }

    // Layer norm of the pairs' gates and of c; the normalised values stay for the gradients.
    void normalise_pairs(const Pairs& mine, int64 from, int64 to) {
        const LstmRow<T>& row = forward.row;
        for (int64 i = from; i < to; ++i) {
            const int64 step = chunk.start + mine.step[i], position = chunk.position[mine.row[i]];
            const int64 p = chunk.base[mine.step[i]] + mine.row[i];
            T *values = gates_row(p), *hat = sums.hats + p * norm_stride(), *scale = scales + p * (kGates + 1);
            for (int gate = 0; gate < kGates; ++gate)
                scale[gate] = row.normalise(values + gate * L, kGates * L, row.gain[gate], row.shift[gate],
                                            hat + gate * L);
            T* state = hat + kGates * vectors * L;
            const T *before = forward.c_before(step, position), *after = forward.c_row(step, position);
            T* raw = sums.normalised + p * norm_stride();  // free until the step's gradient comes
            for (int64 v = 0; v < vectors; ++v) {
                T* gate = values + v * kGates * L;
                row.activate_all(gate, v, columns.valid(v), before, after,
                                 forward.projected ? unprojected + p * vectors * L : nullptr);
                store(raw + v * L, load(gate + kF * L) * load(before + v * L, columns.valid(v)) +
                                       load(gate + kI * L) * load(gate + kJ * L));
            }
            scale[kGates] = row.normalise(raw, L, row.state_gain, row.state_shift, state);
        }
    }

    // What the projection gave before its clip.
    void project_pairs(const Pairs& mine, int64 first, int64 last) {
        const auto index = [&](int64 i) { return chunk.base[mine.step[i]] + mine.row[i]; };
        multiply<T>(
            mine.count, first, last, kTilePanels, from_zero<T>(),
            [&](int64 i, int64 panel, int64 panels, const T* values) {
                T* target = projected + index(i) * hidden_vectors * L + panel * L;
                for (int64 n = 0; n < panels; ++n) store(target + n * L, load(values + n * L));
            },
            Factor{forward.projection, [&](int64 i) { return unprojected + index(i) * vectors * L; }});
    }

    // The gradient of a step's projection, [output_size], for the member's part of it.
    void project_back(const Share& share, int64 s, int64 running, int64 first, int64 last) {
        const Columns<T> sizes{1, call.output_size};
        for (int64 i = 0; i < running; ++i) {
            const int64 q = share.position(i), position = chunk.position[q], p = chunk.base[s] + q;
            T* target = projected + p * hidden_vectors * L;
            for (int64 v = first; v < last; ++v) {
                Vector<T> grad = load(grad_h_row(position) + v * L);
                if (call.grad_outputs)
                    grad += load(grad_output_row(chunk.start + s, position) + v * L, sizes.valid(v));
                if (call.proj_clip >= 0) {
                    const Vector<T> raw = load(target + v * L);
                    grad = raw >= T(-call.proj_clip) ? grad : Vector<T>{};
                    grad = raw <= T(call.proj_clip) ? grad : Vector<T>{};
                }
                store(target + v * L, grad);
            }
        }
    }

    void unproject(const Share& share, int64 s, int64 running, int64 first, int64 last) {
        multiply<T>(
            running, first, last, kTilePanels, from_zero<T>(),
            [&](int64 i, int64 panel, int64 panels, const T* values) {
                T* target = grad_output + chunk.position[share.position(i)] * vectors * L + panel * L;
                for (int64 n = 0; n < panels; ++n) store(target + n * L, load(values + n * L));
            },
            Factor{projection_back,
                   [&](int64 i) { return projected + (chunk.base[s] + share.position(i)) * hidden_vectors * L; }});
    }

    // The gradient of o * activation(c) at a step, one vector of units.
    Vector<T> unprojected_gradient(int64 step, int64 position, int64 v) const {
        if (forward.projected) return load(grad_output + position * vectors * L + v * L);
        Vector<T> grad = load(grad_h_row(position) + v * L);
        if (call.grad_outputs) grad += load(grad_output_row(step, position) + v * L, columns.valid(v));
        return grad;
    }

    void step_back(int64 q, int64 s, int64 first, int64 last) {
        const int64 step = chunk.start + s, position = chunk.position[q];
        T *found = gates_row(chunk.base[s] + q), *carried = grad_c_row(position);
        const T* values = call.kept_gates ? forward.kept_gates_row(step, position) : found;
        const T *before = forward.c_before(step, position), *after = forward.c_row(step, position);
        for (int64 v = first; v < last; ++v) {
            if (call.grad_kept)
                store(carried + v * L, load(carried + v * L) +
                                           load(grad_kept_row(step, position) + v * L, columns.valid(v)));
            forward.row.backward(values + v * kGates * L, found + v * kGates * L, v, columns.valid(v), before, after,
                                 unprojected_gradient(step, position, v), carried);
        }
    }

    void step_back_normalised(int64 q, int64 s) {
        const LstmRow<T>& row = forward.row;
        const int64 step = chunk.start + s, position = chunk.position[q], p = chunk.base[s] + q;
        T *values = gates_row(p), *carried = grad_c_row(position), *hat = sums.hats + p * norm_stride();
        T *found = sums.normalised + p * norm_stride(), *scale = scales + p * (kGates + 1);
        T *state = found + kGates * vectors * L, *state_hat = hat + kGates * vectors * L;
        const T *before = forward.c_before(step, position), *after = forward.c_row(step, position);
        if (call.grad_kept) add_grad_kept(grad_kept_row(step, position), position);
        // Down to layer norm of c ...
        for (int64 v = 0; v < vectors; ++v) {
            T* gate = values + v * kGates * L;
            const Vector<T> grad_h = unprojected_gradient(step, position, v), o = load(gate + kO * L);
            const Vector<T> active = activate<T>(load(after + v * L, columns.valid(v)), row.activation);
            const Vector<T> grad_o = grad_h * active * o * (T(1) - o);
            Vector<T> grad = load(carried + v * L) + grad_h * o * derivative<T>(active, row.activation);
            if (row.peepholes) grad += grad_o * load(row.w_o + v * L);
            if (row.cell_clip >= 0) {
                const Vector<T> raw = load(row.state_gain + v * L) * load(state_hat + v * L) +
                                      load(row.state_shift + v * L);
                grad = raw >= -row.cell_clip ? grad : Vector<T>{};
                grad = raw <= row.cell_clip ? grad : Vector<T>{};
            }
            store(gate + kO * L, grad_o);
            store(state + v * L, grad);
            store(carried + v * L, grad);
        }
        row.normalise_backward(carried, L, row.state_gain, state_hat, scale[kGates]);
        // ... to the gates, and through theirs.
        for (int64 v = 0; v < vectors; ++v) {
            T* gate = values + v * kGates * L;
            row.backward_gates(gate, v, load(before + v * L, columns.valid(v)), load(carried + v * L),
                               load(gate + kI * L), load(gate + kJ * L), load(gate + kF * L), load(gate + kO * L),
                               carried);
        }
        std::memcpy(found, values, size_t(columns.width()) * sizeof(T));
        for (int gate = 0; gate < kGates; ++gate)
            row.normalise_backward(values + gate * L, kGates * L, row.gain[gate], hat + gate * L, scale[gate]);
    }

    // The chunk's part of the parameters' and the inputs' gradients.
    void sum_chunk(const Team::Member& member) {
        sums.add(member);
        if (!call.grad_inputs) return;
        const Columns<T> sizes{1, call.input_size};
        const int64 count = chunk.pairs(), first = member.begin(count), part = member.end(count) - first;
        // The step of a pair: searched for once, then followed.
        int64 s = 0;
        while (s < chunk.steps && chunk.base[s + 1] <= first) ++s;
        const int64 first_step = s;
        int64 previous = first - 1;
        multiply<T>(
            part, 0, input_vectors, kTilePanels, from_zero<T>(),
            [&](int64 i, int64 panel, int64 panels, const T* values) {
                const int64 p = first + i;
                if (p < previous) s = first_step;
                previous = p;
                while (chunk.base[s + 1] <= p) ++s;
                const int64 position = chunk.position[p - chunk.base[s]];
                T* target = typed<T>(call.grad_inputs) +
                            forward.rows.at(chunk.start + s, position) * call.grad_inputs_time +
                            forward.rows.order[position] * call.grad_inputs_batch;
                for (int64 n = 0; n < panels; ++n)
                    store(target + (panel + n) * L, load(values + n * L), sizes.valid(panel + n));
            },
            Factor{input_kernel_back, [&](int64 i) { return sums.gates[first + i]; }});
    }

    void finish(const Team::Member& member) {
        sums.finish(member);
        for (int64 i = member.begin(call.batch); i < member.end(call.batch); ++i) {
            const int64 at = forward.rows.order[i];
            LstmForward<T>::copy(typed<T>(call.grad_state[1]) + at * call.output_size, grad_h_row(i),
                                 call.output_size);
            LstmForward<T>::copy(typed<T>(call.grad_state[0]) + at * call.units, grad_c_row(i), call.units);
        }
    }
};

template <class T>
int lstm_backward(const Call& call) {
    LstmBackward<T> backward(call, call.threads);
    if (call.query) call.query[1] = backward.chunk_steps;
    return with_workspace(call, backward, [&] {
        const Split split = backward.split();
        auto work = [&](const Team::Member& member) { backward.run(member, split.by_units); };
        Team::run(split.members, call.parallel_for, work);
    });
}

}  // namespace
