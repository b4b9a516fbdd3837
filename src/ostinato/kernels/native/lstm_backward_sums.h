// The gradients of an LSTM's parameters: sums over the pairs of a chunk of the walk, chunk by chunk.
#pragma once

#include "lstm_forward.h"
#include "walk.h"

namespace {

template <class T>
struct LstmSums {
    static constexpr int64 L = lanes<T>;
    using Forward = LstmForward<T>;
    const Forward& forward;
    const Call& call;
    const Chunk& chunk;
    Columns<T> columns;
    int64 vectors, hidden_vectors;
    // Of each pair: what the kernel was multiplied with, and the gradients of the gates; what was projected, and the
    // gradient of that product.
    const T **inputs, **state, **gates, **unprojected, **projected;
    // Of each pair under layer norm, `norm_stride` apart: the normalised values, and the gradients after them.
    T *hats, *normalised;
    T *kernel, *bias, *peepholes, *norms, *projection;  // what is added up
    HalfOuter outer;

    LstmSums(const Forward& f, const Chunk& c)
        : forward(f), call(f.call), chunk(c), columns(f.columns), vectors(columns.vectors()),
          hidden_vectors((call.output_size + L - 1) / L) {}

    int64 norm_stride() const { return (kGates + 1) * vectors * L; }
    // Where a gate's values begin in a row of layer norm; c's come after those of the gates.
    int64 norm_place(int64 gate, int64 v) const {
        return gate < kGates ? (v * kGates + gate) * L : (kGates * vectors + v) * L;
    }

    void layout(Workspace& workspace, int64 capacity) {
        workspace.take(inputs, capacity);
        workspace.take(state, capacity);
        workspace.take(gates, capacity);
        workspace.take(kernel, (call.input_size + call.output_size) * columns.width());
        workspace.take(bias, columns.width());
        if (kHasHalf && call.half_batch() != 0) {
            const int64 rows = call.input_size > call.output_size ? call.input_size : call.output_size;
            outer.layout(workspace, rows, columns.panels(), L, capacity);
        }
        if (call.peepholes) workspace.take(peepholes, 3 * vectors * L);
        if (call.layer_norm) {
            workspace.take(norms, 2 * norm_stride());
            workspace.take(hats, capacity * norm_stride());
            workspace.take(normalised, capacity * norm_stride());
        }
        if (!forward.projected) return;
        workspace.take(projection, call.units * hidden_vectors * L);
        workspace.take(unprojected, capacity);
        workspace.take(projected, capacity);
    }

    // A sum goes on from what stands in the parameters' gradients, and takes its place at the end: the same bits
    // then, whether a sequence is one call or many.
    void start(const Team::Member& member) const {
        each_matrix(member, [](T* sums, Columns<T> wide, int64 begin, int64 end, T* total) {
            interleave(total, wide, begin, end, sums);
        });
        if (call.layer_norm && member.rank == 0)
            each_norm([](T* sum, T* total, int64 valid) { store(sum, load(total, valid)); });
    }

    void finish(const Team::Member& member) const {
        each_matrix(member, [](T* sums, Columns<T> wide, int64 begin, int64 end, T* total) {
            deinterleave(sums, wide, begin, end, total);
        });
        if (call.layer_norm && member.rank == 0)
            each_norm([](T* sum, T* total, int64 valid) { store(total, load(sum), valid); });
    }

    // `take(sums, columns, begin, end, total)` for each parameter with rows, and the member's part of these.
    template <class Take>
    void each_matrix(const Team::Member& member, Take take) const {
        const auto total = [&](int place) { return typed<T>(call.grad_parameters[place]); };
        const Columns<T> units{1, call.units};
        const int64 depth = call.input_size + call.output_size;
        take(kernel, columns, member.begin(depth), member.end(depth), total(Forward::kKernel));
        if (forward.projected)
            take(projection, Columns<T>{1, call.output_size}, member.begin(call.units), member.end(call.units),
                 total(Forward::kProjection));
        if (member.rank != 0) return;
        if (call.parameters[Forward::kBias]) take(bias, columns, 0, 1, total(Forward::kBias));
        for (int i = 0; call.peepholes && i < 3; ++i)
            take(peepholes + i * vectors * L, units, 0, 1, total(Forward::kPeephole + i));
    }

    // `take(sum, total, valid)` for each vector of layer norm's gains and shifts.
    template <class Take>
    void each_norm(Take take) const {
        for (int gate = 0; gate <= kGates; ++gate)
            for (int part = 0; part < 2; ++part) {
                T* total = typed<T>(call.grad_parameters[Forward::kNorm + 2 * gate + part]);
                for (int64 v = 0; v < vectors; ++v)
                    take(norms + part * norm_stride() + norm_place(gate, v), total + v * L, columns.valid(v));
            }
    }

    // The chunk's part.
    void add(const Team::Member& member) const {
        const int64 count = chunk.pairs(), width = columns.width();
        T* recurrent = kernel + call.input_size * width;
        if (outer.left) {
            const bool in_tiles = fills_tiles(call.batch);
            accumulate_outer_half<T>(member, outer, in_tiles, inputs, call.input_size, gates, columns.panels(), count,
                                     kernel);
            member.barrier();
            accumulate_outer_half<T>(member, outer, in_tiles, state, call.output_size, gates, columns.panels(), count,
                                     recurrent);
        } else {
            accumulate_outer<T>(member, inputs, call.input_size, gates, columns.panels(), count, kernel);
            accumulate_outer<T>(member, state, call.output_size, gates, columns.panels(), count, recurrent);
        }
        if (call.parameters[Forward::kBias]) accumulate_rows<T>(member, gates, columns.panels(), count, bias);
        if (forward.projected)
            accumulate_outer<T>(member, unprojected, call.units, projected, hidden_vectors, count, projection);
        for (int64 v = member.begin(vectors); v < member.end(vectors); ++v) {
            if (call.peepholes) add_peepholes(v);
            for (int gate = 0; call.layer_norm && gate <= kGates; ++gate) add_norm(norm_place(gate, v));
        }
    }

    // One vector of units; as in `accumulate_rows`, some pairs are summed by themselves first.
    void add_peepholes(int64 v) const {
        Vector<T> sum[3];
        for (int i = 0; i < 3; ++i) sum[i] = load(peepholes + (i * vectors + v) * L);
        const int64 count = chunk.pairs(), valid = columns.valid(v);
        for (int64 first = 0, s = 0; first < count; first += kRowsInCache) {
            const int64 end = count - first < kRowsInCache ? count : first + kRowsInCache;
            Vector<T> forget = {}, input = {}, output = {};
            for (int64 p = first; p < end; ++p) {
                while (chunk.base[s + 1] <= p) ++s;
                const int64 step = chunk.start + s, position = chunk.position[p - chunk.base[s]];
                const T* gate = (call.layer_norm ? normalised + p * norm_stride() : gates[p]) + v * kGates * L;
                const Vector<T> before = load(forward.c_before(step, position) + v * L, valid);
                forget += load(gate + kF * L) * before;
                input += load(gate + kI * L) * before;
                output += load(gate + kO * L) * load(forward.c_row(step, position) + v * L, valid);
            }
            sum[0] += forget, sum[1] += input, sum[2] += output;
        }
        for (int i = 0; i < 3; ++i) store(peepholes + (i * vectors + v) * L, sum[i]);
    }

    // One vector of gains, and of shifts.
    void add_norm(int64 place) const {
        T *gains = norms + place, *shifts = gains + norm_stride();
        Vector<T> gain = load(gains), shift = load(shifts);
        const int64 count = chunk.pairs();
        for (int64 first = 0; first < count; first += kRowsInCache) {
            const int64 end = count - first < kRowsInCache ? count : first + kRowsInCache;
            Vector<T> gain_part = {}, shift_part = {};
            for (int64 p = first; p < end; ++p) {
                const Vector<T> grad = load(normalised + p * norm_stride() + place);
                gain_part += grad * load(hats + p * norm_stride() + place);
                shift_part += grad;
            }
            gain += gain_part, shift += shift_part;
        }
        store(gains, gain);
        store(shifts, shift);
    }
};

}  // namespace
