// The functions of sparse_product.h, as C functions.
#include "sparse_product.h"

#include "call.h"
#include "export.h"

OSTINATO_EXPORT int64_t ostinato_sparse_outside(const SparseMatrix* matrix) { return first_outside(*matrix); }

#define OSTINATO_SPARSE(name)                                                                                  \
    OSTINATO_EXPORT void ostinato_##name(int64_t is_double, const SparseMatrix* matrix, const void* one,       \
                                         const void* other, void* result, int64_t columns)

OSTINATO_SPARSE(sparse_product) {
    (void)other;
    is_double ? sparse_product(*matrix, typed<double>(one), typed<double>(result), columns)
              : sparse_product(*matrix, typed<float>(one), typed<float>(result), columns);
}

OSTINATO_SPARSE(sparse_row_products) {
    is_double
        ? sparse_row_products(*matrix, typed<double>(one), typed<double>(other), typed<double>(result), columns)
        : sparse_row_products(*matrix, typed<float>(one), typed<float>(other), typed<float>(result), columns);
}
