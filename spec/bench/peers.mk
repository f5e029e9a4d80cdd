# The peers' programs: make -f spec/bench/peers.mk, from the top. One that is
# not installed is left out; run.lua says so.

BUILD  ?= build
CFLAGS ?= -O2 -DNDEBUG
PEERS  ?= hmap smooth many bare boost absl robin glib std lua go

LUA_INCDIR ?= $(shell sh .ci/lua include)
MODE := -std=c++17 -Wall -Wextra -Wshadow -isystem $(LUA_INCDIR) -Icsrc

# What a C++ peer needs besides the compiler.
hmap_HEADER  := hmap.h
smooth_HEADER := hmap.h
many_HEADER  := hmap.h
boost_HEADER := boost/unordered/unordered_flat_map.hpp
robin_HEADER := tsl/robin_map.h
std_HEADER   := unordered_map
bare_HEADER  := sys/mman.h
lua_HEADER   := lua.hpp
# For run.lua nothing, for pause.lua a peer and what reads the times.
pause_lua_HEADER := lua.hpp
pause_HEADER     := vector

hmap_LIBS = $(BUILD)/libhmap.a
smooth_LIBS = $(BUILD)/libhmap.a
many_LIBS = $(BUILD)/libhmap.a
absl_LIBS = $(shell pkg-config --libs absl_flat_hash_map)
glib_LIBS = $(shell pkg-config --libs glib-2.0)
lua_LIBS ?= $(shell sh .ci/lua libs)
pause_lua_LIBS = -Wl,-E $(lua_LIBS)

glib_FLAGS = $(shell pkg-config --cflags glib-2.0 2>/dev/null)

# PEER, if it is installed.
hash := \#
go_CHECK   := command -v go
absl_CHECK := pkg-config --exists absl_flat_hash_map
glib_CHECK := pkg-config --exists glib-2.0
CHECK = printf '%s\n' '$(hash)if !__has_include(<$($1_HEADER)>)' \
  '$(hash)error' '$(hash)endif' | $(CXX) $(MODE) $($1_FLAGS) -E -x c++ -
installed = $(shell { $(or $($1_CHECK),$(CHECK)); } >/dev/null 2>&1 && echo $1)

all: $(foreach p,$(PEERS),$(addprefix $(BUILD)/bench/,$(call installed,$p)))

$(BUILD)/bench/go: spec/bench/go.go spec/bench/pause.go
	@mkdir -p $(@D)
	go build -o $@ $^

$(addprefix $(BUILD)/bench/,hmap smooth many): $(BUILD)/libhmap.a
$(BUILD)/bench/smooth: spec/bench/hmap.cpp

$(BUILD)/bench/%: spec/bench/%.cpp $(wildcard spec/bench/*.hpp) $(BUILD)/flags
	@mkdir -p $(@D)
	$(CXX) $(MODE) $($*_FLAGS) $(CFLAGS) -o $@ $< $($*_LIBS)

.PHONY: all
.DELETE_ON_ERROR:
