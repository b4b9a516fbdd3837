// The basic RNN: h' = activation(x . W + h . U + b). Steps: ostinato.steps.BasicRNN.
#pragma once

#include "output_state_backward.h"

namespace {

template <class T>
struct BasicRnn : OutputState<T, 1> {
    using Base = OutputState<T, 1>;
    using Base::call, Base::parts, Base::L;

    // Places in Call::parameters.
    static constexpr int kKernel = 0, kBias = 1;

    explicit BasicRnn(const Call& c) : Base(c) {
        GatePart<T>& part = parts[0] = Base::part(c, 1);
        part.input.sources[0] = {kKernel, 0, 0, c.units};
        part.state.sources[0] = {kKernel, c.input_size, 0, c.units};
        part.bias.sources[0] = {kBias, 0, 0, c.units};
        Base::choose_chunk(false);
    }

    template <class Meet>
    void run_step(const typename Base::Step& at, Meet meet) const {
        Base::compute(
            parts[0], at, [&](int64 position) { return Base::h_before(at.step, position); },
            [&](int64 position, int64 panel, int64 panels, const T* values) {
                T* output = Base::output_row(at.step, position);
                for (int64 n = 0; n < panels; ++n)
                    store(output + (panel + n) * L, activate<T>(load(values + n * L), call.activation),
                          Base::valid(panel + n));
            });
        meet();
    }
};

// Nothing is recomputed: an activation's derivative is a function of the output.
template <class T>
struct BasicRnnBackward : OutputStateBackward<T, BasicRnn<T>, BasicRnnBackward<T>> {
    using Base = OutputStateBackward<T, BasicRnn<T>, BasicRnnBackward<T>>;
    using Base::forward, Base::L;

    BasicRnnBackward(const Call& c, int64 team) : Base(c, team, c.units, false) {}

    void point(int64 p, int64 step, int64 position) const {
        Base::left[0][p] = forward.h_before(step, position);
        Base::input_gradients[0][p] = Base::state_gradients[0][p] = Base::pair_row(p);
    }

    template <class Meet>
    void recompute(const Pairs&, int64, int64, Meet) const {}

    template <class Meet>
    void step_back(const typename Base::Step& at, Meet meet) const {
        for (int64 i = 0; i < at.count; ++i) {
            const int64 position = at.position(i), step = at.step();
            const T* output = forward.output_row(step, position);
            T* gradient = Base::pair_row(at.pair(i));
            for (int64 v = at.first; v < at.last; ++v) {
                const Vector<T> y = load(output + v * L, forward.valid(v));
                store(gradient + v * L, Base::output_gradient(step, position, v) *
                                            derivative<T>(y, forward.call.activation));
            }
        }
        meet();
        Base::multiply_back(at, 0, [](T* carried, int64, int64, Vector<T> found) { store(carried, found); });
    }
};

template <class T>
int basic_rnn_forward(const Call& call) {
    return output_state_forward<BasicRnn<T>>(call);
}
template <class T>
int basic_rnn_backward(const Call& call) {
    return output_state_backward<BasicRnnBackward<T>>(call);
}

}  // namespace
