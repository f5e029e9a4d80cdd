--- Views as JSON: --json.

local fail = require "hmap.cli.fail"
local json = require "hmap.json"
local out = require "hmap.cli.out"

local function encode(view)
  local ok, text = pcall(json.encode, view)
  if not ok then fail.file("%s", text) end
  return text
end

local function option(c)
  c:flag("--json", "The same as JSON, on one line.")
end

--- Writes a view as args.json wants it: as JSON, or by its text.
local function show(args, view, text)
  if args.json then
    out.line(encode(view))
  else
    out.line(text or view)
  end
end

return { option = option, show = show, encode = encode }
