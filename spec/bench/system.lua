-- The machine and its programs, as the benchmarks see them.

local function output(command)
  local pipe <close> = assert(io.popen(command .. " 2>/dev/null"))
  return (pipe:read "a":gsub("%s+$", ""))
end

local function succeeds(command)
  return os.execute(command .. " >/dev/null 2>&1") == true
end

-- -- what a person sees ------------------------------------------------------

local watched = os.execute "test -t 2" == true

--- One line that the next one overwrites, if a person is there to see it.
local function progress(text)
  if watched then io.stderr:write("\r\27[K", text or "") end
end

--- Lines that stay.
local function say(...)
  progress()
  io.stderr:write(string.format(...), "\n")
end

-- -- programs ----------------------------------------------------------------

--- What a program says through a pipe in lines of "name <tab> value": its
-- title, and its figures as {name, value} in order; or nil if it failed.
local function figures_of(pipe)
  local figures, title = {}, nil
  for line in pipe:lines() do
    local name, value = line:match "^(%S+)\t(.*)"
    if name == "title" then
      title = value
    elseif name then
      figures[#figures + 1] = { name, assert(tonumber(value)) }
    end
  end
  if not pipe:close() then return nil end
  return title, figures
end

--- "a,b" as {a = true, b = true}; nil stays nil.
local function names_in(list)
  if not list then return nil end
  local names = {}
  for name in list:gmatch "[^,]+" do names[name] = true end
  return names
end

-- -- circumstances -----------------------------------------------------------

local function match_of(path, pattern)
  local file <close> = io.open(path) or nil
  return file and file:read("a"):match(pattern)
end

local function machine()
  local model = match_of("/proc/cpuinfo", "model name%s*: ([^\n]+)")
    or output "uname -m"
  local kib = match_of("/proc/meminfo", "MemTotal:%s+(%d+)")
  local load = match_of("/proc/loadavg", "%S+")
  return string.format("%s, %s processors, %s, %s, load %s at the start",
    model, output "nproc", kib and string.format("%.0f GiB", kib / 2 ^ 20)
    or "memory unknown", output "uname -sr", load or "unknown")
end

--- What is known before the first process runs, as {name, text} in order.
local function circumstances()
  return {
    { "date", os.date "!%Y-%m-%d %H:%M UTC" },
    { "machine", machine() },
    { "compiler", output((os.getenv "CXX" or "c++") .. " --version | head -n 1")
      .. ", " .. (os.getenv "CFLAGS" or "-O2 -DNDEBUG") },
  }
end

return {
  circumstances = circumstances, figures_of = figures_of, names_in = names_in,
  output = output, progress = progress, say = say, succeeds = succeeds,
}
