--- Shows a film at a pace: which operation, since when, and what keys do to
-- that.
--
-- Pure: it is told the time and the keys, and knows no terminal.

local SLOWEST = 4        -- operations a second of a small map
local DOUBLING = 16      -- of a large one: a sixteenth of its entries a second
local READING = 2        -- seconds to look at what has moved,
local READABLE = 32      -- up to so many old buckets
local FLIGHT = 0.5       -- seconds that an entry is on its way
local MOST = 10          -- doublings of the speed, and halvings

local projector = {}
projector.__index = projector

--- find(text) gives the number of a key, or nil and why not.
local function new(film, now, find)
  local self = setmetatable({ film = film, find = find, level = 0,
    paused = false }, projector)
  self:go(0, now)
  return self
end

-- Operations a second.
function projector:rate()
  local count = self.scene.stats.count
  return math.max(SLOWEST, count / DOUBLING) * 2 ^ self.level
end

-- How long the scene stays.
local function time_of(self)
  local scene = self.scene
  local reading = #scene.moves > 0 and scene.stats.buckets <= 2 * READABLE
  return 1 / self:rate() + (reading and READING / 2 ^ self.level or 0)
end

--- Shows an operation.
function projector:go(op, now)
  local last = self.op
  self.op = math.max(0, math.min(op, self.film.operations))
  self.scene = self.film:at(self.op)
  self.since, self.changed = now, true
  local flies = self.op - (last or 0) == 1 and #self.scene.moves > 0
  self.flies = flies and time_of(self) > FLIGHT
end

--- The same moment of a longer film.
function projector:load(film, now)
  self.film = film
  local number = self.follow_text and self.find(self.follow_text)
  self.follow = number or nil
  self:go(self.wants_last and film.operations or self.op, now)
  self.flies = false
end

--- How far entries have come on their way, below 1; nil: none is on its way.
function projector:flight(now)
  local phase = self.flies and (now - self.since) / FLIGHT
  if phase and phase < 1 then return phase end
end

--- Lets time go on.
function projector:tick(now)
  if self.flies then
    self.changed = true
    self.flies = now - self.since < FLIGHT
  end
  if self.paused or self.help or self.prompt then return end
  if self.op == self.film.operations then return end
  local late = now - self.since - time_of(self)
  if late >= 0 then
    -- A busy machine does not make it jump.
    local more = math.min(late, 0.2) * self:rate()
    if not self.scene.stats.growing or self:rate() > 2 * SLOWEST then
      more = math.floor(more)
    else
      more = 0
    end
    self:go(self.op + 1 + more, now)
  end
end

-- -- keys -------------------------------------------------------------------

local function stay(self) self.paused = true end

local function step(by)
  return function(self, now)
    stay(self)
    self:go(self.op + by, now)
  end
end

local function event(back)
  return function(self, now)
    stay(self)
    local ends = back and 0 or self.film.operations
    self:go(self.film:open():landmark(self.op, back) or ends, now)
    self.flies = #self.scene.moves > 0
  end
end

local function faster(by)
  return function(self)
    self.level = math.max(-MOST, math.min(MOST, self.level + by))
  end
end

local function first(self, now)
  stay(self)
  self:go(0, now)
end

-- Of a film that has not all operations yet the last so far.
local function last(self, now)
  stay(self)
  self.wants_last = true
  self:go(self.film.operations, now)
end

local KEYS = {
  [" "] = function(self, now)
    if self.paused and self.op == self.film.operations then
      self:go(0, now)
    end
    self.paused = not self.paused
    self.since = now
  end,
  l = step(1), right = step(1), h = step(-1), left = step(-1),
  L = event(), ["shift-right"] = event(),
  H = event(true), ["shift-left"] = event(true),
  g = first, home = first, G = last, ["end"] = last,
  ["+"] = faster(1), ["="] = faster(1), ["-"] = faster(-1),
  ["/"] = function(self) self.prompt = "" end,
  ["?"] = function(self) self.help = true end,
  escape = function(self)
    self.follow, self.follow_text, self.message = nil, nil, nil
  end,
  q = function(self) self.over = true end,
}

local function follow(self)
  local text = self.prompt
  self.prompt = nil
  if text == "" then return end
  local number, why = self.find(text)
  self.follow, self.follow_text = number, text
  self.message = not number and why or nil
end

-- What is typed for a key.
local function edit(self, key)
  if key == "enter" then
    follow(self)
  elseif key == "escape" then
    self.prompt = nil
  elseif key == "ctrl-u" then
    self.prompt = ""
  elseif key == "backspace" then
    local at = utf8.len(self.prompt) and utf8.offset(self.prompt, -1)
    self.prompt = self.prompt:sub(1, (at or #self.prompt) - 1)
  elseif #key <= 4 and utf8.len(key) == 1 and not key:find("%c") then
    self.prompt = self.prompt .. key
  end
end

--- Does what a key asks for. The keys are those that screen.lua names.
function projector:press(key, now)
  self.changed = true
  if self.prompt then return edit(self, key) end
  local helped = self.help
  self.help, self.message, self.wants_last = nil, nil, nil
  if helped and key ~= "q" then return end
  if KEYS[key] then KEYS[key](self, now) end
end

--- Whether nothing happens until a key does, or a longer film.
function projector:is_waiting()
  return self.paused or self.op == self.film.operations
end

--- What goes on, in a word or two.
function projector:state()
  if self.op == self.film.operations and not self.paused then return "end" end
  if self.paused then return "paused" end
  local rate = self:rate()
  return string.format(rate < 10 and "%.3g a second" or "%.0f a second", rate)
end

return { new = new }
