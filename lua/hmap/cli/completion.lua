--- hmap completion: what a shell wants to know of the command.

local out = require "hmap.cli.out"

local SHELLS = { bash = "get_bash_complete", zsh = "get_zsh_complete",
  fish = "get_fish_complete" }

local function options(c)
  c:argument("shell", "bash, zsh or fish."):choices { "bash", "zsh", "fish" }
end

local function run(args, parser)
  out.write(parser[SHELLS[args.shell]](parser))
end

return {
  summary = "Print completions for a shell.",
  examples = {
    "hmap completion bash",
    'eval "$(hmap completion bash)"',
  },
  options = options,
  run = run,
}
