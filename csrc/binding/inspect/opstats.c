/* opstats.c: the core's ledger as plain tables; what they mean is told in
** lua/hmap/observe/ledger.lua. */
#include "binding/inspect/opstats.h"

#include "binding/self/self.h"
#include "binding/value/fields.h"
#include "binding/value/names.h"
#include "hmap_inspect.h"

/* set_work [-0, +0, m]: each count as a field of the table on top. */
static void set_work(lua_State *L, const hmap_work *work) {
#define HMAP_X(member, times, per) set_int(L, #member, work->member);
  HMAP_WORKS(HMAP_X)
#undef HMAP_X
}

/* push_op [-0, +1, m] */
static void push_op(lua_State *L, const hmap_op *op) {
  lua_createtable(L, 0, 20);
  set_text(L, "op", lname_op(op->kind));
  set_int(L, "number", op->number);
  set_int(L, "cost", op->cost);
  set_int(L, "count", op->count);
  set_work(L, &op->work);
  if (!op->began && !op->ended)
    return;
  set_text(L, "growth", lname_growth(op->growth));
  set_bool(L, "began", op->began);
  set_bool(L, "ended", op->ended);
  set_int(L, "from", op->from);
  set_int(L, "to", op->to);
}

static hmap_status set_ledger(lmap *h, bool on) {
  return !on || lgc_note(h->gc, h->held) ? hmap_set_ledger(h->m, on)
                                         : HMAP_ENOMEM;
}

/* ledger(m, on): opens or closes it; the map's ledger is off when made. */
static int mod_set_ledger(lua_State *L) {
  lmap *h = lmap_check(L);
  if (!lua_isboolean(L, 2))
    larg_error(L, 2, "boolean expected, got %s", luaL_typename(L, 2));
  bool on = lua_toboolean(L, 2);
  for (int tries = 0; lmap_failed(L, h, set_ledger(h, on), tries); tries++)
    continue;
  lmap_count_bytes(h);
  return 0;
}

/* totals(m): nil, or {ops = {get = n, ...}, sum = work, worst = work}. */
static int mod_totals(lua_State *L) {
  hmap_totals t;
  if (!hmap_get_totals(lmap_check(L)->m, &t))
    return 0;
  lua_createtable(L, 0, 3);
  lua_createtable(L, 0, HMAP_NOPS);
  for (int op = 0; op < HMAP_NOPS; op++)
    set_int(L, lname_op((hmap_op_kind)op), t.ops[op]);
  lua_setfield(L, -2, "ops");
  lua_createtable(L, 0, 11);
  set_work(L, &t.sum);
  lua_setfield(L, -2, "sum");
  lua_createtable(L, 0, 11);
  set_work(L, &t.worst);
  lua_setfield(L, -2, "worst");
  return 1;
}

static int mod_last_op(lua_State *L) {
  hmap_op op;
  if (!hmap_last_op(lmap_check(L)->m, &op))
    return 0;
  push_op(L, &op);
  return 1;
}

/* worst_ops(m, n): a list, empty if the ledger is closed. */
static int mod_worst_ops(lua_State *L) {
  hmap_op ops[HMAP_LEDGER_WORST];
  const lmap *h = lmap_check(L);
  lua_Integer wanted = lcell_natural(L, 2, "number of operations");
  size_t n = hmap_worst_ops(h->m, ops,
                            wanted < HMAP_LEDGER_WORST ? (size_t)wanted
                                                       : HMAP_LEDGER_WORST);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    push_op(L, &ops[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

void lopstats_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"ledger", mod_set_ledger},
                                       {"totals", mod_totals},
                                       {"last_op", mod_last_op},
                                       {"worst_ops", mod_worst_ops},
                                       {NULL, NULL}};
  larg_setfuncs(L, functions, 1);
}
