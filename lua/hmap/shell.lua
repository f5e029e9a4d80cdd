--- The system's shell: words for it, and what only it knows.

--- As one word of the shell, whatever is in it.
local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- Whether a file is there: neither a device nor a pipe, nor a folder.
local function is_file(path)
  return os.execute("test -f " .. quoted(path)) == true
end

return { quoted = quoted, is_file = is_file }
