--- What operations cost, and why.
--
-- The core counts the work of each operation in units that do not depend on
-- the machine; this room says it in words. Pure: tables in, text out.

local core = require "hmap.core"
local kinds = require "hmap.growth"
local format = require "hmap.format"

local function began(op)
  if not op.began then return end
  return op.ended and "began and ended a " .. kinds.noun(op.growth) or
    "began a " .. kinds.noun(op.growth)
end

local function ended(op)
  if op.began or not op.ended then return end
  return "ended a " .. kinds.noun(op.growth)
end

local function from_to(op)
  return string.format(" from %s to %s", format.count(op.from),
    format.plural(op.to, "bucket"))
end

-- What a unit of each kind of work costs. An overflow bucket costs no more than
-- the work that it makes; it is told before what costs as much.
local COSTS = core.work_costs()
COSTS.overflow = 1

-- Each kind of work that may be why an operation is slow, and its words.
local CAUSES = {
  { "cleared", function(n)
    return "set " .. format.bytes(n) .. " of a new array to zero"
  end },
  { "mapped", function(n)
    return "mapped a new array of " .. format.bytes(n)
  end },
  { "moved", function(n, op)
    return string.format("moved %s of %s", format.plural(n, "entry", "entries"),
      format.plural(op.evacuated, "old bucket"))
  end },
  { "passed", function(n)
    return n > 2 and "went over " .. format.plural(n, "moved bucket")
  end },
  { "blocks", function(n)
    return n > 2 and "took or freed " .. format.plural(n, "block")
  end },
  { "released", function(n)
    return "gave back " .. format.bytes(n)
  end },
  { "overflow", function(n)
    return n == 1 and "hung on an overflow bucket" or
      "hung on " .. format.plural(n, "overflow bucket")
  end },
  { "slots", function(n, op)
    local extra = n // 8 - op.evacuated
    return extra > 2 and "read " .. format.plural(extra, "bucket")
  end },
}

-- Growth first, then the rest by what it cost.
local function cause(op)
  local parts, costs = {}, {}
  for rank, c in ipairs(CAUSES) do
    local name, tell = c[1], c[2]
    local text = op[name] > 0 and tell(op[name], op)
    if text then
      parts[#parts + 1] = text
      costs[text] = COSTS[name] * op[name] - rank * 1e-6
    end
  end
  table.sort(parts, function(a, b) return costs[a] > costs[b] end)
  local growth = began(op) or ended(op)
  if growth then table.insert(parts, 1, growth .. from_to(op)) end
  if #parts > 0 then return table.concat(parts, ", ") end
  return op.hashes > 0 and "nothing but its own search" or "nothing to do"
end

local function with_cause(op)
  op.cause = cause(op)
  return op
end

local function op_text(op)
  return string.format("%s, operation %s, cost %s: %s", op.op,
    format.count(op.number), format.count(op.cost), op.cause)
end

local WIDTH = 80

-- The causes below each other in the last column, each wrapped there: to a line
-- of what comes before it belong as many as its cause has.
local function add_row(rows, cells, text, width)
  for line in format.wrap(text, width):gmatch("[^\n]+") do
    cells[#cells + 1] = line
    rows[#rows + 1], cells = cells, { "", "", "", "" }
  end
end

local function ops_text(ops)
  if #ops == 0 then return "no operations (m:ledger(true) counts them)" end
  local rows = { { "cost", "operation", "", "entries", "" } }
  for _, op in ipairs(ops) do
    rows[#rows + 1] = { format.count(op.cost), format.count(op.number), op.op,
      format.count(op.count), "" }
  end
  local used = #format.columns(rows, "rrlrl"):match("[^\n]*") + #"  "
  local lines = { { "cost", "operation", "", "entries", "cause" } }
  for i, op in ipairs(ops) do
    add_row(lines, table.move(rows[i + 1], 1, 4, 1, {}), op.cause, WIDTH - used)
  end
  return format.columns(lines, "rrlrl")
end

local WORKS = {
  { "hashes", "keys hashed" },
  { "slots", "tophash bytes looked at" },
  { "comparisons", "keys compared" },
  { "moved", "entries moved" },
  { "evacuated", "old buckets moved" },
  { "passed", "old buckets that the mark went over" },
  { "overflow", "overflow buckets hung on" },
  { "blocks", "blocks taken or freed" },
  { "cleared", "bytes set to zero" },
  { "mapped", "bytes mapped" },
  { "released", "bytes given back" },
}

local function totals_text(t)
  local ops = {}
  for name, n in pairs(t.ops) do
    if n > 0 then ops[#ops + 1] = format.count(n) .. " " .. name end
  end
  table.sort(ops)
  local rows = { { "in all", "most in one", "" } }
  for _, work in ipairs(WORKS) do
    local name, what = work[1], work[2]
    rows[#rows + 1] = { format.count(t.sum[name]), format.count(t.worst[name]),
      what }
  end
  local head = #ops > 0 and table.concat(ops, ", ") or "no operation yet"
  return head .. "\n" .. format.columns(rows, "rrl")
end

return {
  with_cause = with_cause,
  op_text = op_text,
  ops_text = ops_text,
  totals_text = totals_text,
}
