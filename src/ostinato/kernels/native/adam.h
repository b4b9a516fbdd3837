// One step of Adam in TensorFlow's form (Kingma and Ba 2015; epsilon is what the paper calls epsilon hat).
// `ostinato.tf1.optimizers` has the readable reference.
#pragma once

#include <cmath>
#include <cstdint>

#include "team.h"

namespace {

struct AdamTensors {
    const float *value, *m, *v, *grad;
    float *new_value, *new_m, *new_v;
};

inline void adam(int64_t begin, int64_t end, const AdamTensors& given, float rest1, float rest2, float step,
                 float epsilon) {
    const float keep2 = 1.0f - rest2;
    for (int64_t i = begin; i < end; ++i) {
        const float grad = given.grad[i];
        const float m = given.m[i] + rest1 * (grad - given.m[i]);
        const float v = keep2 * given.v[i] + rest2 * grad * grad;
        given.new_m[i] = m;
        given.new_v[i] = v;
        given.new_value[i] = given.value[i] - step * (m / (std::sqrt(v) + epsilon));
    }
}

// A step of `variables` variables, of so many elements each.
struct AdamSteps {
    int64_t variables;
    const int64_t* counts;
    const AdamTensors* tensors;
    float rest1, rest2, step, epsilon;

    void operator()(const Team::Member& member) const {
        for (int64_t i = 0; i < variables; ++i)
            adam(member.begin(counts[i]), member.end(counts[i]), tensors[i], rest1, rest2, step, epsilon);
    }
};

}  // namespace
