--- hmap repl: Lua's own prompt, with hmap loaded and a map of the keys.

local fail = require "hmap.cli.fail"
local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"
local format = require "hmap.format"
local quoted = require("hmap.shell").quoted

local function options(c)
  keys.options(c)
  map.options(c)
  map.at_option(c)
end

-- The interpreter that runs this process; its options stand behind it.
local function interpreter()
  local first = 0
  while arg and arg[first - 1] do first = first - 1 end
  return first < 0 and arg[first] or "lua" .. _VERSION:match("%d.*")
end

-- A table that load turns into an equal one.
local function literal(v)
  if type(v) ~= "table" then return ("%q"):format(v) end
  local fields = {}
  for name, field in pairs(v) do
    fields[#fields + 1] = ("[%q]=%s"):format(name, literal(field))
  end
  return "{" .. table.concat(fields, ",") .. "}"
end

local function run(args)
  if args.file == "-" then
    fail.usage("standard input is where you type: keys cannot come from there")
  end
  local version = _VERSION:match("%d.*")
  local paths = version:gsub("%.", "_")
  local chunk = ("require('hmap.cli.repl').greet(%s)"):format(literal(args))
  local ok, how, code = os.execute(("LUA_PATH_%s=%s LUA_CPATH_%s=%s %s -i "
    .. "-e %s"):format(paths, quoted(package.path), paths,
    quoted(package.cpath), quoted(interpreter()), quoted(chunk)))
  return ok and fail.DONE or how == "exit" and code or fail.NO
end

local function begin(args)
  local source = keys.read(args)
  local m = map.filled(args, source)
  _G.hmap, _G.m = require "hmap", m -- to be typed
  print(("m is a map of %s from %s, hmap the module"):format(
    format.plural(#m, "key"), source.source))
  print("try m:stats()  print(m:draw())  m:explain(key)  m:trace(print)")
end

--- What the interpreter runs before it gives its first prompt.
local function greet(args)
  local ok, raised = pcall(begin, args)
  if not ok then os.exit(fail.tell(raised), true) end
end

return {
  summary = "Lua's prompt, with hmap loaded and a map m of the keys.",
  examples = { "hmap repl words.txt", "hmap repl --at 27 words.txt" },
  options = options,
  run = run,
  greet = greet,
}
