--- What is known of the terminal that the text goes to.

local function is_terminal(descriptor)
  return (os.execute("test -t " .. descriptor))
end

-- stty asks the terminal behind its stdin, so it is given one.
local function columns_of_terminal()
  local stty = io.popen("stty size </dev/tty 2>/dev/null")
  if not stty then return nil end
  local answer = stty:read("l")
  stty:close()
  return tonumber((answer or ""):match("%d+ (%d+)"))
end

--- Columns to fill, 64 to 160: COLUMNS, the terminal's own, or 80 (a pipe, a
-- file).
local function width()
  local given = tonumber(os.getenv("COLUMNS"))
  if not given and is_terminal(1) then given = columns_of_terminal() end
  return math.min(math.max(given and given // 1 or 80, 64), 160)
end

--- Whether the locale says in so many words that block characters would not
-- be understood.
local function ascii_only()
  for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
    local locale = os.getenv(name)
    if locale and locale ~= "" then
      return not locale:lower():find("utf%-?8")
    end
  end
  return false
end

return {
  is_terminal = is_terminal,
  width = width,
  ascii_only = ascii_only,
}
