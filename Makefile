# hmap. `make help` lists what can be made here.
#
# Overridable: CC CFLAGS LDFLAGS LUA LUA_INCDIR LUA_LIBS BUILD PREFIX DESTDIR
# KEYS. A second build with other flags goes beside the first: make
# BUILD=build/asan.

BUILD  ?= build
LUA    ?= lua5.4
CFLAGS ?= -O2 -DNDEBUG
PREFIX ?= /usr/local
KEYS   ?=

# $(call quoted,TEXT): TEXT as one word of the shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'

# What the goals need is installed while this file is read: what is found out
# further down is found out after it, and no job of -j can come before it.
needs-all = build
needs-install = build
needs-lua-programs = build
needs-core = core
needs-explore = explore
needs-load-table = explore
needs-doc = build
needs-programs = test
needs-test = test
needs-lint = test
needs-soak = build
needs-portable = test portable
needs-budget = test
needs-oracle = oracle
needs-exhaust = core
needs-fuzz = fuzz
needs-fuzz-corpus = fuzz
needs-deps = test
needs-fresh = fresh
needs-dist = dist
needs-bench = bench
needs-bench-pause = bench
needs := $(sort $(foreach goal,$(or $(MAKECMDGOALS),all),$(needs-$(goal))))

dry_run := $(findstring n,$(firstword -$(MAKEFLAGS)))
ifeq ($(HMAP_READY)$(dry_run),)
  ifneq ($(needs),)
    missing := $(shell CC=$(call quoted,$(CC)) CFLAGS=$(call quoted,$(CFLAGS)) \
      LUA=$(call quoted,$(LUA)) LUA_INCDIR=$(call quoted,$(LUA_INCDIR)) \
      sh .ci/deps $(needs))
    ifneq ($(missing),)
      $(error $(missing))
    endif
    export HMAP_READY := yes
  endif
endif

# What only .ci/lua can tell is asked at its first use, and once.
ask = $(eval $(1) := $(shell LUA=$(call quoted,$(LUA)) sh .ci/lua $(2)))$($(1))
LUA_V       = $(call ask,LUA_V,version)
LUA_INCDIR ?= $(call ask,LUA_INCDIR,include)
LUA_LIBS   ?= $(call ask,LUA_LIBS,libs)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
  -Wmissing-prototypes
MODE := -std=c11 -fPIC -fvisibility=hidden -Icsrc -MMD -MP

objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c $(1)/*/*.c))
# Lua's symbols are found when the module is loaded; macOS wants to be told.
ifeq ($(shell uname -s),Darwin)
  MODULE := -bundle -undefined dynamic_lookup
else
  MODULE := -shared
endif

CORE     := $(call objects,csrc/core)
BINDING  := $(call objects,csrc/binding)
PROGRAMS := $(patsubst spec/c/%.c,$(BUILD)/spec/%,$(wildcard spec/c/*.c))
FUZZERS  := $(patsubst spec/fuzz/%.c,$(BUILD)/spec/fuzz/%,\
  $(wildcard spec/fuzz/*.c))
EMBEDDED := $(patsubst spec/lua_c/%.c,$(BUILD)/spec/lua/%,\
  $(wildcard spec/lua_c/*.c))

all: $(BUILD)/hmap/core.so $(BUILD)/libhmap.a  ## the Lua module and the library

core: $(BUILD)/libhmap.a  ## only the C library: needs no Lua

$(BUILD)/libhmap.a: $(CORE)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/hmap/core.so: $(BINDING) $(CORE)
	@mkdir -p $(@D)
	$(CC) $(MODULE) $(CFLAGS) $(LDFLAGS) -o $@ $^

# The wall between the rooms: only the binding sees Lua's headers.
lua_headers = $(if $(LUA_INCDIR),-isystem $(call quoted,$(LUA_INCDIR)))
$(BINDING): LUA_FLAGS = $(lua_headers)

$(BUILD)/csrc/%.o: csrc/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(MODE) $(WARN) $(LUA_FLAGS) $(CFLAGS) -c -o $@ $<

programs: $(PROGRAMS)  ## the plain C programs in spec/c

$(BUILD)/spec/conformance: LDLIBS += -ljansson -lz

$(BUILD)/spec/%: spec/c/%.c $(BUILD)/libhmap.a
	@mkdir -p $(@D)
	$(CC) $(MODE) $(WARN) $(CFLAGS) $(LDFLAGS) -o $@ $< \
	  $(BUILD)/libhmap.a $(LDLIBS) -lm

# The system's pages are refused by functions that stand in for these.
$(BUILD)/spec/lua/alloc_sweep: LDFLAGS += -Wl,--wrap=mmap \
  -Wl,--wrap=munmap -Wl,--wrap=madvise

# The map of Go's own runtime; not the C programs' kind.
$(BUILD)/spec/oracle: $(wildcard spec/go/oracle/*.go)
	@mkdir -p $(@D)
	cd spec/go/oracle && GO111MODULE=off GOFLAGS= \
	  go build -o $(call quoted,$(abspath $@)) .

# And those of a file that is being written.
$(BUILD)/spec/lua/crash: LDFLAGS += -Wl,--wrap=write -Wl,--wrap=fsync \
  -Wl,--wrap=close -Wl,--wrap=renameat -Wl,--wrap=openat

lua-programs: $(EMBEDDED)  ## the C programs in spec/lua_c, which embed Lua

$(BUILD)/spec/lua/%: spec/lua_c/%.c $(BINDING) $(BUILD)/libhmap.a
	@mkdir -p $(@D)
	$(CC) $(MODE) $(WARN) $(lua_headers) $(CFLAGS) $(LDFLAGS) -pthread \
	  -o $@ $< $(BINDING) $(BUILD)/libhmap.a $(LUA_LIBS) -lm

# Their CFLAGS have the objects watched (spec/fuzz.lua); here comes who watches.
fuzzers: $(FUZZERS)

$(BUILD)/spec/fuzz/%: spec/fuzz/%.c $(BINDING) $(BUILD)/libhmap.a
	@mkdir -p $(@D)
	$(CC) $(MODE) $(WARN) $(lua_headers) $(CFLAGS) $(LDFLAGS) \
	  -fsanitize=fuzzer -o $@ $< $(BINDING) $(BUILD)/libhmap.a $(LUA_LIBS) -lm

# Objects are stale when the compiler or its flags are others than last time.
$(BUILD)/flags: export FLAGS = $(CC) $(MODE) $(WARN) $(LUA_INCDIR) $(CFLAGS) \
  $(LDFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS" >$@.$$$$; \
	if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi

env:  ## lines to eval for `require "hmap"`, and hmap, from this checkout
	@printf 'export %s\n' $(call quoted,LUA_PATH=$(call quoted,$(lua_path))) \
	  $(call quoted,LUA_CPATH=$(call quoted,$(lua_cpath))) \
	  $(call quoted,PATH=$(call quoted,$(CURDIR)/lua/bin):"$$PATH")

lua_path  = $(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;
lua_cpath = $(abspath $(BUILD))/?.so;;

hmap = eval "$$($(MAKE) -s --no-print-directory env)" && \
  $(call quoted,$(LUA)) -e 'os.exit(require("hmap.cli").main(), true)' --

explore: all  ## watch a map grow on real keys; KEYS=file
	@$(hmap) explore $(if $(KEYS),$(call quoted,$(KEYS)))

load-table: all  ## the table in Go's map source, measured anew
	@$(hmap) load-table

doc: all  ## build/doc/hmap.md: every public name on one page
	@mkdir -p $(BUILD)/doc
	@eval "$$($(MAKE) -s --no-print-directory env)" && \
	  $(call quoted,$(LUA)) spec/doc.lua $(BUILD)/doc/hmap.md

test:  ## everything there is to check; ONLY=iter: what has that in its line
	@CC=$(call quoted,$(CC)) LUA=$(call quoted,$(LUA)) MAKE='$(MAKE)' \
	  ONLY=$(call quoted,$(ONLY)) bash spec/run.sh

oracle:  ## follow the map of Go's own runtime, live; SECONDS=20 SEED=n
	@MAKE='$(MAKE)' $(LUA) spec/oracle.lua $(call quoted,$(BUILD)) \
	  $(call quoted,$(SECONDS)) $(SEED)

exhaust: $(BUILD)/spec/exhaust  ## all short lists of operations; MORE=3: longer
	@$(BUILD)/spec/exhaust $(or $(MORE),2)

soak: all  ## long runs, steady memory, short ticks; OPS=100000000 TICKS=20000
	@eval "$$($(MAKE) -s --no-print-directory env)" && \
	  $(call quoted,$(LUA)) spec/soak.lua $(or $(OPS),100000000) $(TICKS)

portable:  ## other machines, compilers, C libraries; memcheck, clang-tidy
	@CC=$(call quoted,$(CC)) LUA=$(call quoted,$(LUA)) MAKE='$(MAKE)' \
	  PATIENCE=1200 bash spec/run.sh portable

fuzz:  ## bytes of a fuzzer's choosing, a target at a time; SECONDS=600 each
	@MAKE='$(MAKE)' $(LUA) spec/fuzz.lua $(call quoted,$(BUILD)) \
	  $(call quoted,$(SECONDS)) $(TARGET)

fuzz-corpus:  # spec/fuzz/corpus, made anew from what make fuzz has found
	@MAKE='$(MAKE)' $(LUA) spec/fuzz.lua $(call quoted,$(BUILD)) keep $(TARGET)

lint:  ## the linters alone: clang-format and luacheck
	@bash spec/run.sh lint

fresh:  ## the first commands on a bare machine (FRESH=explore: one of them)
	@sh spec/door/fresh.sh $(FRESH)

budget:  # instructions of the hot paths; RECORD=1: as the budgets
	@CC='$(CC)' CFLAGS='$(CFLAGS)' MAKE='$(MAKE)' LUA='$(LUA)' \
	  LUA_INCDIR='$(LUA_INCDIR)' $(LUA) spec/budget/check.lua \
	  $(if $(RECORD),--record) '$(BUILD)'

bench: all  ## hmap beside its peers (QUICK=1: a minute); bench-table
	@$(BENCH_ENV) $(MAKE) -s -f spec/bench/peers.mk && \
	  eval "$$($(MAKE) -s --no-print-directory env)" && \
	  $(BENCH_ENV) $(LUA) spec/bench/run.lua $(if $(QUICK),--quick) \
  $(if $(KEEP),--keep)

bench-table:  # its figures as markdown; ALL=1: of every size
	@$(BENCH_ENV) $(LUA) spec/bench/run.lua --table $(if $(ALL),--all)

bench-file: all  ## maps into files and out of them
	@mkdir -p $(BUILD)/bench
	$(CC) $(MODE) $(WARN) $(CFLAGS) -o $(BUILD)/bench/file spec/bench/file.c \
	  $(BUILD)/libhmap.a
	@eval "$$($(MAKE) -s --no-print-directory env)" && \
	  $(LUA) spec/bench/file.lua $(BUILD)/bench/file

bench-pause: all  ## single operations (QUICK=1); bench-pause-table
	@$(BENCH_ENV) $(MAKE) -s -f spec/bench/peers.mk PEERS='$(PAUSE_PEERS)' && \
	  eval "$$($(MAKE) -s --no-print-directory env)" && \
	  $(BENCH_ENV) $(LUA) spec/bench/pause.lua $(if $(QUICK),--quick) \
	  $(if $(KEEP),--keep)

bench-pause-table:  # its figures as markdown; ALL=1: of every size
	@$(BENCH_ENV) $(LUA) spec/bench/pause.lua --table $(if $(ALL),--all)

PAUSE_PEERS = hmap pause_lua lua go absl boost pause

BENCH_ENV = BUILD='$(BUILD)' LUA='$(LUA)' CXX='$(CXX)' CFLAGS='$(CFLAGS)' \
  LUA_INCDIR='$(LUA_INCDIR)'

deps:  ## install what building, exploring and testing need
	@:

ROOT  = $(DESTDIR)$(PREFIX)
SHARE = $(call quoted,$(ROOT)/share/lua/$(LUA_V)/hmap)
CLIB  = $(call quoted,$(ROOT)/lib/lua/$(LUA_V)/hmap)
BIN   = $(call quoted,$(ROOT)/bin)

# The installed command finds the modules that were installed with it.
OWN_LUA = package.path = [==[$(PREFIX)/share/lua/$(LUA_V)/?.lua;]==] .. \
  [==[$(PREFIX)/share/lua/$(LUA_V)/?/init.lua;]==] .. package.path
OWN_C = package.cpath = [==[$(PREFIX)/lib/lua/$(LUA_V)/?.so;]==] .. \
  package.cpath

install: all  ## into PREFIX (default /usr/local), under DESTDIR
	install -d $(SHARE) $(CLIB) $(call quoted,$(ROOT)/include) $(BIN)
	find lua/hmap -name '*.lua' -o -name '*.html' | while read -r file; do \
	  to=$(SHARE)/$${file#lua/hmap/} && install -d "$${to%/*}" && \
	  install -m 644 "$$file" "$$to" || exit; done
	{ printf '%s\n' $(call quoted,#!/usr/bin/env $(LUA)) \
	  $(call quoted,$(OWN_LUA)) $(call quoted,$(OWN_C)) && \
	  sed 1d lua/bin/hmap; } >$(BIN)/hmap && chmod 755 $(BIN)/hmap
	install -m 755 $(BUILD)/hmap/core.so $(CLIB)
	install -m 644 $(BUILD)/libhmap.a $(call quoted,$(ROOT)/lib)
	install -m 644 csrc/hmap.h csrc/hmap_inspect.h \
	  $(call quoted,$(ROOT)/include)

VERSION = $(shell sed -n 's/^\#define HMAP_VERSION "\(.*\)"/\1/p' csrc/hmap.h)
NAME    = hmap-$(VERSION)

DIST    = build/dist

dist:  ## build/dist/hmap-VERSION.tar.gz, of the files that git knows
	rm -rf $(DIST)/$(NAME) && mkdir -p $(DIST)/$(NAME)
	git ls-files -z | xargs -0 tar -cf - | tar -xf - -C $(DIST)/$(NAME)
	tar -C $(DIST) -czf $(DIST)/$(NAME).tar.gz $(NAME)

# LuaRocks takes the archive from URL: where it will be, when it is released;
# file:// and its whole path, to pack it here.
URL      = file://$(NAME).tar.gz
ROCKSPEC = rockspec/$(NAME)-1.rockspec

rockspec:  ## the released rockspec, from the checkout's; URL=of the archive
	@sed -e 's/^version = .*/version = "$(VERSION)-1"/' \
	  -e 's|^  url = .*|  url = "$(URL)",|' \
	  -e 's/^-- Built .*/-- Made by `make rockspec`./' \
	  rockspec/hmap-scm-1.rockspec >$(call quoted,$(ROCKSPEC))

clean:  ## remove build/
	rm -rf build

help:  ## this list
	@awk -F ':.*##  *' '/^[a-z-]+:.*## /{sub(/:.*/,"",$$1); \
	  printf "make %-11s %s\n", $$1, $$2}' Makefile

FORCE:
.PHONY: all core programs lua-programs env explore load-table doc test oracle \
  exhaust fuzz fuzz-corpus fuzzers soak portable lint fresh budget bench \
  bench-file bench-table bench-pause bench-pause-table deps install dist \
  rockspec clean help FORCE
.DELETE_ON_ERROR:

-include $(CORE:.o=.d) $(BINDING:.o=.d) $(PROGRAMS:=.d) $(EMBEDDED:=.d) \
  $(FUZZERS:=.d)
