// Who a library is: what library.py asks before it calls anything else.
#include <cstdint>

#include "call.h"
#include "export.h"

OSTINATO_EXPORT std::int64_t ostinato_abi_version() { return kAbiVersion; }

OSTINATO_EXPORT std::int64_t ostinato_call_size() { return sizeof(Call); }

// The instruction set it was compiled for.
OSTINATO_EXPORT const char* ostinato_build() { return OSTINATO_BUILD; }

// Sources, flags and compiler, as build.py hashes them: it searches the file for this word.
OSTINATO_EXPORT const char* ostinato_identity() { return OSTINATO_IDENTITY; }
