// What Python hands to a kernel, mirrored field by field in library.py. Every field takes eight bytes. Strides
// count elements; the last axis of every tensor is contiguous; state, kept and parameters are contiguous.
#pragma once

#include "team.h"

namespace {

// Raised, here and in library.py, with every change to Call or to what a function does with it.
constexpr int64 kAbiVersion = 4;

constexpr int kMaxParameters = 16;

extern "C" struct Call {
    int64 dtype;  // 0: float32, 1: float64, 2: float32 whose products round their operands to bfloat16
    int64 time, batch, input_size, units, output_size;
    int64 activation;
    int64 peepholes, layer_norm;
    double forget_bias, cell_clip, proj_clip;  // a clip below 0: none
    int64 first_step;                          // of the sequence, where this is a part of it
    int64 fill_kept;                           // whether c past a row's end is asked for
    int64 reverse;                             // each row from its last step to its first; not with parts
    const int64* sequence_length;              // [batch], or null: every row runs to the end
    const void* inputs;                        // [time, batch, input_size]
    int64 inputs_time, inputs_batch;
    const void* state[2];                      // an LSTM's c [batch, units] and h [batch, output_size]; else h
    const void* parameters[kMaxParameters];    // in the family's order
    void* outputs;                             // [time, batch, output_size]
    int64 outputs_time, outputs_batch;
    void* kept;                                // an LSTM's c of every step [time, batch, units], or null
    void* kept_gates;                          // its gates [time, batch, width in interleaved order], or null
    void* final_state[2];
    // The backward pass: what it is given, null where nothing depends on it ...
    const void* grad_outputs;                  // [time, batch, output_size]
    int64 grad_outputs_time, grad_outputs_batch;
    const void* grad_final_state[2];
    const void* grad_kept;                     // [time, batch, units]
    // ... and what it finds. Parameters' gradients are added to what stands there, pair by pair: calls for parts of a
    // sequence, the last one first, find the bits of one call, if each begins a multiple of the walk's chunk of steps
    // before the sequence's end.
    void* grad_inputs;                         // [time, batch, input_size], zeros; or null: not wanted
    int64 grad_inputs_time, grad_inputs_batch;
    void* grad_state[2];
    void* grad_parameters[kMaxParameters];
    int64 threads;
    ParallelFor parallel_for;
    // [2], or null. Where it is given nothing runs and nothing is read, but for which of the addresses are null: it
    // gets the bytes that the call would work in, and from a backward pass the steps of a chunk of its walk.
    int64* query;

    // The batch, where products are to round to bfloat16; else 0.
    int64 half_batch() const { return dtype == 2 ? batch : 0; }
};

template <class T>
const T* typed(const void* p) {
    return static_cast<const T*>(p);
}
template <class T>
T* typed(void* p) {
    return static_cast<T*>(p);
}

}  // namespace
