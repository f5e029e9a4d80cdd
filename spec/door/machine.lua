-- A machine with nothing on it, as far as a Makefile can tell: a PATH of its
-- own, where apt-get brings a compiler and a Lua that only write down what
-- they were asked for, and a copy of the checkout.

local machine = {}

local quote = "'\\''"

-- One word of the shell, whatever is in it.
function machine.quoted(text)
  return "'" .. text:gsub("'", quote) .. "'"
end
local quoted = machine.quoted

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- Runs a command; what it printed on both outputs, and its exit status.
function machine.run(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1 </dev/null"))
  local said = pipe:read "a"
  local _, _, status = pipe:close()
  return said, status
end

local function must(command)
  local said, status = machine.run(command)
  assert(status == 0, command .. "\n" .. said)
  return said
end

-- What make and the scripts may use before anything is installed.
local AT_HAND = "sh bash make awk grep sed expr cmp mkdir rm mv cp cat " ..
  "dirname basename find install chmod ln ar printf env tr " ..
  "sort head test true touch"

local function lua(version)
  return [[
case $* in
  *_VERSION*) echo ]] .. version .. [[ ;;
  *argparse*) ;;
  *) echo "lua $*" >>"$LOG" ;;
esac]]
end

local PROGRAMS = {
  uname = [[echo "${FAKE_SYSTEM:-Linux}"]],
  id = [[echo "${FAKE_UID:-0}"]],
  ["apt-get"] = [[
echo "$@" >>"$LOG"
case $1 in install) sh "$BOX/arrive" ;; esac]],
  -- compiles: writes its output, and down that it was there
  cc = [[
case $* in *-E*) exit ;; esac
out=
for word; do
  case $out in next) out=$word ;; esac
  [ "$word" = -o ] && out=next
done
echo "cc $*" >>"$LOG"
: >"$out"]],
  ["lua5.4"] = lua "5.4",
  sudo = [[
[ "$1" = -n ] && shift
echo "sudo $*" >>"$LOG"
exec "$@"]],
}

local methods = {}
methods.__index = methods

local function program(box, folder, name, body)
  local path = box.root .. "/" .. folder .. "/" .. name
  write(path, "#!/bin/sh\n" .. (body or PROGRAMS[name]) .. "\n")
  must("chmod +x " .. quoted(path))
end

-- Puts a program where PATH finds it.
function methods.have(box, name, body)
  program(box, "bin", name, body)
end

-- Puts a Lua there, of some release.
function methods.have_lua(box, path, version)
  box:write(path, "#!/bin/sh\n" .. lua(version) .. "\n")
  must("chmod +x " .. quoted(path))
end

-- Puts a file there, and the folders on the way.
function methods.write(_, path, text)
  must("mkdir -p " .. quoted(path:match "^(.*)/"))
  write(path, text)
end

-- A shell line on that machine, in the copy of the checkout.
function methods.sh(box, line)
  return machine.run(table.concat({
    "cd", quoted(box.tree), "&& env -i", "PATH=" .. quoted(box.root .. "/bin"),
    "BOX=" .. quoted(box.root), "LOG=" .. quoted(box.root .. "/log"),
    "sh -c", quoted(line),
  }, " "))
end

-- The lines written down since the last time.
function methods.log(box)
  local path, lines = box.root .. "/log", {}
  for line in read(path):gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  write(path, "")
  return lines
end

-- The names of the files under a folder, in order.
function methods.files(_, folder)
  local names = {}
  local said = must("cd " .. quoted(folder) ..
    " && find . -type f | sed 's|^./||' | LC_ALL=C sort")
  for name in said:gmatch "[^\n]+" do
    names[#names + 1] = name
  end
  return names
end

function methods.__close(box)
  must("rm -rf " .. quoted(box.root))
end

-- A bare machine; opts.folder: what its checkout is called, opts.furnished:
-- with all that a build needs.
function machine.new(opts)
  opts = opts or {}
  local root = must("mktemp -d"):gsub("\n", "")
  local box = setmetatable({
    root = root, tree = root .. "/" .. (opts.folder or "hmap"),
  }, methods)
  must(table.concat({
    "mkdir -p", quoted(box.tree .. "/spec"), root .. "/bin", root .. "/later",
    root .. "/include && cp -r Makefile .ci csrc lua", quoted(box.tree),
    "&& for name in", AT_HAND, "; do for from in /usr/bin /bin; do",
    "[ ! -x $from/$name ] || ln -sf $from/$name", root .. "/bin; done; done",
  }, " "))
  write(root .. "/log", "")
  write(box.tree .. "/spec/run.sh", "echo 'run.sh' >>\"$LOG\"\n")
  box:write(box.tree .. "/spec/bench/peers.mk", "all:\n")
  for _, name in ipairs {"cc", "lua5.4"} do
    program(box, "later", name)
  end
  write(root .. "/later/lua.h", "#define LUA_VERSION_MINOR \"4\"\n")
  for _, name in ipairs {"gcc", "g++", "clang", "busted", "luarocks"} do
    must("ln -s cc " .. quoted(root .. "/later/" .. name))
  end
  write(root .. "/arrive", [[
mkdir -p "$BOX/include/lua5.4"
cp "$BOX/later/lua.h" "$BOX/include/lua5.4"
cp -P "$BOX"/later/* "$BOX/bin"
rm "$BOX/bin/lua.h"
]])
  box:have "id"
  box:have "uname"
  if opts.furnished then
    box:sh 'sh "$BOX/arrive"'
  else
    box:have "apt-get"
  end
  return box
end

return machine
