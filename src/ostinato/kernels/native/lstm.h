// The LSTM's maths of one row: gates to a new state, and back. Steps: ostinato.steps.LSTM.
#pragma once

#include "rows.h"

namespace {

// Order of a kernel's columns, and of the layer norms' gains.
enum Gate { kI, kJ, kF, kO, kGates };

// TF's layer_norm: what is added to a variance.
constexpr double kNormEpsilon = 1e-12;

template <class T>
struct LstmRow {
    static constexpr int64 L = lanes<T>;
    int64 units, activation;
    bool peepholes, layer_norm;
    T forget_bias, cell_clip;
    T *w_f, *w_i, *w_o;              // [units], padded with zeros
    T *gain[kGates], *shift[kGates]; // layer norm of the gates, padded
    T *state_gain, *state_shift;

    void layout(Workspace& workspace, const Call& call, Columns<T> columns) {
        units = call.units, activation = call.activation;
        peepholes = call.peepholes, layer_norm = call.layer_norm;
        forget_bias = T(call.forget_bias), cell_clip = T(call.cell_clip);
        const int64 padded = columns.vectors() * L;
        if (peepholes)
            workspace.take(w_f, padded), workspace.take(w_i, padded), workspace.take(w_o, padded);
        if (!layer_norm) return;
        for (int gate = 0; gate < kGates; ++gate) {
            workspace.take(gain[gate], padded);
            workspace.take(shift[gate], padded);
        }
        workspace.take(state_gain, padded);
        workspace.take(state_shift, padded);
    }

    static void pad(const void* vector, int64 count, T* padded) {
        const T* source = typed<T>(vector);
        for (int64 i = 0; i < round_up(count, L); i += L)
            store(padded + i, load(source + i, count - i < L ? count - i : L));
    }

    void pack(const Call& call, int first_peephole, int first_norm) {
        if (peepholes) {
            pad(call.parameters[first_peephole], units, w_f);
            pad(call.parameters[first_peephole + 1], units, w_i);
            pad(call.parameters[first_peephole + 2], units, w_o);
        }
        if (!layer_norm) return;
        for (int gate = 0; gate < kGates; ++gate) {
            pad(call.parameters[first_norm + 2 * gate], units, gain[gate]);
            pad(call.parameters[first_norm + 2 * gate + 1], units, shift[gate]);
        }
        pad(call.parameters[first_norm + 2 * kGates], units, state_gain);
        pad(call.parameters[first_norm + 2 * kGates + 1], units, state_shift);
    }

    struct Activated {
        Vector<T> i, j, f;
    };

    // The gates that do not wait for the new c; `gates` is one unit vector's [gate][lane].
    Activated activate_gates(const T* gates, int64 v, Vector<T> c_before) const {
        Vector<T> i = load(gates + kI * L), f = load(gates + kF * L) + forget_bias;
        if (peepholes) {
            f += load(w_f + v * L) * c_before;
            i += load(w_i + v * L) * c_before;
        }
        return {sigmoid(i), activate<T>(load(gates + kJ * L), activation), sigmoid(f)};
    }

    Vector<T> output_gate(const T* gates, int64 v, Vector<T> c) const {
        Vector<T> o = load(gates + kO * L);
        if (peepholes) o += load(w_o + v * L) * c;
        return sigmoid(o);
    }

    Vector<T> clip(Vector<T> c) const { return cell_clip < 0 ? c : clamp<T>(c, -cell_clip, cell_clip); }

    // One vector of units of a step: gates before activation to the new c and the output (before projection),
    // of which `output_valid` lanes are written; the gates go to `kept` where that is given.
    void forward(const T* gates, int64 v, int64 valid, int64 output_valid, const T* c_before, T* c, T* output,
                 T* kept) const {
        const Vector<T> before = load(c_before + v * L, valid);
        const Activated a = activate_gates(gates, v, before);
        const Vector<T> after = clip(a.f * before + a.i * a.j);
        const Vector<T> o = output_gate(gates, v, after);
        store(c + v * L, after, valid);
        store(output + v * L, o * activate<T>(after, activation), output_valid);
        if (kept) store_gates(kept, valid, a, o);
    }

    static void store_gates(T* gates, int64 valid, const Activated& a, Vector<T> o) {
        store(gates + kI * L, first_lanes<T>(a.i, valid));
        store(gates + kJ * L, first_lanes<T>(a.j, valid));
        store(gates + kF * L, first_lanes<T>(a.f, valid));
        store(gates + kO * L, first_lanes<T>(o, valid));
    }

    // A whole row under layer norm; `gates` are overwritten.
    void forward_normalised(T* gates, const T* c_before, T* c, T* output, T* scratch) const {
        const Columns<T> columns{kGates, units};
        for (int gate = 0; gate < kGates; ++gate)
            normalise(gates + gate * L, kGates * L, gain[gate], shift[gate], static_cast<T*>(nullptr));
        for (int64 v = 0; v < columns.vectors(); ++v) {
            const Vector<T> before = load(c_before + v * L, columns.valid(v));
            const Activated a = activate_gates(gates + v * kGates * L, v, before);
            store(scratch + v * L, a.f * before + a.i * a.j);
        }
        normalise(scratch, L, state_gain, state_shift, static_cast<T*>(nullptr));
        for (int64 v = 0; v < columns.vectors(); ++v) {
            const int64 valid = columns.valid(v);
            const Vector<T> after = clip(load(scratch + v * L));
            store(c + v * L, after, valid);
            const Vector<T> o = output_gate(gates + v * kGates * L, v, after);
            store(output + v * L, o * activate<T>(after, activation), valid);
        }
    }

    // `values` [units], vectors `stride` apart, to gain * hat + shift; hat = (values - mean) / deviation is
    // written at `hats` (same stride) where that is given. Returns 1 / deviation.
    T normalise(T* values, int64 stride, const T* gain, const T* shift, T* hats) const {
        const Columns<T> columns{1, units};
        Vector<T> sum = {};
        for (int64 v = 0; v < columns.vectors(); ++v) sum += load(values + v * stride, columns.valid(v));
        const T mean = total(sum) / T(units);
        Vector<T> squares = {};
        for (int64 v = 0; v < columns.vectors(); ++v) {
            const Vector<T> centred = load(values + v * stride) - mean;
            squares += first_lanes<T>(centred * centred, columns.valid(v));
        }
        const T scale = T(1) / std::sqrt(total(squares) / T(units) + T(kNormEpsilon));
        for (int64 v = 0; v < columns.vectors(); ++v) {
            const Vector<T> hat = first_lanes<T>((load(values + v * stride) - mean) * scale, columns.valid(v));
            if (hats) store(hats + v * stride, hat);
            store(values + v * stride, load(gain + v * L) * hat + load(shift + v * L));
        }
        return scale;
    }

    // The gradient before layer norm, from that after it; vectors `stride` apart.
    void normalise_backward(T* gradient, int64 stride, const T* gain, const T* hats, T scale) const {
        const Columns<T> columns{1, units};
        Vector<T> sum = {}, product = {};
        for (int64 v = 0; v < columns.vectors(); ++v) {
            const Vector<T> g = load(gradient + v * stride, columns.valid(v)) * load(gain + v * L);
            sum += g, product += g * load(hats + v * stride);
        }
        const T mean = total(sum) / T(units), correlation = total(product) / T(units);
        for (int64 v = 0; v < columns.vectors(); ++v) {
            const Vector<T> g = load(gradient + v * stride, columns.valid(v)) * load(gain + v * L);
            const Vector<T> found = (g - mean - load(hats + v * stride) * correlation) * scale;
            store(gradient + v * stride, first_lanes<T>(found, columns.valid(v)));
        }
    }

    static T total(Vector<T> v) {
        T sum = 0;
        for (int64 i = 0; i < L; ++i) sum += v[i];
        return sum;
    }

    // For the backward pass: gates before activation to i, j, f, o, in place; o * activation(c) at `output`
    // where that is given.
    void activate_all(T* gates, int64 v, int64 valid, const T* c_before, const T* c, T* output) const {
        const Vector<T> before = load(c_before + v * L, valid), after = load(c + v * L, valid);
        const Activated a = activate_gates(gates, v, before);
        const Vector<T> o = output_gate(gates, v, after);
        store_gates(gates, valid, a, o);
        if (output) store(output + v * L, o * activate<T>(after, activation));
    }

    // One vector of units of a step back: from the gates i, j, f, o to their gradients before activation, at
    // `found` (which may be the same place); `grad_c` (of c after the step) becomes that of c before it.
    // `grad_output` is that of o * activation(c).
    void backward(const T* gates, T* found, int64 v, int64 valid, const T* c_before, const T* c, Vector<T> grad_output,
                  T* grad_c) const {
        const Vector<T> before = load(c_before + v * L, valid), after = load(c + v * L, valid);
        const Vector<T> i = load(gates + kI * L), j = load(gates + kJ * L), f = load(gates + kF * L),
                        o = load(gates + kO * L);
        const Vector<T> active = activate<T>(after, activation);
        const Vector<T> grad_o = grad_output * active * o * (T(1) - o);
        Vector<T> grad = load(grad_c + v * L) + grad_output * o * derivative<T>(active, activation);
        if (peepholes) grad += grad_o * load(w_o + v * L);
        if (cell_clip >= 0) {
            // A clipped value passes no gradient on, nor a NaN; one on the bound does, as in torch.clamp.
            const Vector<T> raw = f * before + i * j;
            grad = raw >= -cell_clip ? grad : Vector<T>{};
            grad = raw <= cell_clip ? grad : Vector<T>{};
        }
        backward_gates(found, v, before, grad, i, j, f, grad_o, grad_c);
    }

    // The rest of a step back, from `grad`, the gradient of f * c_before + i * j.
    void backward_gates(T* gates, int64 v, Vector<T> before, Vector<T> grad, Vector<T> i, Vector<T> j, Vector<T> f,
                        Vector<T> grad_o, T* grad_c) const {
        const Vector<T> grad_i = grad * j * i * (T(1) - i), grad_f = grad * before * f * (T(1) - f);
        store(gates + kI * L, grad_i);
        store(gates + kJ * L, grad * i * derivative<T>(j, activation));
        store(gates + kF * L, grad_f);
        store(gates + kO * L, grad_o);
        Vector<T> grad_before = grad * f;
        if (peepholes) grad_before += grad_i * load(w_i + v * L) + grad_f * load(w_f + v * L);
        store(grad_c + v * L, grad_before);
    }
};

}  // namespace
