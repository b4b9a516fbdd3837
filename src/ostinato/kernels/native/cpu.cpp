// Which instruction sets this processor and this operating system run. Called in the portable build only: the
// others may hold instructions that stop the process.
#include <cstdint>

#include "export.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace {

#if defined(__x86_64__)
struct Leaf {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;

    Leaf(unsigned leaf, unsigned subleaf) {
        // Zeros where the processor has no such leaf.
        if (!__get_cpuid_count(leaf, subleaf, &eax, &ebx, &ecx, &edx)) eax = ebx = ecx = edx = 0;
    }
};

bool bit(std::uint64_t word, int number) { return word >> number & 1; }

// The register files that the operating system saves when it switches threads.
std::uint64_t saved_registers() {
    unsigned low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return std::uint64_t(high) << 32 | low;
}
#endif

}  // namespace

// Bit i for the i-th of INSTRUCTION_SETS in library.py: portable, avx2, avx512, avx512_bf16, amx.
OSTINATO_EXPORT std::int64_t ostinato_instruction_sets() {
    std::int64_t found = 1;
#if defined(__x86_64__)
    const Leaf basic(1, 0), extended(7, 0), more(7, 1);
    if (!bit(basic.ecx, 27)) return found;  // OSXSAVE: without it xgetbv itself is not there
    const std::uint64_t saved = saved_registers();
    const bool ymm = (saved & 0x6) == 0x6, zmm = ymm && (saved & 0xe0) == 0xe0;
    const bool tiles = (saved & 0x60000) == 0x60000;
    const bool avx2 = ymm && bit(extended.ebx, 5) && bit(basic.ecx, 12) && bit(basic.ecx, 28);
    const bool avx512 = avx2 && zmm && bit(extended.ebx, 16) && bit(extended.ebx, 17) && bit(extended.ebx, 30) &&
                        bit(extended.ebx, 31);  // F, DQ, BW, VL
    const bool bf16 = avx512 && bit(more.eax, 5);
    const bool amx = bf16 && tiles && bit(extended.edx, 24) && bit(extended.edx, 22);  // TILE, BF16
    found |= std::int64_t(avx2) << 1 | std::int64_t(avx512) << 2 | std::int64_t(bf16) << 3 | std::int64_t(amx) << 4;
#endif
    return found;
}

// Ask Linux for the matrix unit's registers, which it gives on demand, to all threads of a process; 0 when they
// are there, else the error's number.
OSTINATO_EXPORT int ostinato_request_amx() {
#if defined(__x86_64__) && defined(__linux__)
    constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0 ? 0 : errno;
#elif defined(__x86_64__)
    return 0;  // other systems save them always, or do not report them above
#else
    return 1;
#endif
}
