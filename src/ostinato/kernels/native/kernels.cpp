// One build of the kernels, for the instruction set that the compiler was told.
#include "adam.h"
#include "basic_rnn.h"
#include "cell_gates.h"
#include "export.h"
#include "gru.h"
#include "gru_reset_after.h"
#include "lstm_backward.h"
#include "lstm_step.h"
#include "philox.h"
#include "self_check.h"
#include "together.h"

#define OSTINATO_KERNEL(name)                                                        \
    OSTINATO_EXPORT int ostinato_##name(const Call* call) {                          \
        return call->dtype == 1 ? name<double>(*call) : name<float>(*call);          \
    }

OSTINATO_KERNEL(basic_rnn_forward)
OSTINATO_KERNEL(basic_rnn_backward)
OSTINATO_KERNEL(gru_forward)
OSTINATO_KERNEL(gru_backward)
OSTINATO_KERNEL(gru_reset_after_forward)
OSTINATO_KERNEL(gru_reset_after_backward)
OSTINATO_KERNEL(lstm_forward)
OSTINATO_KERNEL(lstm_backward)
OSTINATO_KERNEL(lstm_step)

#define OSTINATO_GATES(name)                                                         \
    OSTINATO_EXPORT void ostinato_##name(int64 is_double, const GateCall* call) {    \
        is_double ? name<double>(*call) : name<float>(*call);                        \
    }

OSTINATO_GATES(lstm_gates)
OSTINATO_GATES(lstm_gates_backward)

OSTINATO_EXPORT int ostinato_run_together(const Kernel* kernels, const Call* const* calls, int64 count,
                                          int64 threads, ParallelFor parallel_for) {
    return run_together(kernels, calls, count, threads, parallel_for);
}

OSTINATO_EXPORT void ostinato_philox(const uint64_t* places, int64 count, uint64_t key, uint64_t high,
                                     uint32_t (*words)[4]) {
    philox(places, count, key, high, words);
}

OSTINATO_EXPORT void ostinato_adam_steps(int64_t variables, const int64_t* counts, const AdamTensors* tensors,
                                         double rest1, double rest2, double step, double epsilon, int64_t threads,
                                         ParallelFor parallel_for) {
    const AdamSteps work{variables,
                         counts,
                         tensors,
                         static_cast<float>(rest1),
                         static_cast<float>(rest2),
                         static_cast<float>(step),
                         static_cast<float>(epsilon)};
    Team::run(threads, parallel_for, work);
}

OSTINATO_EXPORT int ostinato_self_check() { return self_check(); }
