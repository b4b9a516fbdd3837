// Columns of several parameters as one matrix whose gates stand interleaved: a family's gates may come from
// more than one kernel, and a product wants those of one operand side by side.
#pragma once

#include "call.h"
#include "products.h"
#include "team.h"

namespace {

constexpr int kMaxGates = 3;

// Where the columns of a gate stand: in the parameter at this place, whose rows are `width` long, from `row`
// and `column` on.
struct GateSource {
    int place;
    int64 row, column, width;

    int64 offset() const { return row * width + column; }
};

template <class T>
struct GateMatrix {
    static constexpr int64 L = lanes<T>;
    Columns<T> columns;
    int64 depth;
    GateSource sources[kMaxGates];
    Packed<T> packed;  // for products with rows of `depth`
    Packed<T> back;    // its transpose, for products with rows of interleaved gates
    T* sums;           // [depth][columns.width()]: its gradient, while it is added up

    // `half_batch` as in Packed.
    void layout(Workspace& workspace, int64 half_batch = 0) {
        packed.layout(workspace, depth, columns.panels(), half_batch);
    }
    void layout_sums(Workspace& workspace) { workspace.take(sums, depth * columns.width()); }
    void layout_back(Workspace& workspace, int64 half_batch) {
        back.layout(workspace, columns.width(), (depth + L - 1) / L, half_batch);
    }

    void pack(const Call& call, const Team::Member& member) const {
        for (int64 panel = member.begin(columns.panels()); panel < member.end(columns.panels()); ++panel) {
            const int64 vector = panel / columns.gates, valid = columns.valid(vector);
            const GateSource& gate = sources[panel % columns.gates];
            const T* source = typed<T>(call.parameters[gate.place]) + gate.offset() + vector * L;
            T* target = packed.data + panel * packed.stride();
            for (int64 k = 0; k < depth; ++k) store(target + k * L, load(source + k * gate.width, valid));
        }
        packed.round(member.begin(columns.panels()), member.end(columns.panels()));
    }

    void pack_back(const Call& call, const Team::Member& member) const {
        for (int64 panel = member.begin(back.panels); panel < member.end(back.panels); ++panel) {
            const int64 first = panel * L, rows = depth - first < L ? depth - first : L;
            T* target = back.data + panel * back.stride();
            for (int64 vector = 0; vector < columns.vectors(); ++vector)
                for (int64 g = 0; g < columns.gates; ++g, target += L * L) {
                    const GateSource& gate = sources[g];
                    const T* source = typed<T>(call.parameters[gate.place]) + gate.offset();
                    source += first * gate.width + vector * L;
                    const int64 valid = columns.valid(vector);
                    if (rows < L || valid < L) std::memset(target, 0, size_t(L * L) * sizeof(T));
                    for (int64 i = 0; i < rows; ++i)
                        for (int64 lane = 0; lane < valid; ++lane)
                            target[lane * L + i] = source[i * gate.width + lane];
                }
        }
        back.round(member.begin(back.panels), member.end(back.panels));
    }

    // A sum goes on from what stands in the parameters' gradients, and takes its place at the end: the same bits
    // then, whether a sequence is one call or many.
    void start_sums(const Call& call, const Team::Member& member) const {
        each_sum(call, member, [](T* sum, T* total, int64 valid) { store(sum, load(total, valid)); });
    }
    void store_sums(const Call& call, const Team::Member& member) const {
        each_sum(call, member, [](T* sum, T* total, int64 valid) { store(total, load(sum), valid); });
    }

    // `take(sum, total, valid)` for each vector of the member's rows, and where it stands in a parameter's gradient.
    template <class Take>
    void each_sum(const Call& call, const Team::Member& member, Take take) const {
        T* totals[kMaxGates];
        for (int64 g = 0; g < columns.gates; ++g)
            totals[g] = typed<T>(call.grad_parameters[sources[g].place]) + sources[g].offset();
        for (int64 k = member.begin(depth); k < member.end(depth); ++k) {
            T* sum = sums + k * columns.width();
            for (int64 vector = 0; vector < columns.vectors(); ++vector)
                for (int64 g = 0; g < columns.gates; ++g, sum += L)
                    take(sum, totals[g] + k * sources[g].width + vector * L, columns.valid(vector));
        }
    }
};

// Gates that are computed at the same time.
template <class T>
struct GatePart {
    GateMatrix<T> input;  // multiplied by the inputs
    GateMatrix<T> state;  // by the state, or what stands for it
    GateMatrix<T> bias;   // added: one row
    T* gates;             // [chunk][batch][width()]: the inputs' share, ahead of the steps

    int64 width() const { return input.columns.width(); }
    int64 bytes() const { return input.packed.bytes() + state.packed.bytes(); }
};

}  // namespace
