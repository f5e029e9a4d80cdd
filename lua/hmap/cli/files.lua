--- Files that m:save has written.

local fail = require "hmap.cli.fail"
local hmap = require "hmap"
local progress = require "hmap.cli.progress"
local format = require "hmap.format"

local STEP = 8192 -- entries between two looks at the clock

--- What each of them begins with.
local MARK = "\x89hmap\r\n\x1a"

--- The map in a file.
local function load(path)
  local show = progress.new(function(done)
    return format.count(done) .. " entries read from " .. format.safe(path)
  end)
  local ok, m = pcall(function()
    local made
    for done, _, all in hmap.loading(path, STEP) do
      show(done)
      made = all or made
    end
    return made
  end)
  show()
  if not ok then fail.file("%s", fail.inner(m)) end
  return m
end

return { MARK = MARK, load = load }
