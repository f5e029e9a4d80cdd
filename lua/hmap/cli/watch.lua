--- hmap watch: the growth of a map of the keys in motion, in the terminal; as
-- a few frames of text where there is none.

local core = require "hmap.core"
local fail = require "hmap.cli.fail"
local hmap = require "hmap"
local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"
local option = require "hmap.cli.option"
local out = require "hmap.cli.out"
local progress = require "hmap.cli.progress"
local projector = require "hmap.explorer.projector"
local screen = require "hmap.explorer.screen"
local terminal = require "hmap.terminal"
local view = require "hmap.explorer.terminal"

local LIMIT = 1 << 17   -- operations of a film that shows every bucket
local OVERTURE = 2000   -- operations that can be shown at once
local LONGER = 10       -- times as many has the next film
local LOOKS = 5         -- rounds between two looks at the terminal's size

-- What a frame of text has.
local NARROWEST = 40
local PAGE = { width = 80, height = 24 }

local function options(c)
  keys.options(c)
  map.options(c)
  option.add(c, "--at", "N", "The operation to begin with, paused; without a "
    .. "terminal the only one.", option.integer(0))
  option.add(c, "--follow", "KEY", "A key to follow.")
  option.add(c, "--width", "N", "Columns of a frame of text, 40 at least. "
    .. "Default: 80.", option.integer(NARROWEST))
  c:flag("--ascii", "No block characters.")
end

-- -- films ------------------------------------------------------------------

-- The inserts of the first n keys.
local function film_of(args, source, n, show)
  local made
  map.guarded(function()
    made = hmap.film({
      keys = source.keys, calls = { { call = "set", times = n } },
      key = source.type, value = args.value, hash = args.hash,
      policy = args.policy, seed = args.seed, name = source.source,
    }, { progress = show, limit = LIMIT })
  end)
  return made
end

local function whole_film(args, source)
  local show = progress.of(#source.keys)
  local film = film_of(args, source, #source.keys, show)
  show(#source.keys)
  return film
end

-- Seconds of filming between two looks at the keys: little where something is
-- on its way.
local function slice(show, now)
  if show:flight(now) then return 0.03 end
  return show:is_waiting() and 0.25 or 0.1
end

-- A film of the first n keys that is made a slice at a time, and played once
-- through.
local function film_in_slices(args, source, n)
  local deadline, done = 0, 0
  local function pass(share)
    return function(op)
      done = share * op / n
      if core.now() > deadline then coroutine.yield() end
    end
  end
  local thread = coroutine.create(function()
    local film = film_of(args, source, n, pass(0.8))
    film:open(function(op) return pass(0.2)(4 * n + op) end)
    return film
  end)
  local function work(seconds)
    deadline = core.now() + seconds
    local ok, film = coroutine.resume(thread)
    if not ok then error(film, 0) end
    return film
  end
  return { work = work, done = function() return done end }
end

local function next_film(args, source, film)
  local n = math.min(LONGER * film.operations, #source.keys)
  if n > film.operations then return film_in_slices(args, source, n) end
end

-- The number of a key that somebody has typed, in any film.
local function finder(args, film)
  return function(text)
    local ok, key = pcall(keys.parse_key, args, text)
    if not ok then return nil, key.message or tostring(key) end
    local number = film():find(key)
    if number then return number end
    return nil, "no operation has the key " .. text
  end
end

-- -- frames of text ---------------------------------------------------------

-- Of the growth from 4 to 8 and of the last one the beginning, the middle and
-- the end; and how it all ends.
local function selection(film)
  local ops, growths = {}, film.growths
  local function add(op)
    if op and op > (ops[#ops] or 0) then ops[#ops + 1] = op end
  end
  local small
  for _, g in ipairs(growths) do
    if g.from >= 4 then
      small = g
      break
    end
  end
  add(math.min(5, film.operations))
  for _, g in ipairs { small or growths[1], growths[#growths] } do
    local ended = g.end_op or film.operations
    add(g.begin_op)
    add((g.begin_op + ended) // 2)
    add(ended)
  end
  add(film.operations)
  return ops
end

local function play_as_text(args, source)
  local film = whole_film(args, source)
  local at = args.at and math.min(args.at, film.operations)
  local find = finder(args, function() return film end)
  local number, why
  if args.follow then
    number, why = find(args.follow)
    if not number then fail.usage("--follow: %s", why) end
  end
  for i, op in ipairs(at and { at } or selection(film)) do
    local sheet = view.frame(film, film:at(op), {
      width = args.width or PAGE.width, height = PAGE.height,
      ascii = args.ascii, follow = number, plain = true })
    local text = table.concat(sheet:lines(), "\n"):gsub("\n\n\n+", "\n\n")
    out.line((i > 1 and "\n" or "") .. text:gsub("%s+$", ""))
  end
end

-- -- the screen -------------------------------------------------------------

local function draw(show, on, size, total, args, filming)
  local now = core.now()
  local state = show:state()
  if filming and state == "end" then state = "waits" end
  if filming then
    state = ("%s, films %.0f %%"):format(state, 100 * filming.done())
  end
  local prompt = show.prompt and "follow which key? " .. show.prompt .. "_"
    or show.message
  local opts = { width = size.width, height = size.height, ascii = args.ascii,
    follow = show.follow, state = state, prompt = prompt,
    flight = show:flight(now), total = total }
  local sheet = show.help and view.help(show.film, opts)
    or view.frame(show.film, show.scene, opts)
  on:show(sheet:lines(on.paint))
end

local function look_at_size(on, size)
  local width, height = screen.size()
  if not width then error("the terminal is gone", 0) end
  if width == size.width and height == size.height then return false end
  size.width, size.height = width, height
  on:forget()
  return true
end

local function watch(args, source, film, on)
  local filming = next_film(args, source, film)
  local show
  show = projector.new(film, core.now(), finder(args, function()
    return show.film
  end))
  if args.at then
    show:go(args.at, core.now())
    show.paused = true
  end
  if args.follow then
    show.prompt = args.follow
    show:press("enter", core.now())
  end
  local size, rounds = {}, 0
  repeat
    if rounds % LOOKS == 0 and look_at_size(on, size) then
      show.changed = true
    end
    rounds = rounds + 1
    if show.changed or filming then
      show.changed = false
      draw(show, on, size, #source.keys, args, filming)
    end
    local key = on:key()
    if key == "ctrl-z" then
      on:suspend()
      show.changed, rounds = true, 0
    elseif key then
      show:press(key, core.now())
    end
    local longer = filming and filming.work(slice(show, core.now()))
    if longer then
      show:load(longer, core.now())
      filming = next_film(args, source, longer)
    end
    show:tick(core.now())
  until show.over
end

-- -- the command ------------------------------------------------------------

local function run(args)
  args.ascii = args.ascii or terminal.ascii_only()
  local source = keys.read(args)
  map.new(args, source.type):close() -- what is wrong with it is said first
  local dumb = os.getenv("TERM") == "dumb"
  if dumb or not terminal.is_terminal(1) then
    return play_as_text(args, source)
  end
  local n = math.min(OVERTURE, #source.keys)
  local late = args.at and args.at > n or args.follow
  local film = late and whole_film(args, source) or film_of(args, source, n)
  film:at(0)
  local on <close> = screen.open()
  if not on then return play_as_text(args, source) end
  on.paint = screen.painter()
  watch(args, source, film, on)
end

return {
  summary = "Watch a map of the keys grow, in the terminal.",
  examples = {
    "hmap watch words.txt",
    "hmap watch --at 27 --ascii words.txt | cat",
  },
  options = options,
  run = run,
}
