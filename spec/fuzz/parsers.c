/* parsers.c: bytes as texts from other hands (parsers.lua). */
#define SCRIPT "spec/fuzz/parsers.lua"
#include "script.h"
