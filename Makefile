# hmap. `make help` lists what can be made here.
#
# Overridable: CC CFLAGS LDFLAGS LUA LUA_INCDIR BUILD PREFIX DESTDIR KEYS.
# A second build with other flags goes beside the first: make BUILD=build/asan.

BUILD  ?= build
LUA    ?= lua5.4
CFLAGS ?= -O2 -DNDEBUG
PREFIX ?= /usr/local
KEYS   ?=

# What only .ci/lua can tell is asked at its first use, and once.
ask = $(eval $(1) := $(shell LUA='$(LUA)' sh .ci/lua $(2)))$($(1))
LUA_INCDIR ?= $(call ask,LUA_INCDIR,include)
LUA_LIBS   ?= $(call ask,LUA_LIBS,libs)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
  -Wmissing-prototypes
MODE := -std=c11 -fPIC -fvisibility=hidden -Icsrc -MMD -MP

objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c $(1)/*/*.c))
CORE     := $(call objects,csrc/core)
BINDING  := $(call objects,csrc/binding)
PROGRAMS := $(patsubst spec/c/%.c,$(BUILD)/spec/%,$(wildcard spec/c/*.c))
EMBEDDED := $(patsubst spec/lua_c/%.c,$(BUILD)/spec/lua/%,\
  $(wildcard spec/lua_c/*.c))

all: $(BUILD)/hmap/core.so $(BUILD)/libhmap.a  ## the Lua module and the library

core: $(BUILD)/libhmap.a  ## only the C library: needs no Lua

$(BUILD)/libhmap.a: $(CORE)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/hmap/core.so: $(BINDING) $(CORE)
	@mkdir -p $(@D)
	$(CC) -shared $(CFLAGS) $(LDFLAGS) -o $@ $^

# The wall between the rooms: only the binding sees Lua's headers.
$(BINDING): LUA_FLAGS = $(addprefix -isystem ,$(LUA_INCDIR))

$(BUILD)/csrc/%.o: csrc/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(MODE) $(WARN) $(LUA_FLAGS) $(CFLAGS) -c -o $@ $<

programs: $(PROGRAMS)  ## the plain C programs in spec/c

$(BUILD)/spec/conformance: LDLIBS += -ljansson -lz

$(BUILD)/spec/%: spec/c/%.c $(BUILD)/libhmap.a
	@mkdir -p $(@D)
	$(CC) $(MODE) $(WARN) $(CFLAGS) $(LDFLAGS) -o $@ $< \
	  $(BUILD)/libhmap.a $(LDLIBS) -lm

lua-programs: $(EMBEDDED)  ## the C programs in spec/lua_c, which embed Lua

$(BUILD)/spec/lua/%: spec/lua_c/%.c $(BINDING) $(BUILD)/libhmap.a
	@mkdir -p $(@D)
	$(CC) $(MODE) $(WARN) -isystem $(LUA_INCDIR) $(CFLAGS) $(LDFLAGS) -pthread \
	  -o $@ $< $(BINDING) $(BUILD)/libhmap.a $(LUA_LIBS) -lm

# Objects are stale when the compiler or its flags are others than last time.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(MODE) $(WARN) $(LUA_INCDIR) $(CFLAGS) $(LDFLAGS)' | \
	  { cmp -s - $@ || cat > $@; }

env:  ## lines to eval for `require "hmap"` from this checkout
	@echo "export LUA_PATH='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;'"
	@echo "export LUA_CPATH='$(abspath $(BUILD))/?.so;;'"

explore: deps-explore all  ## watch a map grow on real keys; KEYS=file
	@eval "$$($(MAKE) -s --no-print-directory env)" && \
	  $(LUA) -e 'os.exit(require("hmap.cli").main(), true)' -- \
	  explore $(if $(KEYS),'$(KEYS)')

load-table: deps-explore all  ## the table in Go's map source, measured anew
	@eval "$$($(MAKE) -s --no-print-directory env)" && \
	  $(LUA) -e 'os.exit(require("hmap.cli").main(), true)' -- load-table

test: deps-test  ## everything there is to check; ends "N passed, N failed"
	@CC='$(CC)' LUA='$(LUA)' MAKE='$(MAKE)' sh spec/run.sh

budget: deps-test  # instructions of the hot paths; RECORD=1: as the budgets
	@CC='$(CC)' CFLAGS='$(CFLAGS)' MAKE='$(MAKE)' LUA_INCDIR='$(LUA_INCDIR)' \
	  $(LUA) spec/budget/check.lua $(if $(RECORD),--record) '$(BUILD)'

bench: deps-bench all  ## hmap beside its peers (QUICK=1: a minute); bench-table
	@$(BENCH_ENV) $(MAKE) -s -f spec/bench/peers.mk && \
	  eval "$$($(MAKE) -s --no-print-directory env)" && \
	  $(BENCH_ENV) $(LUA) spec/bench/run.lua $(if $(QUICK),--quick) \
  $(if $(KEEP),--keep)

bench-table:  # its figures as markdown; ALL=1: of every size
	@$(BENCH_ENV) $(LUA) spec/bench/run.lua --table $(if $(ALL),--all)

bench-pause: deps-bench all  ## single operations (QUICK=1); bench-pause-table
	@$(BENCH_ENV) $(MAKE) -s -f spec/bench/peers.mk PEERS='$(PAUSE_PEERS)' && \
	  eval "$$($(MAKE) -s --no-print-directory env)" && \
	  $(BENCH_ENV) $(LUA) spec/bench/pause.lua $(if $(QUICK),--quick) \
	  $(if $(KEEP),--keep)

bench-pause-table:  # its figures as markdown; ALL=1: of every size
	@$(BENCH_ENV) $(LUA) spec/bench/pause.lua --table $(if $(ALL),--all)

PAUSE_PEERS = hmap pause_lua lua go absl boost pause

BENCH_ENV = BUILD='$(BUILD)' LUA='$(LUA)' CXX='$(CXX)' CFLAGS='$(CFLAGS)' \
  LUA_INCDIR='$(LUA_INCDIR)'

deps: deps-test  ## install what building, exploring and testing need

deps-%:
	@sh .ci/deps $*

SHARE = $(DESTDIR)$(PREFIX)/share/lua/5.4/hmap
LIB   = $(DESTDIR)$(PREFIX)/lib
LUA_FILES = $(shell cd lua/hmap && find . -name '*.lua' -o -name '*.html')

install: all  ## into PREFIX (default /usr/local), under DESTDIR
	install -d $(SHARE) $(LIB)/lua/5.4/hmap $(DESTDIR)$(PREFIX)/include
	cd lua/hmap && for file in $(LUA_FILES); do \
	  install -d $(SHARE)/$$(dirname $$file) && \
	  install -m 644 $$file $(SHARE)/$$file || exit; done
	install -m 755 $(BUILD)/hmap/core.so $(LIB)/lua/5.4/hmap
	install -m 644 $(BUILD)/libhmap.a $(LIB)
	install -m 644 csrc/hmap.h csrc/hmap_inspect.h $(DESTDIR)$(PREFIX)/include

clean:  ## remove build/
	rm -rf build

help:  ## this list
	@awk -F ':.*##  *' '/^[a-z-]+:.*## /{sub(/:.*/,"",$$1); \
	  printf "make %-11s %s\n", $$1, $$2}' Makefile

FORCE:
.PHONY: all core programs lua-programs env explore load-table test budget bench \
  bench-table bench-pause bench-pause-table deps install clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:

-include $(CORE:.o=.d) $(BINDING:.o=.d) $(PROGRAMS:=.d) $(EMBEDDED:=.d)
