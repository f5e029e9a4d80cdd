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

return {read = read, lines_of = lines_of}
