// The function of transposed_copy.h, as a C function.
#include "transposed_copy.h"

#include "export.h"

OSTINATO_EXPORT void ostinato_transposed_copy(const TransposedCopy* copy, const void* from, void* to) {
    transposed_copy(*copy, static_cast<const float*>(from), static_cast<float*>(to));
}
