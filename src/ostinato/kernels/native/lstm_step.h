// One step of an LSTM for a few rows: the kernel is read where it stands, once, and nothing is packed.
#pragma once

#include "lstm.h"

namespace {

// values[r][g][v] = bias + sum over k of inputs[r][k] * kernel[k][g * units + v-th vector], for R rows and V
// vectors of units.
template <class T, int R, int V>
void step_tile(const T* const* inputs, int64 input_size, const T* const* state, int64 state_size, const T* kernel,
               const T* bias, int64 units, T* values) {
    constexpr int64 L = lanes<T>;
    const int64 row = kGates * units;
    Vector<T> sum[R][kGates][V];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int g = 0; g < kGates; ++g)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) sum[r][g][v] = load(bias + g * units + v * L);
    const T* weights = kernel;
    for (int part = 0; part < 2; ++part) {
        const T* const* left = part == 0 ? inputs : state;
        const int64 depth = part == 0 ? input_size : state_size;
        for (int64 k = 0; k < depth; ++k, weights += row) {
#pragma GCC unroll 4
            for (int g = 0; g < kGates; ++g) {
                // Rows lie far apart: the processor does not guess the next one by itself.
                __builtin_prefetch(weights + 8 * row + g * units);
                if (V > 2) __builtin_prefetch(weights + 8 * row + g * units + 2 * L);
                Vector<T> w[V];
#pragma GCC unroll 4
                for (int v = 0; v < V; ++v) w[v] = load(weights + g * units + v * L);
#pragma GCC unroll 8
                for (int r = 0; r < R; ++r) {
                    const Vector<T> x = all_lanes<T>(left[r][k]);
#pragma GCC unroll 4
                    for (int v = 0; v < V; ++v) sum[r][g][v] += x * w[v];
                }
            }
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int g = 0; g < kGates; ++g)
#pragma GCC unroll 4
            for (int v = 0; v < V; ++v) store(values + ((r * V + v) * kGates + g) * L, sum[r][g][v]);
}

// The last units, where a whole vector would read beyond a gate's columns.
template <class T>
void step_tail(const T* inputs, int64 input_size, const T* state, int64 state_size, const T* kernel, const T* bias,
               int64 units, int64 valid, T* values) {
    constexpr int64 L = lanes<T>;
    for (int g = 0; g < kGates; ++g) {
        Vector<T> sum = load(bias + g * units, valid);
        const T* weights = kernel + g * units;
        for (int64 k = 0; k < input_size; ++k, weights += kGates * units)
            sum += all_lanes<T>(inputs[k]) * load(weights, valid);
        for (int64 k = 0; k < state_size; ++k, weights += kGates * units)
            sum += all_lanes<T>(state[k]) * load(weights, valid);
        store(values + g * L, sum);
    }
}

constexpr int64 kStepRows = 2;     // 16 accumulators either way
constexpr int64 kStepVectors = 4;  // of units a tile, for one row
// Fewer weights than this are read before another thread has begun.
constexpr int64 kWeightsToShare = int64(1) << 18;

template <class T>
struct LstmStep {
    static constexpr int64 L = lanes<T>;
    const Call& call;
    LstmRow<T> row;

    void run(const Team::Member& member) {
        const Columns<T> columns{kGates, call.units};
        const int64 begin = member.begin(columns.vectors()), end = member.end(columns.vectors());
        const T* kernel = typed<T>(call.parameters[0]);
        const T* bias = typed<T>(call.parameters[1]);
        alignas(64) T values[kStepRows * kStepVectors * kGates * L];
        for (int64 first = 0; first < call.batch; first += kStepRows) {
            const int64 rows = call.batch - first < kStepRows ? call.batch - first : kStepRows;
            const T *inputs[kStepRows], *state[kStepRows];
            for (int64 r = 0; r < rows; ++r) {
                inputs[r] = typed<T>(call.inputs) + (first + r) * call.inputs_batch;
                state[r] = typed<T>(call.state[1]) + (first + r) * call.units;
            }
            for (int64 v = begin; v < end;) {
                const T *columns_at = kernel + v * L, *bias_at = bias + v * L;
                const int64 whole = (call.units - v * L) / L < end - v ? (call.units - v * L) / L : end - v;
                int64 vectors = 1;
                const auto run_tile = [&](auto tile, int64 wide) {
                    tile(inputs, call.input_size, state, call.units, columns_at, bias_at, call.units, values);
                    vectors = wide;
                };
                if (whole == 0)
                    for (int64 r = 0; r < rows; ++r)
                        step_tail(inputs[r], call.input_size, state[r], call.units, columns_at, bias_at, call.units,
                                  columns.valid(v), values + r * kGates * L);
                else if (rows == 2 && whole >= 2)
                    run_tile(step_tile<T, 2, 2>, 2);
                else if (rows == 2)
                    run_tile(step_tile<T, 2, 1>, 1);
                else if (whole >= 4)
                    run_tile(step_tile<T, 1, 4>, 4);
                else if (whole >= 2)
                    run_tile(step_tile<T, 1, 2>, 2);
                else
                    run_tile(step_tile<T, 1, 1>, 1);
                for (int64 r = 0; r < rows; ++r)
                    for (int64 i = 0; i < vectors; ++i) {
                        const int64 at = (first + r) * call.units, valid = columns.valid(v + i);
                        row.forward(values + (r * vectors + i) * kGates * L, v + i, valid, valid,
                                    typed<T>(call.state[0]) + at, typed<T>(call.final_state[0]) + at,
                                    typed<T>(call.final_state[1]) + at, nullptr);
                    }
                v += vectors;
            }
        }
    }
};

// Without peepholes, projection and layer norm.
template <class T>
int lstm_step(const Call& call) {
    LstmStep<T> step{call, {}};
    step.row.units = call.units, step.row.activation = call.activation;
    step.row.peepholes = step.row.layer_norm = false;
    step.row.forget_bias = T(call.forget_bias), step.row.cell_clip = T(call.cell_clip);
    const int64 vectors = (call.units + lanes<T> - 1) / lanes<T>;
    const int64 weights = (call.input_size + call.units) * kGates * call.units;
    const int64 members = weights < kWeightsToShare ? 1 : call.threads < vectors ? call.threads : vectors;
    auto work = [&](const Team::Member& member) { step.run(member); };
    Team::run(members, call.parallel_for, work);
    return 0;
}

}  // namespace
