// A group of float32 operations that go element by element, in one pass over memory: each block of elements goes
// through all of them before the next block is touched. `elementwise.py` packs a group and has the readable reference.
//
// Only what IEEE 754 rounds is here, one operation a loop, so that nothing is contracted: a group gives the bits of
// its operations one by one. Square roots are not: torch leaves them to a library that rounds its own way.
#include <cmath>

#include "export.h"
#include "team.h"

#if defined(__clang__)
#define OSTINATO_IN_STEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define OSTINATO_IN_STEP _Pragma("GCC ivdep")
#endif

namespace {

constexpr int64 BLOCK = 256;
constexpr int64 MOST_REGISTERS = 96;
constexpr int64 MOST_DIMENSIONS = 6;

// Packed in elementwise.py. An input's sizes multiply to the number of elements; its strides count elements and
// are 0 where it is broadcast.
extern "C" struct ElementwiseInput {
    int64 kind;  // 0: floats as they lie; 1: floats with strides; 2: bytes as they lie; 3: bytes with strides; 4: a number
    int64 dimensions, sizes[MOST_DIMENSIONS], strides[MOST_DIMENSIONS];
    double number;
};

extern "C" struct ElementwiseGroup {
    int64 elements, inputs, outputs, temporaries, instructions;
    const ElementwiseInput* input;
    // Registers are the inputs, the outputs and the temporaries, in that order.
    const int64* output_is_bytes;
    const int64* code;  // [instructions, 5]: operation, register of the result, registers of up to three operands
};

enum Operation : int64 {
    ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, ABSOLUTE, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL,
    EQUAL, NOT_EQUAL, SELECT, AND, OR, NOT, COPY, SUBTRACT_PRODUCT
};

template <class Function>
inline void each(int64 count, const Function& function) {
    OSTINATO_IN_STEP
    for (int64 i = 0; i < count; ++i) function(i);
}

template <class T>
inline void fetch(const ElementwiseInput& input, const T* data, int64 begin, int64 count, float* to) {
    int64 place[MOST_DIMENSIONS], rest = begin, offset = 0;
    const int64 last = input.dimensions - 1;
    for (int64 k = last; k >= 0; --k) {
        place[k] = rest % input.sizes[k];
        rest /= input.sizes[k];
        offset += place[k] * input.strides[k];
    }
    const int64 stride = input.strides[last];
    while (count > 0) {
        const int64 run = input.sizes[last] - place[last] < count ? input.sizes[last] - place[last] : count;
        const T* from = data + offset;
        if (stride == 0) {
            const float value = static_cast<float>(*from);
            each(run, [&](int64 i) { to[i] = value; });
        } else if (stride == 1) {
            each(run, [&](int64 i) { to[i] = static_cast<float>(from[i]); });
        } else {
            for (int64 i = 0; i < run; ++i) to[i] = static_cast<float>(from[i * stride]);
        }
        to += run;
        count -= run;
        place[last] += run;
        offset += run * stride;
        for (int64 k = last; k > 0 && place[k] == input.sizes[k]; --k) {
            offset += input.strides[k - 1] - place[k] * input.strides[k];
            place[k] = 0;
            ++place[k - 1];
        }
    }
}

inline void compute(int64 operation, int64 n, float* d, const float* a, const float* b, const float* c) {
    switch (operation) {
        case ADD: each(n, [=](int64 i) { d[i] = a[i] + b[i]; }); break;
        case SUBTRACT: each(n, [=](int64 i) { d[i] = a[i] - b[i]; }); break;
        case MULTIPLY: each(n, [=](int64 i) { d[i] = a[i] * b[i]; }); break;
        case DIVIDE: each(n, [=](int64 i) { d[i] = a[i] / b[i]; }); break;
        case NEGATE: each(n, [=](int64 i) { d[i] = -a[i]; }); break;
        case ABSOLUTE: each(n, [=](int64 i) { d[i] = std::fabs(a[i]); }); break;
        case LESS: each(n, [=](int64 i) { d[i] = a[i] < b[i] ? 1.0f : 0.0f; }); break;
        case LESS_EQUAL: each(n, [=](int64 i) { d[i] = a[i] <= b[i] ? 1.0f : 0.0f; }); break;
        case GREATER: each(n, [=](int64 i) { d[i] = a[i] > b[i] ? 1.0f : 0.0f; }); break;
        case GREATER_EQUAL: each(n, [=](int64 i) { d[i] = a[i] >= b[i] ? 1.0f : 0.0f; }); break;
        case EQUAL: each(n, [=](int64 i) { d[i] = a[i] == b[i] ? 1.0f : 0.0f; }); break;
        case NOT_EQUAL: each(n, [=](int64 i) { d[i] = a[i] != b[i] ? 1.0f : 0.0f; }); break;
        case SELECT: each(n, [=](int64 i) { d[i] = a[i] != 0.0f ? b[i] : c[i]; }); break;
        case AND: each(n, [=](int64 i) { d[i] = a[i] * b[i]; }); break;
        case OR: each(n, [=](int64 i) { d[i] = a[i] + b[i] != 0.0f ? 1.0f : 0.0f; }); break;
        case NOT: each(n, [=](int64 i) { d[i] = a[i] == 0.0f ? 1.0f : 0.0f; }); break;
        case SUBTRACT_PRODUCT: each(n, [=](int64 i) { d[i] = __builtin_fmaf(-b[i], c[i], a[i]); }); break;
        default: each(n, [=](int64 i) { d[i] = a[i]; });
    }
}

// What the calling thread does with subnormals, for the threads of the team: they flush them to zero.
class Rounding {
public:
#if defined(__x86_64__) || defined(__i386__)
    Rounding() : state_(_mm_getcsr()) {}
    void enter() const { _mm_setcsr(state_); }

private:
    unsigned state_;
#elif defined(__aarch64__)
    Rounding() { asm volatile("mrs %0, fpcr" : "=r"(state_)); }
    void enter() const { asm volatile("msr fpcr, %0" : : "r"(state_)); }

private:
    std::uint64_t state_;
#else
    void enter() const {}
#endif
};

struct Work {
    const ElementwiseGroup& group;
    void* const* addresses;  // of the inputs, then of the outputs
    Rounding rounding;

    void operator()(const Team::Member& member) const {
        rounding.enter();
        alignas(64) float buffers[MOST_REGISTERS][BLOCK];
        float* registers[MOST_REGISTERS];
        const int64 inputs = group.inputs, made = inputs + group.outputs, all = made + group.temporaries;
        for (int64 r = 0; r < all; ++r) registers[r] = buffers[r];
        for (int64 r = 0; r < inputs; ++r)
            if (group.input[r].kind == 4)
                for (int64 i = 0; i < BLOCK; ++i) buffers[r][i] = static_cast<float>(group.input[r].number);
        const int64 blocks = (group.elements + BLOCK - 1) / BLOCK;
        for (int64 block = member.begin(blocks); block < member.end(blocks); ++block) {
            const int64 begin = block * BLOCK;
            const int64 count = group.elements - begin < BLOCK ? group.elements - begin : BLOCK;
            for (int64 r = 0; r < inputs; ++r) {
                const ElementwiseInput& input = group.input[r];
                if (input.kind == 0) registers[r] = static_cast<float*>(addresses[r]) + begin;
                if (input.kind == 1) fetch(input, static_cast<const float*>(addresses[r]), begin, count, buffers[r]);
                if (input.kind == 2) {
                    const auto* bytes = static_cast<const std::uint8_t*>(addresses[r]) + begin;
                    float* to = buffers[r];
                    each(count, [=](int64 i) { to[i] = static_cast<float>(bytes[i]); });
                }
                if (input.kind == 3)
                    fetch(input, static_cast<const std::uint8_t*>(addresses[r]), begin, count, buffers[r]);
            }
            for (int64 r = inputs; r < made; ++r)
                if (!group.output_is_bytes[r - inputs]) registers[r] = static_cast<float*>(addresses[r]) + begin;
            const int64* code = group.code;
            for (int64 k = 0; k < group.instructions; ++k, code += 5)
                compute(code[0], count, registers[code[1]], registers[code[2]], registers[code[3]], registers[code[4]]);
            for (int64 r = inputs; r < made; ++r)
                if (group.output_is_bytes[r - inputs]) {
                    auto* bytes = static_cast<std::uint8_t*>(addresses[r]) + begin;
                    const float* from = registers[r];
                    each(count, [=](int64 i) { bytes[i] = from[i] != 0.0f; });
                }
        }
    }
};

}  // namespace

OSTINATO_EXPORT void ostinato_elementwise(const ElementwiseGroup* group, void* const* addresses, int64 threads,
                                          ParallelFor parallel_for) {
    const Work work{*group, addresses, Rounding()};
    Team::run(threads, parallel_for, work);
}
