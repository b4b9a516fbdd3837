// One build of the kernels, for the instruction set that the compiler was told.
#include "export.h"
#include "lstm_backward.h"

#define OSTINATO_KERNEL(name)                                                        \
    OSTINATO_EXPORT int ostinato_##name(const Call* call) {                          \
        return call->dtype == 0 ? name<float>(*call) : name<double>(*call);          \
    }

OSTINATO_KERNEL(lstm_forward)
OSTINATO_KERNEL(lstm_backward)
