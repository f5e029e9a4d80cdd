--- Where on a screen each bucket of a scene has its place.
--
-- An array is drawn in bands, so that what an old bucket feeds stands below it:
--
--    old    [..][..]       one band
--    new x  [..][..]       the same bucket
--    new y  [..][..]       and the one that is half the array on
--
-- Bands of one scene are alike: so many cells a row, so many rows. A cell shows
-- the slots of a bucket where there is room, else one bucket, else several.

local SLOTS_WIDTH = 12 -- "[........]+1"
local WIDEST_SLOTS = 16

-- What moves, or what this very operation has finished moving.
local function growth_of(scene)
  local stats = scene.stats
  if stats.growing then
    return { kind = stats.kind, old = stats.old_buckets, new = stats.buckets }
  end
  local ended
  for _, event in ipairs(scene.events) do
    if event.kind == "grow_end" then ended = event end
  end
  if ended and ended.to == stats.buckets then
    return { kind = ended.growth, old = ended.from, new = ended.to,
      gone = true }
  end
end

local function band(which, first, n, name)
  return { which = which, first = first, n = n, name = name }
end

local function halves(which, n, first, second)
  if n == 1 then return { band(which, 0, 1, first) } end
  return { band(which, 0, n // 2, first), band(which, n // 2, n // 2, second) }
end

local function bands_of(scene, growth)
  if not scene.header.buckets then return {} end
  if not growth then return halves("new", scene.stats.buckets, "new", "new") end
  local old, new = growth.old, growth.new
  if growth.kind == "double" and new == 2 * old then
    local x, y = table.unpack(halves("new", new, "new x", "new y"))
    return { band("old", 0, old, "old"), x, y }
  elseif old == 2 * new then
    local low, high = table.unpack(halves("old", old, "old", "old"))
    return { low, high, band("new", 0, new, "new") }
  end
  return { band("old", 0, old, "old"), band("new", 0, new, "new") }
end

local function power_of_two_to(n)
  local p = 1
  while 2 * p <= n do p = 2 * p end
  return p
end

-- Cells for `n` buckets in so many columns and rows at most: `per_row` cells
-- of `width` columns, `per` buckets each.
local function cells_of(n, columns, rows)
  local function try(width)
    local most = power_of_two_to(math.max(1, columns // width))
    local per_row = math.min(most, n)
    if n <= per_row * rows then
      return { per_row = per_row, width = width, per = 1,
        rows = n // per_row }
    end
  end
  local slots = try(SLOTS_WIDTH)
  if slots then
    slots.slots = true
    slots.width = math.min(WIDEST_SLOTS, columns // slots.per_row)
    return slots
  end
  local plain = try(3) or try(1)
  if plain then return plain end
  local per_row = power_of_two_to(columns)
  rows = power_of_two_to(rows)
  return { per_row = per_row, width = 1, rows = rows,
    per = n // (per_row * rows) }
end

local bands = {}
bands.__index = bands

--- The places of a scene. columns: what the screen has; rows: of a band at
-- most.
local function new(scene, columns, rows)
  local growth = growth_of(scene)
  local list = bands_of(scene, growth)
  local self = setmetatable({ list = list, growth = growth }, bands)
  if #list == 0 then return self end
  local base, largest = math.huge, 0
  for _, b in ipairs(list) do
    base = math.min(base, b.n)
    largest = math.max(largest, b.first + b.n - 1)
  end
  self.digits = #tostring(largest)
  self.left = #"new x " + self.digits + 3 -- where the first cell begins
  self.cells = cells_of(base, columns - self.left - 1, rows)
  for _, b in ipairs(list) do b.per = self.cells.per * (b.n // base) end
  self:stack()
  return self
end

-- Lines of the bands, from 1 on. What has no old array keeps its room; below
-- the row that nevacuate is in there is a line for its mark.
function bands:stack()
  local line, rows = 1, self.cells.rows
  if self.list[1].which == "new" then line = line + rows + 1 end
  for i, b in ipairs(self.list) do
    b.line = line
    line = line + rows
    local behind = self.list[i + 1]
    if b.which == "old" and (not behind or behind.which == "new") then
      line = line + 1
    end
  end
  self.height = line - 1
end

--- The band of a bucket and the number of its cell there, from 0 on.
function bands:find(which, bucket)
  for _, b in ipairs(self.list) do
    if b.which == which and bucket >= b.first and bucket < b.first + b.n then
      return b, (bucket - b.first) // b.per
    end
  end
end

--- Line and column of the n-th cell of a band. `mark`: the line of the mark,
-- which old rows below it make room for.
function bands:place(b, n, mark)
  local cells = self.cells
  local line = b.line + n // cells.per_row
  if b.which == "old" and mark and line >= mark then line = line + 1 end
  return line, self.left + n % cells.per_row * cells.width
end

--- The line for the mark of nevacuate, and the column of the cell that it has
-- come to.
function bands:mark(nevacuate)
  local b, n = self:find("old", nevacuate)
  if not b then return nil end
  local line, column = self:place(b, n)
  return line + 1, column
end

return { new = new }
