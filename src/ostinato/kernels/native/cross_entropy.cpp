// Cross entropies of float32 rows: softmax of the logits against a class number, or against a row of probabilities.
// `ostinato.tf1.ops.cross_entropy` has the readable reference.
//
// A row is read three times, of which memory sees the first: it stays in the cache. Kept for the backward pass
// are its greatest logit and the sum of exponentials below that, from which softmax comes back to the last bits;
// their logarithm in one number would cost three decimal places of it where logits are large.
#include <atomic>
#include <limits>

#include "export.h"
#include "row_vectors.h"
#include "team.h"

namespace {

// Packed in cross_entropy.py. Strides count elements; rows are contiguous in themselves, as is every tensor
// without a stride.
extern "C" struct CrossEntropyCall {
    int64 rows, classes;
    const float* logits;
    int64 logits_stride;
    // Class numbers [rows] of four or eight bytes, or probabilities [rows, classes] where `label_bytes` is 0.
    const void* labels;
    int64 label_bytes, labels_stride;
    float* losses;      // [rows]
    float* statistics;  // [2, rows]: greatest logits, sums; or null: not kept, so to be found again
    const float* grad_losses;
    int64 grad_losses_stride;
    float* grad_logits;  // [rows, classes], or null: not wanted
    float* grad_labels;  // the same, of probabilities
    int64 threads;
    ParallelFor parallel_for;
};

inline Vector<float> greater(Vector<float> a, Vector<float> b) { return a > b ? a : b; }

// One number of all lanes: halves with halves.
template <class Function>
inline float fold(Vector<float> v, const Function& of_two) {
    float values[lanes<float>];
    store(values, v);
    for (int64 half = lanes<float> / 2; half > 0; half /= 2)
        for (int64 i = 0; i < half; ++i) values[i] = of_two(values[i], values[i + half]);
    return values[0];
}

inline float sum_of_lanes(Vector<float> v) {
    return fold(v, [](float a, float b) { return a + b; });
}

inline float greatest(const float* row, int64 classes) {
    constexpr int64 L = lanes<float>;
    const float lowest = -std::numeric_limits<float>::infinity();
    Vector<float> most[4] = {all_lanes(lowest), all_lanes(lowest), all_lanes(lowest), all_lanes(lowest)};
    int64 i = 0;
    for (; i + 4 * L <= classes; i += 4 * L)
        for (int64 k = 0; k < 4; ++k) most[k] = greater(load(row + i + k * L), most[k]);
    for (; i + L <= classes; i += L) most[0] = greater(load(row + i), most[0]);
    if (i < classes) most[1] = greater(load_or(row + i, classes - i, lowest), most[1]);
    const Vector<float> all = greater(greater(most[0], most[1]), greater(most[2], most[3]));
    return fold(all, [](float a, float b) { return a > b ? a : b; });
}

// The sum of exp(row - most). A NaN in the row is one in the sum, whatever `most` made of it.
inline float sum_of_exponentials(const float* row, int64 classes, float most) {
    constexpr int64 L = lanes<float>;
    Vector<float> sums[4] = {};
    int64 i = 0;
    for (; i + 4 * L <= classes; i += 4 * L)
        for (int64 k = 0; k < 4; ++k) sums[k] += exp_below(load(row + i + k * L) - most);
    for (; i + L <= classes; i += L) sums[0] += exp_below(load(row + i) - most);
    if (i < classes)  // what is no class adds exp(-inf), which is 0
        sums[1] += exp_below(load_or(row + i, classes - i, -std::numeric_limits<float>::infinity()) - most);
    return sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

inline int64 class_of(const CrossEntropyCall& call, int64 row) {
    return call.label_bytes == 4 ? int64(static_cast<const std::int32_t*>(call.labels)[row])
                                 : static_cast<const std::int64_t*>(call.labels)[row];
}

// Losses and statistics. The number of the first row whose class is none, or -1: then all are done.
inline int64 cross_entropy_forward(const CrossEntropyCall& call) {
    std::atomic<int64> wrong{call.rows};
    auto work = [&](const Team::Member& member) {
        const int64 end = member.end(call.rows), classes = call.classes;
        for (int64 row = member.begin(call.rows); row < end; ++row) {
            const float* logits = call.logits + row * call.logits_stride;
            const int64 label = call.label_bytes ? class_of(call, row) : 0;
            if (label < 0 || label >= classes) {
                int64 seen = wrong.load();
                while (row < seen && !wrong.compare_exchange_weak(seen, row)) {
                }
                break;
            }
            const float most = greatest(logits, classes);
            const float sum = sum_of_exponentials(logits, classes, most);
            const float log_sum = std::log(sum);
            if (call.label_bytes) {
                call.losses[row] = log_sum - (logits[label] - most);
            } else {
                // All terms have one sign where probabilities have: nothing cancels.
                const float* labels = static_cast<const float*>(call.labels) + row * call.labels_stride;
                Vector<float> weights = {}, weighted = {};
                for_vectors(classes, [&](int64 i, int64 count) {
                    const Vector<float> share = load_or(labels + i, count, 0.0f);
                    weights += share;
                    weighted += share * (load_or(logits + i, count, most) - most);
                });
                call.losses[row] = log_sum * sum_of_lanes(weights) - sum_of_lanes(weighted);
            }
            if (call.statistics) {
                call.statistics[row] = most;
                call.statistics[call.rows + row] = sum;
            }
        }
    };
    Team::run(call.threads, call.parallel_for, work);
    const int64 found = wrong.load();
    return found < call.rows ? found : -1;
}

// (softmax - label) * grad, and for probabilities the negative logarithm of softmax times grad.
inline void cross_entropy_backward(const CrossEntropyCall& call) {
    const float* kept = call.statistics;
    auto work = [&](const Team::Member& member) {
        const int64 end = member.end(call.rows), classes = call.classes;
        for (int64 row = member.begin(call.rows); row < end; ++row) {
            const float* logits = call.logits + row * call.logits_stride;
            const float most = kept ? kept[row] : greatest(logits, classes);
            const float sum = kept ? kept[call.rows + row] : sum_of_exponentials(logits, classes, most);
            const float grad = call.grad_losses[row * call.grad_losses_stride], part = 1.0f / sum;
            if (float* found = call.grad_labels) {
                found += row * classes;
                const float log_sum = std::log(sum);
                for_vectors(classes, [&](int64 i, int64 count) {
                    const Vector<float> below = load_or(logits + i, count, most) - most;
                    store_first(found + i, (log_sum - below) * grad, count);
                });
            }
            float* found = call.grad_logits;
            if (!found) continue;
            found += row * classes;
            if (!call.label_bytes) {
                const float* labels = static_cast<const float*>(call.labels) + row * call.labels_stride;
                for_vectors(classes, [&](int64 i, int64 count) {
                    const Vector<float> softmax = exp_below(load_or(logits + i, count, most) - most) * part;
                    store_first(found + i, (softmax - load_or(labels + i, count, 0.0f)) * grad, count);
                });
                continue;
            }
            if (grad == 0.0f && sum - sum == 0.0f) {  // padding, which has finite probabilities
                std::memset(found, 0, size_t(classes) * sizeof(float));
                continue;
            }
            for_vectors(classes, [&](int64 i, int64 count) {
                const Vector<float> below = load_or(logits + i, count, most) - most;
                store_first(found + i, exp_below(below) * part * grad, count);
            });
            const int64 label = class_of(call, row);
            const Vector<float> chosen = exp_below(all_lanes(logits[label] - most)) * part;
            found[label] = (chosen[0] - 1.0f) * grad;
        }
    };
    Team::run(call.threads, call.parallel_for, work);
}

}  // namespace

OSTINATO_EXPORT std::int64_t ostinato_cross_entropy_forward(const CrossEntropyCall* call) {
    return cross_entropy_forward(*call);
}

OSTINATO_EXPORT void ostinato_cross_entropy_backward(const CrossEntropyCall* call) { cross_entropy_backward(*call); }
