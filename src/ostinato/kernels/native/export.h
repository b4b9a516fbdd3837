// Marks what a library shows to the outside: its plain C functions, and nothing else.
#pragma once

#define OSTINATO_EXPORT extern "C" __attribute__((visibility("default")))
