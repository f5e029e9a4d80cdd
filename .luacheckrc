std = "lua54"
max_line_length = 80
include_files = {
  "lua/bin/hmap",
  "lua/**/*.lua", "spec/**/*.lua", "rockspec/*.rockspec", ".luacheckrc",
  ".busted",
}
exclude_files = {"lua/hmap/core.meta.lua"} -- annotations, never run
files["spec/**/*_spec.lua"] = {
  std = "lua54+busted",
  ignore = {"512"}, -- a loop left at once, to see what it leaves open
}
files["rockspec/*.rockspec"] = {std = "rockspec"}
files[".luacheckrc"] = {std = "luacheckrc"}
