rockspec_format = "3.0"
package = "hmap"
version = "scm-1"

-- Built where it lies: `luarocks make rockspec/hmap-scm-1.rockspec`.
source = {
  url = "git+file://.",
}

description = {
  summary = "A hash map whose growth you can watch, after Go's runtime map",
  detailed = [[
A map for Lua 5.4 with a C core that follows Go's classic runtime map: 8-slot
buckets, tophash bytes, overflow chains and incremental evacuation, so that no
single insert pays for a whole rehash. Everything inside can be looked at from
Lua, and drawn.]],
  license = "MIT",
  labels = {"hash-map", "data-structures", "introspection"},
}

supported_platforms = {"unix"}

dependencies = {
  "lua >= 5.4, < 5.6",
  "argparse >= 0.7.1",
  "dkjson >= 2.5",
}

external_dependencies = {
  XXHASH = {header = "xxhash.h"},
}

build = {
  type = "builtin",
  modules = {
    ["hmap"] = "lua/hmap/init.lua",
    ["hmap.blocks"] = "lua/hmap/blocks.lua",
    ["hmap.churn"] = "lua/hmap/churn.lua",
    ["hmap.cli.compare"] = "lua/hmap/cli/compare.lua",
    ["hmap.cli.completion"] = "lua/hmap/cli/completion.lua",
    ["hmap.cli.distribution"] = "lua/hmap/cli/distribution.lua",
    ["hmap.cli.draw"] = "lua/hmap/cli/draw.lua",
    ["hmap.cli.explain"] = "lua/hmap/cli/explain.lua",
    ["hmap.cli.explore"] = "lua/hmap/cli/explore.lua",
    ["hmap.cli.fail"] = "lua/hmap/cli/fail.lua",
    ["hmap.cli"] = "lua/hmap/cli/init.lua",
    ["hmap.cli.film"] = "lua/hmap/cli/film.lua",
    ["hmap.cli.json"] = "lua/hmap/cli/json.lua",
    ["hmap.cli.keys"] = "lua/hmap/cli/keys.lua",
    ["hmap.cli.keystats"] = "lua/hmap/cli/keystats.lua",
    ["hmap.cli.layout"] = "lua/hmap/cli/layout.lua",
    ["hmap.cli.load_table"] = "lua/hmap/cli/load_table.lua",
    ["hmap.cli.map"] = "lua/hmap/cli/map.lua",
    ["hmap.cli.option"] = "lua/hmap/cli/option.lua",
    ["hmap.cli.out"] = "lua/hmap/cli/out.lua",
    ["hmap.cli.plan"] = "lua/hmap/cli/plan.lua",
    ["hmap.cli.progress"] = "lua/hmap/cli/progress.lua",
    ["hmap.cli.record"] = "lua/hmap/cli/record.lua",
    ["hmap.cli.repl"] = "lua/hmap/cli/repl.lua",
    ["hmap.cli.replay"] = "lua/hmap/cli/replay.lua",
    ["hmap.cli.report"] = "lua/hmap/cli/report.lua",
    ["hmap.cli.source"] = "lua/hmap/cli/source.lua",
    ["hmap.cli.stats"] = "lua/hmap/cli/stats.lua",
    ["hmap.cli.tape"] = "lua/hmap/cli/tape.lua",
    ["hmap.cli.types"] = "lua/hmap/cli/types.lua",
    ["hmap.cli.watch"] = "lua/hmap/cli/watch.lua",
    ["hmap.cost"] = "lua/hmap/cost.lua",
    ["hmap.live"] = "lua/hmap/live.lua",
    ["hmap.metrics"] = "lua/hmap/metrics.lua",
    ["hmap.events"] = "lua/hmap/events.lua",
    ["hmap.explain"] = "lua/hmap/explain.lua",
    ["hmap.growth"] = "lua/hmap/growth.lua",
    ["hmap.json"] = "lua/hmap/json.lua",
    ["hmap.help"] = "lua/hmap/help.lua",
    ["hmap.keystats"] = "lua/hmap/keystats.lua",
    ["hmap.ledger"] = "lua/hmap/ledger.lua",
    ["hmap.explorer.arrays"] = "lua/hmap/explorer/arrays.lua",
    ["hmap.explorer.bands"] = "lua/hmap/explorer/bands.lua",
    ["hmap.explorer.camera"] = "lua/hmap/explorer/camera.lua",
    ["hmap.explorer.canvas"] = "lua/hmap/explorer/canvas.lua",
    ["hmap.explorer.caption"] = "lua/hmap/explorer/caption.lua",
    ["hmap.explorer.film"] = "lua/hmap/explorer/film.lua",
    ["hmap.explorer.keybook"] = "lua/hmap/explorer/keybook.lua",
    ["hmap.explorer.pack"] = "lua/hmap/explorer/pack.lua",
    ["hmap.explorer.page"] = "lua/hmap/explorer/page.lua",
    ["hmap.explorer.player"] = "lua/hmap/explorer/player.lua",
    ["hmap.explorer.projector"] = "lua/hmap/explorer/projector.lua",
    ["hmap.explorer.scene"] = "lua/hmap/explorer/scene.lua",
    ["hmap.explorer.screen"] = "lua/hmap/explorer/screen.lua",
    ["hmap.explorer.terminal"] = "lua/hmap/explorer/terminal.lua",
    ["hmap.gocost"] = "lua/hmap/gocost.lua",
    ["hmap.law"] = "lua/hmap/law.lua",
    ["hmap.lines"] = "lua/hmap/lines.lua",
    ["hmap.loadtable"] = "lua/hmap/loadtable.lua",
    ["hmap.moves"] = "lua/hmap/moves.lua",
    ["hmap.options"] = "lua/hmap/options.lua",
    ["hmap.picture"] = "lua/hmap/picture.lua",
    ["hmap.plan"] = "lua/hmap/plan.lua",
    ["hmap.plan_text"] = "lua/hmap/plan_text.lua",
    ["hmap.profile"] = "lua/hmap/profile.lua",
    ["hmap.recording"] = "lua/hmap/recording.lua",
    ["hmap.replay"] = "lua/hmap/replay.lua",
    ["hmap.report"] = "lua/hmap/report.lua",
    ["hmap.story"] = "lua/hmap/story.lua",
    ["hmap.terminal"] = "lua/hmap/terminal.lua",
    ["hmap.views"] = "lua/hmap/views.lua",
    ["hmap.words"] = "lua/hmap/words.lua",
    ["hmap.core"] = {
      sources = {
        "csrc/binding/data/batch.c",
        "csrc/binding/data/entry.c",
        "csrc/binding/data/entry_typed.c",
        "csrc/binding/data/iter.c",
        "csrc/binding/data/policy.c",
        "csrc/binding/data/proxy.c",
        "csrc/binding/data/scan.c",
        "csrc/binding/inspect/explain.c",
        "csrc/binding/inspect/limits.c",
        "csrc/binding/inspect/opstats.c",
        "csrc/binding/inspect/views.c",
        "csrc/binding/module.c",
        "csrc/binding/registry/registry.c",
        "csrc/binding/registry/snapshot.c",
        "csrc/binding/self/gc.c",
        "csrc/binding/trace/record.c",
        "csrc/binding/trace/scope.c",
        "csrc/binding/trace/trace.c",
        "csrc/binding/trace/watch.c",
        "csrc/binding/value/cell.c",
        "csrc/binding/value/objects.c",
        "csrc/binding/value/ring.c",
        "csrc/binding/value/text.c",
        "csrc/core/inspect/check.c",
        "csrc/core/inspect/explain.c",
        "csrc/core/inspect/fingerprint.c",
        "csrc/core/inspect/limits.c",
        "csrc/core/inspect/opstats.c",
        "csrc/core/inspect/views.c",
        "csrc/core/map/array.c",
        "csrc/core/map/batch.c",
        "csrc/core/map/delete.c",
        "csrc/core/map/evacuate.c",
        "csrc/core/map/get.c",
        "csrc/core/map/iter.c",
        "csrc/core/map/life.c",
        "csrc/core/map/observe.c",
        "csrc/core/map/policy.c",
        "csrc/core/map/put.c",
        "csrc/core/map/reclaim.c",
        "csrc/core/map/rekey.c",
        "csrc/core/map/resize.c",
        "csrc/core/map/scan.c",
        "csrc/core/mem/heap.c",
        "csrc/core/mem/pages.c",
        "csrc/core/mem/slab.c",
        "csrc/core/type/cell.c",
        "csrc/core/type/hash.c",
        "csrc/core/type/random.c",
        "csrc/core/type/type.c",
      },
      defines = {"NDEBUG"},
      incdirs = {"csrc", "$(XXHASH_INCDIR)"},
    },
  },
  install = {
    lua = {
      -- For editors that read LuaLS annotations.
      ["hmap.core.meta"] = "lua/hmap/core.meta.lua",
      -- The template that hmap.explorer.page finds beside itself.
      ["hmap.explorer.page"] = "lua/hmap/explorer/page.html",
    },
    bin = {hmap = "lua/bin/hmap"},
  },
}

test = {
  type = "command",
  command = "make test",
}
