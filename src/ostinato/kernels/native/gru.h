// TF1's GRU: r, u = sigmoid(x . W + h . U + b); c = activation(x . W' + (r * h) . U' + b');
// h' = u * h + (1 - u) * c. Steps: ostinato.steps.GRU.
#pragma once

#include "output_state_backward.h"

namespace {

template <class T>
struct Gru : OutputState<T, 2> {
    using Base = OutputState<T, 2>;
    using Base::call, Base::parts, Base::L, Base::padded;
    T *reset_state, *update;  // [batch, padded units]: r * h and u of a step

    enum { kGates, kCandidate };  // the parts
    // Where gates are kept: r and u, interleaved, then the candidate.
    T* kept_row(int64 step, int64 position) const {
        return call.kept_gates ? Base::kept_gates_row(3, step, position) : nullptr;
    }

    // Places in Call::parameters.
    static constexpr int kGatesKernel = 0, kGatesBias = 1, kCandidateKernel = 2, kCandidateBias = 3;

    explicit Gru(const Call& c) : Base(c) {
        const int64 units = c.units;
        GatePart<T>& gates = parts[kGates] = Base::part(c, 2);
        GatePart<T>& candidate = parts[kCandidate] = Base::part(c, 1);
        for (int64 gate = 0; gate < 2; ++gate) {
            gates.input.sources[gate] = {kGatesKernel, 0, gate * units, 2 * units};
            gates.state.sources[gate] = {kGatesKernel, c.input_size, gate * units, 2 * units};
            gates.bias.sources[gate] = {kGatesBias, 0, gate * units, 2 * units};
        }
        candidate.input.sources[0] = {kCandidateKernel, 0, 0, units};
        candidate.state.sources[0] = {kCandidateKernel, c.input_size, 0, units};
        candidate.bias.sources[0] = {kCandidateBias, 0, 0, units};
        Base::choose_chunk(false);
    }

    void layout(Workspace& workspace) {
        Base::layout(workspace);
        workspace.take(reset_state, call.batch * padded());
        workspace.take(update, call.batch * padded());
    }

    template <class Meet>
    void run_step(const typename Base::Step& at, Meet meet) const {
        Base::compute(
            parts[kGates], at, [&](int64 position) { return Base::h_before(at.step, position); },
            [&](int64 position, int64 panel, int64 panels, const T* values) {
                const T* before = Base::h_before(at.step, position);
                T* kept = kept_row(at.step, position);
                for (int64 n = 0; n < panels; n += 2) {
                    const int64 v = (panel + n) / 2, valid = Base::valid(v);
                    const int64 place = position * padded() + v * L;
                    const Vector<T> reset = sigmoid(load(values + n * L));
                    const Vector<T> u = sigmoid(load(values + (n + 1) * L));
                    store(reset_state + place, reset * load(before + v * L, valid));
                    store(update + place, u);
                    if (!kept) continue;
                    store(kept + (panel + n) * L, first_lanes<T>(reset, valid));
                    store(kept + (panel + n + 1) * L, first_lanes<T>(u, valid));
                }
            });
        meet();
        Base::compute(
            parts[kCandidate], at, [&](int64 position) { return reset_state + position * padded(); },
            [&](int64 position, int64 panel, int64 panels, const T* values) {
                const T* before = Base::h_before(at.step, position);
                T *output = Base::output_row(at.step, position), *kept = kept_row(at.step, position);
                for (int64 n = 0; n < panels; ++n) {
                    const int64 v = panel + n, valid = Base::valid(v);
                    const Vector<T> candidate = activate<T>(load(values + n * L), call.activation);
                    const Vector<T> u = load(update + position * padded() + v * L);
                    store(output + v * L, u * load(before + v * L, valid) + (T(1) - u) * candidate, valid);
                    if (kept) store(kept + 2 * padded() + v * L, first_lanes<T>(candidate, valid));
                }
            });
        meet();
    }
};

// A pair's row: r and u, interleaved, then the candidate, or the gradients of all three; then r * h.
template <class T>
struct GruBackward : OutputStateBackward<T, Gru<T>, GruBackward<T>> {
    using Base = OutputStateBackward<T, Gru<T>, GruBackward<T>>;
    using Base::forward, Base::L, Base::pair_row;
    using Forward = Gru<T>;

    GruBackward(const Call& c, int64 team)
        : Base(c, team, 4 * Columns<T>{1, c.units}.width(), !c.kept_gates) {}

    // A pair's gates: where they were kept, or where they were computed again.
    const T* gates_row(int64 p, int64 step, int64 position) const {
        return forward.call.kept_gates ? forward.kept_row(step, position) : pair_row(p);
    }
    T* candidate_row(int64 p) const { return pair_row(p) + 2 * forward.padded(); }
    T* reset_state_row(int64 p) const { return pair_row(p) + 3 * forward.padded(); }

    void point(int64 p, int64 step, int64 position) const {
        Base::left[Forward::kGates][p] = forward.h_before(step, position);
        Base::left[Forward::kCandidate][p] = reset_state_row(p);
        Base::input_gradients[Forward::kGates][p] = Base::state_gradients[Forward::kGates][p] = pair_row(p);
        Base::input_gradients[Forward::kCandidate][p] = Base::state_gradients[Forward::kCandidate][p] =
            candidate_row(p);
    }

    template <class Meet>
    void recompute(const Pairs& mine, int64 first, int64 last, Meet meet) const {
        if (!forward.multiplies) return;
        const auto take_gates = [&](int64 p, int64 panel, int64 panels, const T* values) {
            const T* before = Base::left[Forward::kGates][p];
            for (int64 n = 0; n < panels; n += 2) {
                const int64 v = (panel + n) / 2, valid = forward.valid(v);
                const Vector<T> reset = first_lanes<T>(sigmoid(load(values + n * L)), valid);
                const Vector<T> u = first_lanes<T>(sigmoid(load(values + (n + 1) * L)), valid);
                store(pair_row(p) + (panel + n) * L, reset);
                store(pair_row(p) + (panel + n + 1) * L, u);
                store(reset_state_row(p) + v * L, reset * load(before + v * L, valid));
            }
        };
        const auto take_candidate = [&](int64 p, int64 panel, int64 panels, const T* values) {
            for (int64 n = 0; n < panels; ++n) {
                const Vector<T> candidate = activate<T>(load(values + n * L), forward.call.activation);
                store(candidate_row(p) + (panel + n) * L,
                      first_lanes<T>(candidate, forward.valid(panel + n)));
            }
        };
        Base::recompute_part(Forward::kGates, mine, first, last, take_gates);
        meet();
        Base::recompute_part(Forward::kCandidate, mine, first, last, take_candidate);
    }

    template <class Meet>
    void step_back(const typename Base::Step& at, Meet meet) const {
        for (int64 i = 0; i < at.count; ++i) {
            const int64 position = at.position(i), p = at.pair(i);
            const T* before = forward.h_before(at.step(), position);
            const T *gates = gates_row(p, at.step(), position), *candidates = gates + 2 * forward.padded();
            T* carried = Base::grad_h_row(position);
            for (int64 v = at.first; v < at.last; ++v) {
                const Vector<T> grad = Base::output_gradient(at.step(), position, v);
                const Vector<T> u = load(gates + (2 * v + 1) * L), candidate = load(candidates + v * L);
                const Vector<T> h = load(before + v * L, forward.valid(v));
                if (forward.call.kept_gates) store(reset_state_row(p) + v * L, load(gates + 2 * v * L) * h);
                store(candidate_row(p) + v * L,
                      grad * (T(1) - u) * derivative<T>(candidate, forward.call.activation));
                store(pair_row(p) + (2 * v + 1) * L, grad * (h - candidate) * u * (T(1) - u));
                store(carried + v * L, grad * u);
            }
        }
        meet();
        // From the candidate to r * h, and on to r and h.
        Base::multiply_back(at, Forward::kCandidate, [&](T* carried, int64 i, int64 v, Vector<T> found) {
            const int64 p = at.pair(i);
            const Vector<T> reset = load(gates_row(p, at.step(), at.position(i)) + 2 * v * L);
            const Vector<T> h = load(Base::left[Forward::kGates][p] + v * L, forward.valid(v));
            store(pair_row(p) + 2 * v * L, found * h * reset * (T(1) - reset));
            store(carried, load(carried) + found * reset);
        });
        meet();
        Base::multiply_back(at, Forward::kGates, Base::add_to_carried);
    }
};

template <class T>
int gru_forward(const Call& call) {
    return output_state_forward<Gru<T>>(call);
}
template <class T>
int gru_backward(const Call& call) {
    return output_state_backward<GruBackward<T>>(call);
}

}  // namespace
