-- Instructions counted, instructions allowed: pure functions on texts.
--
--   counts   {machine = "gcc ...", {name, instructions}, ...} in order
--   record   list of such, one a machine
--
-- A machine is what makes a count: compiler, flags, libraries, processor.
-- Counts of one machine say nothing of another's.

local TOO_MANY = 1.02 -- of the budget: fails
local FEWER = 0.95 -- of the budget: worth a word

local function round(x)
  return math.floor(x * 10 + 0.5) / 10
end

--- Instructions under each title in what callgrind wrote.
local function totals_in(callgrind)
  local totals, title = {}, nil
  for line in callgrind:gmatch "[^\n]+" do
    local trigger = line:match "^desc: Trigger: (.*)"
    if trigger then title = trigger:match "^Client Request: (.*)" end
    local n = line:match "^totals: (%d+)"
    if n and title then totals[title] = tonumber(n) end
  end
  return totals
end

--- Counts from what hot.c printed and what callgrind wrote meanwhile; or nil
-- and why there are none.
local function counts_in(printed, callgrind)
  local totals, counts = totals_in(callgrind), {}
  for name, value in printed:gmatch "([^\t\n]+)\t([^\n]+)" do
    if name == "machine" then
      counts.machine = (value:gsub(" +", " "))
    else
      local with, without = totals[name], totals[name .. "-"]
      if not with or not without then
        return nil, name .. ": not counted"
      elseif with <= without then
        return nil, name .. ": counted as nothing"
      end
      counts[#counts + 1] = { name, round((with - without) / value) }
    end
  end
  if not counts.machine or #counts == 0 then return nil, "nothing counted" end
  return counts
end

-- -- the record ---------------------------------------------------------------

local HEAD = [[
# Instructions that an operation of hot.c takes, by machine. Written by
# check.lua --record, for the machine that it runs on.
]]

local function record_in(text)
  local record = {}
  for line in text:gmatch "[^\n]+" do
    local first, second = line:match "^([^#\t]+)\t(.+)"
    if first == "machine" then
      record[#record + 1] = { machine = second }
    elseif first then
      local counts = assert(record[#record], "a count of no machine")
      counts[#counts + 1] = { second, (assert(tonumber(first), line)) }
    end
  end
  return record
end

local function text_of(record)
  local lines = {}
  for _, counts in ipairs(record) do
    lines[#lines + 1] = "\nmachine\t" .. counts.machine
    for _, count in ipairs(counts) do
      lines[#lines + 1] = string.format("%.1f\t%s", count[2], count[1])
    end
  end
  return HEAD .. table.concat(lines, "\n") .. "\n"
end

local function of_machine(record, machine)
  for at, counts in ipairs(record) do
    if counts.machine == machine then return counts, at end
  end
end

--- The record with these counts in it, in place of those of their machine.
local function recorded(record, counts)
  local out = table.move(record, 1, #record, 1, {})
  local _, at = of_machine(record, counts.machine)
  out[at or #out + 1] = counts
  return out
end

-- -- the verdict --------------------------------------------------------------

local function allowed(counts)
  local budgets = {}
  for _, count in ipairs(counts) do budgets[count[1]] = count[2] end
  return budgets
end

local function compared(name, n, budget)
  local text = string.format("%s: %.1f instructions, budget %.1f (%+.1f %%)",
    name, n, budget, (n / budget - 1) * 100)
  if n > budget * TOO_MANY then return false, text end
  return true, n < budget * FEWER and text .. ": tighten it" or nil
end

local function elsewhere(record, counts)
  local lines = { "no budget for this machine, nothing is compared: "
    .. counts.machine }
  for _, others in ipairs(record) do
    lines[#lines + 1] = "there is one for: " .. others.machine
  end
  for _, count in ipairs(counts) do
    lines[#lines + 1] = string.format("%8.1f  %s", count[2], count[1])
  end
  return true, lines
end

--- Whether no count is over its budget, and lines for a person: what is, what
-- is far under it, what has none.
local function verdict(record, counts)
  local mine = of_machine(record, counts.machine)
  if not mine then return elsewhere(record, counts) end
  local fine, lines, budgets = true, {}, allowed(mine)
  for _, count in ipairs(counts) do
    local name, n = count[1], count[2]
    local ok, line = false, name .. ": has no budget"
    if budgets[name] then ok, line = compared(name, n, budgets[name]) end
    fine = fine and ok
    lines[#lines + 1] = line
    budgets[name] = nil
  end
  for _, count in ipairs(mine) do
    if budgets[count[1]] then
      fine = false
      lines[#lines + 1] = count[1] .. ": has a budget, but was not counted"
    end
  end
  return fine, lines
end

return {
  counts_in = counts_in, record_in = record_in, text_of = text_of,
  recorded = recorded, verdict = verdict,
}
