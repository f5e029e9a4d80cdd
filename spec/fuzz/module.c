/* module.c: bytes as a program that abuses the Lua module (module.lua). */
#define SCRIPT "spec/fuzz/module.lua"
#include "script.h"
