// The cross entropy of independent probabilities, element by element: max(x, 0) - x z + log(1 + exp(-|x|)), and its
// gradients. `ostinato.tf1.ops.cross_entropy` has the readable reference.
#include "export.h"
#include "row_vectors.h"
#include "team.h"

namespace {

inline Vector<float> exp_of_minus_size(Vector<float> x) { return exp_below(x > 0.0f ? -x : x); }

// log(1 + y) for y in [0, 1], to the last digits of small ones too: 2 atanh(y / (2 + y)).
inline Vector<float> log_of_one_and(Vector<float> y) {
    const Vector<float> s = y / (2.0f + y), t = s * s;
    Vector<float> p = all_lanes(1.0f / 15.0f);
    p = p * t + 1.0f / 13.0f;
    p = p * t + 1.0f / 11.0f;
    p = p * t + 1.0f / 9.0f;
    p = p * t + 1.0f / 7.0f;
    p = p * t + 1.0f / 5.0f;
    p = p * t + 1.0f / 3.0f;
    return 2.0f * (s + s * (t * p));
}

// Calls of `vector(i, count)` for all vectors of so many numbers, dealt out to the members of a team.
template <class Function>
inline void for_all(int64 count, int64 threads, ParallelFor parallel_for, const Function& vector) {
    constexpr int64 kBlock = 1024;
    const int64 blocks = (count + kBlock - 1) / kBlock;
    auto work = [&](const Team::Member& member) {
        const int64 begin = member.begin(blocks) * kBlock, end = member.end(blocks) * kBlock;
        for_vectors((end < count ? end : count) - begin,
                    [&](int64 i, int64 lanes_left) { vector(begin + i, lanes_left); });
    };
    Team::run(threads, parallel_for, work);
}

}  // namespace

OSTINATO_EXPORT void ostinato_sigmoid_cross_entropy_forward(std::int64_t count, const float* logits,
                                                            const float* labels, float* losses,
                                                            std::int64_t threads, ParallelFor parallel_for) {
    for_all(count, threads, parallel_for, [&](int64 i, int64 n) {
        const Vector<float> x = load_or(logits + i, n, 0.0f), z = load_or(labels + i, n, 0.0f);
        const Vector<float> positive = x < 0.0f ? Vector<float>{} : x;  // a NaN stays one
        store_first(losses + i, positive - x * z + log_of_one_and(exp_of_minus_size(x)), n);
    });
}

// (sigmoid - labels) * grad, and -logits * grad; each null where it is not wanted. `step` is 0 where one number is
// the gradient of all losses, and else 1.
OSTINATO_EXPORT void ostinato_sigmoid_cross_entropy_backward(std::int64_t count, const float* logits,
                                                             const float* labels, const float* grad_losses,
                                                             std::int64_t step, float* grad_logits,
                                                             float* grad_labels, std::int64_t threads,
                                                             ParallelFor parallel_for) {
    for_all(count, threads, parallel_for, [&](int64 i, int64 n) {
        const Vector<float> x = load_or(logits + i, n, 0.0f);
        const Vector<float> grad = step ? load_or(grad_losses + i, n, 0.0f) : all_lanes(*grad_losses);
        if (grad_labels) store_first(grad_labels + i, -x * grad, n);
        if (!grad_logits) return;
        const Vector<float> e = exp_of_minus_size(x);
        const Vector<float> sigmoid = (x > 0.0f ? all_lanes(1.0f) : e) / (1.0f + e);
        store_first(grad_logits + i, (sigmoid - load_or(labels + i, n, 0.0f)) * grad, n);
    });
}
