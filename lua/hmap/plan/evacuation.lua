--- How a growth goes on, as a law: how many writes move how many old buckets.
--
-- Every write moves the old bucket of its own key, if that waits, and others at
-- the mark. With x writes per old bucket, u is the share that still waits, h
-- the share of those ahead of the mark that no write has met:
--
--   random    h = e^-x; du/dx = -u - s v
--   even      consecutive keys meet one waiting bucket after the other
--   constant  all keys meet the same one
--
-- s: moves at the mark a write makes, moves - 1, or with moves = 1 one if its
-- own bucket had moved. v: old buckets a move at the mark takes, more than one
-- if the policy lets it go on over empty ones.
--
-- With Go's two moves u = 2 e^-x - 1: a growth takes ln 2 = 0.69 writes an old
-- bucket, never less than a half, never more than one.
--
-- Pure: numbers in, numbers out.

local EULER = 0.5772156649

-- Old buckets that a move at the mark takes, with a share of empty ones.
local function visits(policy, load)
  local empty, most = math.exp(-load), policy.empty_visits
  return most == 1 and 1 or (1 - empty ^ most) / (1 - empty)
end

--- The pace of a move: `law` as in hmap.plan.occupancy, `load` in the old
-- buckets.
local function pace(policy, law, load)
  return {
    law = law,
    at_once = policy.all_at_once,
    by_hand = policy.step_on == "manual",
    at_mark = policy.moves - 1,
    visits = visits(policy, load),
  }
end

-- Waiting buckets that a write moves when nothing is left to chance.
local function steady(p)
  return p.law == "even" and p.at_mark + 1 or math.max(1, p.at_mark)
end

-- Writes an old bucket until the share u0 is moved.
local function duration(p, u0)
  if p.law ~= "random" then return u0 / steady(p) end
  local v = p.visits
  if p.at_mark > 0 then return math.log(1 + u0 / (p.at_mark * v)) end
  if v == 1 then return u0 end
  local A = v / (v - 1)
  return math.log(A / (A - u0)) / (v - 1)
end

--- Writes expected to move the `waiting` ones of `old` buckets, the write that
-- begins the growth included. By hand, if nobody steps: each bucket waits for
-- a write of its own.
local function writes(p, old, waiting)
  if waiting <= 0 then return 0 end
  if p.at_once then return 1 end
  if p.by_hand then
    return math.max(1, math.floor(old * (math.log(waiting) + EULER) + 0.5))
  end
  return math.max(1, math.floor(old * duration(p, waiting / old) + 0.5))
end

-- The share that waits x writes an old bucket after u0 did.
local function waiting_after(p, x, u0)
  if p.law ~= "random" then return u0 - x * steady(p) end
  local v = p.visits
  if p.by_hand then return u0 * math.exp(-x) end
  if p.at_mark > 0 then
    local s = p.at_mark * v
    return (u0 + s) * math.exp(-x) - s
  end
  if v == 1 then return u0 - x end
  local A = v / (v - 1)
  return A - (A - u0) * math.exp((v - 1) * x)
end

-- The share that is behind the mark when u waits: ahead of it h of all do,
-- h0 of them x writes an old bucket before.
local function mark_after(p, x, u, h0)
  if p.by_hand then return 0 end
  if p.law == "random" then return 1 - u / h0 * math.exp(x) end
  if p.law == "constant" then return 1 - u end
  return (1 - u) * p.at_mark / steady(p)
end

local function share(x) return math.min(1, math.max(0, x)) end

--- Of `old` buckets, those that wait and those behind the mark after so many
-- writes; `waiting` and `mark` (default: all and none) say how it begins.
local function after(p, old, n_writes, waiting, mark)
  waiting, mark = waiting or old, mark or 0
  if n_writes <= 0 then return waiting, mark end
  if p.at_once then return 0, old end
  local x = n_writes / old
  local u = share(waiting_after(p, x, waiting / old))
  local behind = share(mark_after(p, x, u, waiting / (old - mark)))
  return old * u, math.max(mark, old * behind)
end

return { pace = pace, writes = writes, after = after }
