-- Counting instructions is not for every machine; that a count over its budget
-- cannot pass, and that what was not counted is said, is for all.
local budget = dofile "spec/budget/budget.lua"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function dump(name, n)
  return "part: 1\n\ndesc: Trigger: Client Request: " .. name ..
    "\n\nfn=(1) f\n0 12\n\ntotals: " .. n .. "\n"
end

local printed = "machine\tgcc 1.2\nhit\t1000\nput, new\t500\n"
local written = dump("hit-", 8000) .. dump("hit", 108040) ..
  dump("put, new-", 4000) .. dump("put, new", 104000) ..
  "desc: Trigger: Program termination\n\ntotals: 0\n"

local function counts(hit, put, machine)
  return { machine = machine or "gcc 1.2", { "hit", hit }, { "put, new", put } }
end

describe("an instruction budget", function()
  it("is compared with what callgrind wrote, less the loop, for each operation",
    function()
      assert.are.same(counts(100.0, 200.0),
        budget.counts_in(printed, written))
    end)

  it("is not met by what was not counted", function()
    for _, missing in ipairs { "hit", "hit-", "put, new", "put, new-" } do
      local name = missing:gsub("%-", "%%-")
      local some, why = budget.counts_in(printed,
        (written:gsub("Request: " .. name .. "\n", "Request: x\n")))
      assert.is_nil(some)
      assert.are.equal(missing:gsub("%-$", "") .. ": not counted", why)
    end
    assert.are.same({ nil, "hit: counted as nothing" },
      { budget.counts_in(printed, (written:gsub("108040", "8000"))) })
    assert.is_nil(budget.counts_in("", written))
    assert.is_nil(budget.counts_in("machine\tgcc\n", written))
    assert.is_nil(budget.counts_in("hit\t1000\n", written))
  end)

  it("allows two percent more, and no more", function()
    local record = { counts(100.0, 200.0) }
    assert.is_true(budget.verdict(record, counts(102.0, 204.0)))
    local fine, lines = budget.verdict(record, counts(102.1, 204.0))
    assert.is_false(fine)
    assert.are.same({ "hit: 102.1 instructions, budget 100.0 (+2.1 %)" }, lines)
    assert.is_false(budget.verdict(record, counts(90.0, 204.1)))
  end)

  it("says by name what is five percent under it", function()
    local record = { counts(100.0, 200.0) }
    assert.are.same({ true, {} }, { budget.verdict(record, counts(95, 190)) })
    assert.are.same({ true, {
      "hit: 94.9 instructions, budget 100.0 (-5.1 %): tighten it" } },
      { budget.verdict(record, counts(94.9, 190)) })
  end)

  it("fails when an operation has none, or is not counted any more",
    function()
      local less = { machine = "gcc 1.2", { "hit", 100.0 } }
      assert.are.same({ false, { "put, new: has no budget" } },
        { budget.verdict({ less }, counts(100, 200)) })
      assert.are.same(
        { false, { "put, new: has a budget, but was not counted" } },
        { budget.verdict({ counts(100, 200) }, less) })
    end)

  it("of one machine says nothing of another, and that is said", function()
    local fine, lines = budget.verdict({ counts(1, 1) },
      counts(100, 200, "clang 9"))
    assert.is_true(fine)
    assert.are.equal(
      "no budget for this machine, nothing is compared: clang 9", lines[1])
    assert.are.equal("there is one for: gcc 1.2", lines[2])
    assert.are.same({ "   100.0  hit", "   200.0  put, new" },
      { lines[3], lines[4] })
  end)

  it("is read as it was written, one for each machine", function()
    local record = budget.recorded({}, counts(1, 2))
    record = budget.recorded(record, counts(3, 4, "clang 9"))
    record = budget.recorded(record, counts(5, 6.5))
    assert.are.same({ counts(5.0, 6.5), counts(3.0, 4.0, "clang 9") }, record)
    assert.are.same(record, budget.record_in(budget.text_of(record)))
  end)

  it("lets m:add take 1.15 times what m:set takes, and no more", function()
    local pairs_of = { ["add hit"] = "set overwrite",
      ["add insert"] = "set insert" }
    local text = read "spec/budget/recorded.tsv"
    for _, machine in ipairs(budget.record_in(text)) do
      local taken = {}
      for _, count in ipairs(machine) do taken[count[1]] = count[2] end
      for add, set in pairs(pairs_of) do
        for _, types in ipairs { "int64 -> int64", "string -> int64" } do
          local least = taken["m:" .. set .. ", " .. types]
          local most = taken["m:" .. add .. ", " .. types]
          assert.is_true(most <= 1.15 * least,
            ("%s, %s: %.1f beside %.1f"):format(add, types, most, least))
        end
      end
    end
  end)

  it("is there for every operation of the program, on each machine", function()
    local text = read "spec/budget/recorded.tsv"
    local record = budget.record_in(text)
    assert.are.equal(text, budget.text_of(record))
    assert.is_true(#record > 0)
    local names = {}
    for at, machine in ipairs(record) do
      names[at] = {}
      for i, count in ipairs(machine) do
        names[at][i] = count[1]
        assert.is_true(count[2] > 0)
      end
      assert.is_true(#names[at] > 40)
      assert.are.same(names[1], names[at])
    end
  end)
end)
