--- The command `hmap`: a parser, a file for each subcommand, one way out.
--
-- A subcommand is a module that returns
--   summary    one sentence
--   examples   command lines that run where there is a file words.txt
--   options    function(c): adds to its argparse command
--   run        function(args, parser): does it; an exit code, or nothing
--
-- It writes through hmap.cli.out and ends early through hmap.cli.fail.

local core = require "hmap.core"
local fail = require "hmap.cli.fail"
local out = require "hmap.cli.out"

local COMMANDS = {
  "explore", "watch", "explain", "draw", "stats", "distribution", "layout",
  "plan", "keystats", "load-table", "compare", "record", "replay", "report",
  "repl", "import", "export", "info", "completion",
}

local function module_of(name)
  return require("hmap.cli." .. name:gsub("%-", "_"))
end

-- -- the parser -------------------------------------------------------------

-- What is shown instead of doing anything: help, the version.
local shown = { __name = "hmap.cli shown" }

local function show(text)
  error(setmetatable({ text = text }, shown), 0)
end

local function wrong_use(parser, message)
  local name = parser:get_usage():match("^Usage: (hmap ?[%l%-]*)")
  fail.usage("%s (%s --help)", message, (name:gsub(" $", "")))
end

-- argparse's own help writes without a check, and exits.
local function add_help(parser)
  parser:add_help(false)
  parser:flag("-h --help", "Show this and exit."):action(function()
    show(parser:get_help())
  end)
end

local function examples_text(examples)
  return (#examples == 1 and "Example:\n   " or "Examples:\n   ")
    .. table.concat(examples, "\n   ")
end

local function add_command(parser, name)
  local command = module_of(name)
  local c = parser:command(name, command.summary)
  add_help(c)
  c:epilog(examples_text(command.examples))
  if command.options then command.options(c) end
end

local function help_of(parser, name)
  if not name then return parser:get_help() end
  for _, c in ipairs(parser._commands) do
    if c._name == name then return c:get_help() end
  end
  fail.usage("unknown command '%s' (hmap --help)", name)
end

local function new_parser(argparse)
  local p = argparse("hmap", "A map whose growth you can watch.")
  p:command_target("command"):require_command(true):help_max_width(80)
  add_help(p)
  p:flag("--version", "Show the version and exit."):action(function()
    show("hmap " .. core._VERSION)
  end)
  p:epilog("Examples:\n   hmap explore words.txt\n   hmap help explore\n\n"
    .. "Exit codes: 0 done, 1 the answer is no or bad, 2 wrong use,\n"
    .. "3 a file that cannot be read or written.")
  for _, name in ipairs(COMMANDS) do add_command(p, name) end
  p:command("help", "Show the help of a command."):add_help(false)
    :argument("about", "The command."):args("?"):argname("COMMAND")
  p.error = wrong_use
  return p
end

-- -- running ----------------------------------------------------------------

local function argparse()
  local found, library = pcall(require, "argparse")
  if not found then
    fail.file("the Lua module argparse is missing: apt-get install "
      .. "lua-argparse, or luarocks install argparse")
  end
  return library
end

local function run(command_line)
  out.check_streams()
  local parser = new_parser(argparse())
  local args = parser:parse(command_line)
  if args.command == "help" then show(help_of(parser, args.about)) end
  local code = module_of(args.command).run(args, parser)
  out.flush()
  return code or fail.DONE
end

local function run_or_show(command_line)
  local ok, result = pcall(run, command_line)
  if ok then return result end
  if getmetatable(result) ~= shown then error(result, 0) end
  out.line(result.text)
  out.flush()
  return fail.DONE
end

-- After `lua -e '..' -- explore FILE` Lua takes the first word for a script's
-- name and puts it at arg[0].
local function words_of_process()
  return table.move(arg, 0, #arg, 1, {})
end

--- Runs a command line, a list of words (by default the process's own, as
-- `lua5.4 -e 'require("hmap.cli").main()' -- explore FILE` has it); returns the
-- exit code.
local function main(command_line)
  local ok, result = pcall(run_or_show, command_line or words_of_process())
  return ok and result or fail.tell(result)
end

return { main = main }
