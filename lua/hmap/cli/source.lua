--- Where lines come from: a file, standard input, or what the system has.

local fail = require "hmap.cli.fail"
local lines = require "hmap.lines"
local progress = require "hmap.cli.progress"
local format = require "hmap.format"

local WORD_LISTS = {
  "/usr/share/dict/words",
  "/usr/share/dict/american-english",
  "/usr/share/dict/british-english",
  "/usr/dict/words",
}
local FILE_LISTS = {
  { "the files that dpkg installed", "cat /var/lib/dpkg/info/*.list" },
  { "the files on this system", "find / -xdev -type f | head -n 500000" },
}
local ENOUGH = 10000 -- lines that make a default source worth exploring

local function has_enough(command)
  local pipe <close> = io.popen(command .. " 2>/dev/null | head -n " .. ENOUGH)
  local n = 0
  for _ in pipe:lines() do n = n + 1 end
  return n >= ENOUGH
end

local function open_default()
  for _, path in ipairs(WORD_LISTS) do
    local file = io.open(path, "rb")
    if file then return file, path end
  end
  for _, list in ipairs(FILE_LISTS) do
    if has_enough(list[2]) then
      return io.popen(list[2] .. " 2>/dev/null"), list[1]
    end
  end
  fail.file("no word list and no list of files here; name a file of keys")
end

--- An open file and its name; - is standard input.
local function open(path)
  if path == "" then fail.usage("the name of the file is empty") end
  if path == "-" then return io.stdin, "standard input" end
  local file, why = io.open(path, "rb")
  if not file then fail.file("%s", why) end
  return file, format.safe(path)
end

-- Nobody has named a file: what KEYS names, or a word list.
local function open_any()
  local path = os.getenv("KEYS") or ""
  if path ~= "" then return open(path) end
  return open_default()
end

--- What shows how much of a source has been read.
local function progress_of(name)
  return progress.new(function(bytes)
    return format.bytes(bytes) .. " read from " .. name
  end)
end

local function note_of(found)
  local notes = {}
  local function add(n, what)
    if n == 0 then return end
    notes[#notes + 1] = format.plural(n, what) .. " taken as LF"
  end
  if found.mark then notes[1] = "a byte order mark left out" end
  add(found.crlf, "CR LF line end")
  add(found.cr, "CR line end")
  return notes
end

--- Gives each line of a source and its number to `each`; returns the source's
-- name, and in words what was special about its lines.
local function read(path, each)
  local file, name
  if path then file, name = open(path) else file, name = open_any() end
  local _ <close>, show = file, progress_of(name)
  local found, why = lines.each(file, function(line, number)
    each(line, number, name)
  end, { progress = show })
  show()
  if not found then fail.file("%s: %s", name, why) end
  return name, note_of(found)
end

return { read = read, open = open, progress_of = progress_of }
