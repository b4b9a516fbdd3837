// What a single step of an LSTM does after its product: gates, element by element, and their gradients.
#pragma once

#include "simd.h"

namespace {

// Mirrored in gates.py. Everything is contiguous; `gates` come as sums, and leave as gates.
struct GateCall {
    int64 rows, units, activation;
    double forget_bias;
    void* gates;                                 // i, j, f, o [rows, 4 units]
    const void* c;                               // [rows, units]
    void *new_c, *new_h;
    const void *grad_c, *grad_h;                 // of the new ones, or null
    void *grad_gates, *grad_state;               // of the sums, and of c
};

template <class T, class F>
void each_vector(const GateCall& call, const F& function) {
    for (int64 row = 0; row < call.rows; ++row)
        for (int64 unit = 0; unit < call.units; unit += lanes<T>)
            function(row, unit, call.units - unit < lanes<T> ? call.units - unit : lanes<T>);
}

// gates, c -> gates, new_c, new_h.
template <class T>
void lstm_gates(const GateCall& call) {
    each_vector<T>(call, [&](int64 row, int64 unit, int64 count) {
        const int64 units = call.units, at = row * units + unit;
        T* gate = static_cast<T*>(call.gates) + row * 4 * units + unit;
        const Vector<T> i = sigmoid(load(gate, count)), j = activate<T>(load(gate + units, count), call.activation);
        const Vector<T> f = sigmoid(load(gate + 2 * units, count) + T(call.forget_bias));
        const Vector<T> o = sigmoid(load(gate + 3 * units, count));
        const Vector<T> c = f * load(static_cast<const T*>(call.c) + at, count) + i * j;
        store(gate, i, count), store(gate + units, j, count);
        store(gate + 2 * units, f, count), store(gate + 3 * units, o, count);
        store(static_cast<T*>(call.new_c) + at, c, count);
        store(static_cast<T*>(call.new_h) + at, o * activate<T>(c, call.activation), count);
    });
}

// gates, c, new_c, grad_c, grad_h -> grad_gates, grad_state.
template <class T>
void lstm_gates_backward(const GateCall& call) {
    each_vector<T>(call, [&](int64 row, int64 unit, int64 count) {
        const int64 units = call.units, at = row * units + unit;
        const T* gate = static_cast<const T*>(call.gates) + row * 4 * units + unit;
        T* grad = static_cast<T*>(call.grad_gates) + row * 4 * units + unit;
        const Vector<T> i = load(gate, count), j = load(gate + units, count), f = load(gate + 2 * units, count);
        const Vector<T> o = load(gate + 3 * units, count);
        const Vector<T> shown = activate<T>(load(static_cast<const T*>(call.new_c) + at, count), call.activation);
        Vector<T> of_c = {}, of_h = {};
        if (call.grad_c) of_c = load(static_cast<const T*>(call.grad_c) + at, count);
        if (call.grad_h) of_h = load(static_cast<const T*>(call.grad_h) + at, count);
        of_c += of_h * o * derivative<T>(shown, call.activation);
        store(grad, of_c * j * i * (T(1) - i), count);
        store(grad + units, of_c * i * derivative<T>(j, call.activation), count);
        store(grad + 2 * units, of_c * load(static_cast<const T*>(call.c) + at, count) * f * (T(1) - f), count);
        store(grad + 3 * units, of_h * shown * o * (T(1) - o), count);
        store(static_cast<T*>(call.grad_state) + at, of_c * f, count);
    });
}

}  // namespace
