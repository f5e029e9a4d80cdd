/* record.h: what happened, kept without calling Lua. */
#ifndef HMAP_BINDING_RECORD_H
#define HMAP_BINDING_RECORD_H

#include <lauxlib.h>

#include "binding/trace/trace.h"

/* A call begins; it turned out to be none; the core tells of an event. */
void lrecord_call(ltrace *t, const lcall *call);
void lrecord_uncall(ltrace *t);
void lrecord_event(ltrace *t, const hmap_event *event);

extern const luaL_Reg lrecord_methods[];

#endif
