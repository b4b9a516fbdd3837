// The GRU of cuDNN and torch: r, u = sigmoid(x . W + h . U + b); h' = u * h + (1 - u) * n, where
// n = activation(x . W' + b' + r * (h . R + d)). Steps: ostinato.steps.ResetAfterGRU.
#pragma once

#include "output_state_backward.h"

namespace {

template <class T>
struct GruResetAfter : OutputState<T, 1> {
    using Base = OutputState<T, 1>;
    using Base::call, Base::parts, Base::L;
    GateMatrix<T> hidden_bias;

    static constexpr int64 kGates = 3;  // r, u and the candidate; of the state's matrix the candidate's h . R
    // Places in Call::parameters.
    static constexpr int kGatesKernel = 0, kGatesBias = 1, kInputKernel = 2, kInputBias = 3;
    static constexpr int kHiddenKernel = 4, kHiddenBias = 5;

    explicit GruResetAfter(const Call& c) : Base(c) {
        const int64 units = c.units;
        GatePart<T>& part = parts[0] = Base::part(c, kGates);
        for (int64 gate = 0; gate < 2; ++gate) {
            part.input.sources[gate] = {kGatesKernel, 0, gate * units, 2 * units};
            part.state.sources[gate] = {kGatesKernel, c.input_size, gate * units, 2 * units};
            part.bias.sources[gate] = {kGatesBias, 0, gate * units, 2 * units};
        }
        part.input.sources[2] = {kInputKernel, 0, 0, units};
        part.state.sources[2] = {kHiddenKernel, 0, 0, units};
        part.bias.sources[2] = {kInputBias, 0, 0, units};
        hidden_bias.columns = {1, units}, hidden_bias.depth = 1;
        hidden_bias.sources[0] = {kHiddenBias, 0, 0, units};
        // The candidate's two products must stay apart, so the inputs' are never part of a step's tile.
        Base::choose_chunk(true);
    }

    void layout(Workspace& workspace) {
        Base::layout(workspace);
        hidden_bias.layout(workspace);
    }

    void pack(const Team::Member& member) {
        Base::pack(member);
        hidden_bias.pack(call, member);
    }

    struct Activated {
        Vector<T> reset, update, hidden, candidate;
    };

    // Where gates are kept: r, u, n and h . R + d of each vector of units.
    static constexpr int64 kKept = 4;
    T* kept_row(int64 step, int64 position) const {
        return call.kept_gates ? Base::kept_gates_row(kKept, step, position) : nullptr;
    }

    // One vector of units: the inputs' share of r, u, n, and the state's, to the gates.
    Activated gates(const T* from_inputs, const T* from_state, int64 v) const {
        const Vector<T> reset = sigmoid(load(from_inputs) + load(from_state));
        const Vector<T> update = sigmoid(load(from_inputs + L) + load(from_state + L));
        const Vector<T> hidden = load(from_state + 2 * L) + load(hidden_bias.packed.data + v * L);
        const Vector<T> candidate = activate<T>(load(from_inputs + 2 * L) + reset * hidden, call.activation);
        return {reset, update, hidden, candidate};
    }

    template <class Meet>
    void run_step(const typename Base::Step& at, Meet meet) const {
        const auto position = [&](int64 i) { return at.share.position(i); };
        multiply_turning<T>(
            at.turn(), at.count, at.first * kGates, at.last * kGates, kGates, from_zero<T>(),
            [&](int64 i, int64 panel, int64, const T* values) {
                const int64 v = panel / kGates, valid = Base::valid(v);
                const T* from_inputs = Base::gates_row(parts[0], at.slot, position(i)) + panel * L;
                const Activated a = gates(from_inputs, values, v);
                const Vector<T> before = load(Base::h_before(at.step, position(i)) + v * L, valid);
                store(Base::output_row(at.step, position(i)) + v * L,
                      a.update * before + (T(1) - a.update) * a.candidate, valid);
                if (!call.kept_gates) return;
                T* kept = kept_row(at.step, position(i)) + v * kKept * L;
                store(kept, first_lanes<T>(a.reset, valid));
                store(kept + L, first_lanes<T>(a.update, valid));
                store(kept + 2 * L, first_lanes<T>(a.candidate, valid));
                store(kept + 3 * L, first_lanes<T>(a.hidden, valid));
            },
            Factor{parts[0].state.packed, [&](int64 i) { return Base::h_before(at.step, position(i)); }});
        meet();
    }
};

// A pair's row: r, u, n of each vector of units, and then r, u, h . R + d: what becomes the gradients of the
// inputs' products, and of the state's.
template <class T>
struct GruResetAfterBackward : OutputStateBackward<T, GruResetAfter<T>, GruResetAfterBackward<T>> {
    using Base = OutputStateBackward<T, GruResetAfter<T>, GruResetAfterBackward<T>>;
    using Base::forward, Base::L, Base::pair_row;
    using Forward = GruResetAfter<T>;
    static constexpr int64 kGates = Forward::kGates;
    T* hidden_sums;  // [state.columns.width()]: the last gate's are the hidden bias's gradient

    GruResetAfterBackward(const Call& c, int64 team)
        : Base(c, team, 2 * Columns<T>{kGates, c.units}.width(), !c.kept_gates) {}

    void layout(Workspace& workspace) {
        Base::layout(workspace);
        workspace.take(hidden_sums, forward.parts[0].width());
    }

    T* state_row(int64 p) const { return pair_row(p) + forward.parts[0].width(); }

    void point(int64 p, int64 step, int64 position) const {
        Base::left[0][p] = forward.h_before(step, position);
        Base::input_gradients[0][p] = pair_row(p);
        Base::state_gradients[0][p] = state_row(p);
    }

    template <class Meet>
    void recompute(const Pairs& mine, int64 first, int64 last, Meet) const {
        if (!forward.multiplies) return;
        const GatePart<T>& part = forward.parts[0];
        const auto pair = [&](int64 i) { return Base::chunk.base[mine.step[i]] + mine.row[i]; };
        multiply<T>(
            mine.count, first * kGates, last * kGates, kTilePanels,
            [&](int64, int64 panel) -> const T* { return part.bias.packed.data + panel * L; },
            [&](int64 i, int64 panel, int64 panels, const T* values) {
                T* target = pair_row(pair(i)) + panel * L;
                for (int64 n = 0; n < panels; ++n) store(target + n * L, load(values + n * L));
            },
            Factor{part.input.packed, [&](int64 i) { return Base::left_inputs[pair(i)]; }});
        multiply<T>(
            mine.count, first * kGates, last * kGates, kGates, from_zero<T>(),
            [&](int64 i, int64 panel, int64, const T* values) {
                T *inputs = pair_row(pair(i)) + panel * L, *state = state_row(pair(i)) + panel * L;
                const int64 v = panel / kGates, valid = forward.valid(v);
                const auto a = forward.gates(inputs, values, v);
                store(inputs, first_lanes<T>(a.reset, valid));
                store(inputs + L, first_lanes<T>(a.update, valid));
                store(inputs + 2 * L, first_lanes<T>(a.candidate, valid));
                store(state + 2 * L, first_lanes<T>(a.hidden, valid));
            },
            Factor{part.state.packed, [&](int64 i) { return Base::left[0][pair(i)]; }});
    }

    template <class Meet>
    void step_back(const typename Base::Step& at, Meet meet) const {
        for (int64 i = 0; i < at.count; ++i) {
            const int64 position = at.position(i), p = at.pair(i);
            const T* before = forward.h_before(at.step(), position);
            const T* kept = forward.kept_row(at.step(), position);
            T* carried = Base::grad_h_row(position);
            for (int64 v = at.first; v < at.last; ++v) {
                T *inputs = pair_row(p) + v * kGates * L, *state = state_row(p) + v * kGates * L;
                const Vector<T> grad = Base::output_gradient(at.step(), position, v);
                const T* gates = kept ? kept + v * Forward::kKept * L : inputs;
                const Vector<T> reset = load(gates), u = load(gates + L), candidate = load(gates + 2 * L);
                const Vector<T> hidden = load(kept ? gates + 3 * L : state + 2 * L);
                const Vector<T> h = load(before + v * L, forward.valid(v));
                const Vector<T> to_candidate =
                    grad * (T(1) - u) * derivative<T>(candidate, forward.call.activation);
                const Vector<T> to_reset = to_candidate * hidden * reset * (T(1) - reset);
                const Vector<T> to_update = grad * (h - candidate) * u * (T(1) - u);
                store(inputs, to_reset);
                store(inputs + L, to_update);
                store(inputs + 2 * L, to_candidate);
                store(state, to_reset);
                store(state + L, to_update);
                store(state + 2 * L, to_candidate * reset);
                store(carried + v * L, grad * u);
            }
        }
        meet();
        Base::multiply_back(at, 0, Base::add_to_carried);
    }

    void start_sums(const Team::Member& member) const {
        Base::start_sums(member);
        if (member.rank != 0) return;
        std::memset(hidden_sums, 0, size_t(forward.parts[0].width()) * sizeof(T));
        each_hidden_sum([](T* sum, T* total, int64 valid) { store(sum, load(total, valid)); });
    }

    void sum_chunk(const Team::Member& member) const {
        Base::sum_chunk(member);
        accumulate_rows<T>(member, Base::state_gradients[0], forward.parts[0].state.columns.panels(),
                           Base::chunk.pairs(), hidden_sums);
    }

    void store_sums(const Team::Member& member) const {
        Base::store_sums(member);
        if (member.rank == 0)
            each_hidden_sum([](T* sum, T* total, int64 valid) { store(total, load(sum), valid); });
    }

    // As GateMatrix::each_sum.
    template <class Take>
    void each_hidden_sum(Take take) const {
        T* total = typed<T>(forward.call.grad_parameters[Forward::kHiddenBias]);
        for (int64 v = 0; v < forward.vectors; ++v)
            take(hidden_sums + (v * kGates + 2) * L, total + v * L, forward.valid(v));
    }
};

template <class T>
int gru_reset_after_forward(const Call& call) {
    return output_state_forward<GruResetAfter<T>>(call);
}
template <class T>
int gru_reset_after_backward(const Call& call) {
    return output_state_backward<GruResetAfterBackward<T>>(call);
}

}  // namespace
