--- Files and commands, for specs that look at the tree.

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function lines_of(command)
  local pipe <close> = assert(io.popen(command))
  local out = {}
  for line in pipe:lines() do out[#out + 1] = line end
  return out
end

--- The paths of n files that are gone once the list is closed or nobody has it.
local function temporary(n)
  local paths = {}
  for i = 1, n do paths[i] = os.tmpname() end
  local function remove()
    for i = 1, n do os.remove(paths[i]) end
    n = 0 -- what has such a name later is another's
  end
  return setmetatable(paths, { __close = remove, __gc = remove })
end

return { read = read, lines_of = lines_of, temporary = temporary }
