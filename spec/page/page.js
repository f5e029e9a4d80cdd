// The explorer's page in a real browser: node page.js FOLDER, with the pages
// and facts that pages.lua wrote; ONLY=words: the tests with these in their
// sentence. Ends "N passed, N failed".
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const puppeteer = require("puppeteer-core");

const folder = path.resolve(process.argv[2]);
const facts = JSON.parse(fs.readFileSync(path.join(folder, "facts.json")));
const axe = require.resolve("axe-core/axe.min.js");

let browser, passed = 0, failed = 0;

// A page that does not work may never settle.
const LONGEST = 30000; // milliseconds

const late = (ms) => new Promise((_, fail) =>
  setTimeout(() => fail(new Error("not done in " + ms + " ms")), ms).unref());

const it = async (sentence, test) => {
  if (!sentence.includes(process.env.ONLY || "")) return;
  try {
    await Promise.race([test(), late(LONGEST)]);
    passed++;
    console.log("ok    " + sentence);
  } catch (e) {
    failed++;
    console.log("FAIL  " + sentence + "\n" + e.stack);
  }
};

// A page, and everything that a page must not do.
const open = async (name, how = {}) => {
  const tab = await browser.newPage();
  const troubles = [];
  tab.on("console", (m) => {
    if (m.type() !== "log") troubles.push(m.type() + ": " + m.text());
  });
  tab.on("pageerror", (e) => troubles.push(String(e.stack)));
  tab.on("dialog", (d) => { troubles.push("dialog"); d.dismiss(); });
  tab.on("request", (r) => {
    if (!r.url().startsWith("file:")) troubles.push("asked for " + r.url());
  });
  await tab.setViewport({ width: how.width || 1440, height: 900 });
  await tab.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: how.scheme || "light" },
    { name: "prefers-reduced-motion", value: how.motion || "no-preference" },
  ]);
  const url = pathToFileURL(path.join(folder, name + ".html")).href;
  await tab.goto(url + (how.hash || ""));
  await settled(tab);
  tab.troubles = troubles;
  return tab;
};

const settled = (tab) => Promise.race([late(10000), tab.evaluate(() =>
  new Promise((done) => {
    const look = () => page.dirty || page.flight < 1
      ? requestAnimationFrame(look) : requestAnimationFrame(done);
    look();
  }))]);

const close = async (tab) => {
  assert.deepStrictEqual(tab.troubles, []);
  await tab.close();
};

const text = (tab, id) => tab.$eval("#" + id, (e) => e.textContent);
const operation = (tab) => tab.evaluate(() =>
  page.film.op[page.scene.frame]);

// What the page would show of a bucket, slot by slot.
const bucket = (tab, op, which, index) => tab.evaluate(
  (op, which, index) => {
    page.scene.seek(page.film.frameOf(op));
    const grid = page.scene[which], slots = [];
    for (let slot = 0; slot < grid.length(index); slot++) {
      const value = grid.get(index, slot), key = value - FIRST_KEY;
      slots.push(key < 0 ? [value, STATES[value]]
        : [page.film.tophash(key, page.scene.frame), page.film.text(key)]);
    }
    return slots;
  }, op, which, index);

const sameAsMap = async (name) => {
  const tab = await open(name);
  let held = 0;
  for (const fact of facts[name]) {
    for (const b of fact.buckets) {
      assert.deepStrictEqual(await bucket(tab, fact.op, b.which, b.index),
        b.slots, name + " at " + fact.op);
      held++;
    }
    const seen = await tab.evaluate((fact) => {
      const f = page.film.frameOf(fact.op), key = page.film.key[f];
      return [page.film.count[f], key < 0 ? null : "0x"
        + page.film.hash(key, f).toString(16).padStart(16, "0")];
    }, fact);
    assert.deepStrictEqual(seen, [fact.count, fact.hash || null]);
  }
  assert.ok(held > 20);
  await close(tab);
};

const serious = async (tab) => {
  // The page's own policy lets no script in, so not by a tag.
  await tab.evaluate(fs.readFileSync(axe, "utf8"));
  const found = await tab.evaluate(() => axe.run());
  return found.violations.filter((v) => ["serious", "critical"]
    .includes(v.impact)).map((v) => v.id + ": " + v.nodes.map((n) =>
    n.html + " " + n.failureSummary).join("; "));
};

const scrub = (tab, steps) => tab.evaluate(async (steps) => {
  const slider = document.getElementById("slider");
  frameTimes.length = 0;
  let seed = 1;
  for (let i = 0; i < steps; i++) {
    seed = (seed * 48271) % 2147483647;
    slider.value = i % 2 ? Math.round(i / steps * slider.max)
      : seed % slider.max;
    slider.dispatchEvent(new Event("input"));
    await new Promise(requestAnimationFrame);
  }
  return frameTimes.slice();
}, steps);

const shot = async (tab, name) => {
  await tab.screenshot({ path: path.join(folder, name + ".png") });
};

const tests = async () => {
  for (const name of ["small", "churn", "redis", "hostile", "large"]) {
    await it("shows every bucket as the map had it: " + name,
      () => sameAsMap(name));
  }

  await it("opens where the first growth from 4 buckets begins, and says so",
    async () => {
      const tab = await open("small");
      assert.strictEqual(await operation(tab), 27);
      assert.match(await text(tab, "sentence"),
        /^Operation 27, set .*: begins a growth from 4 to 8 buckets, moves/);
      assert.match(await text(tab, "state"), /growing 4 → 8 buckets, 50 % moved/);
      assert.match(await text(tab, "why"), /began a growth from 4 to 8 buckets/);
      await close(tab);
    });

  await it("is scrubbed by the slider, also from the keyboard", async () => {
    const tab = await open("small");
    await tab.focus("#slider");
    await tab.keyboard.press("ArrowRight");
    await settled(tab);
    assert.strictEqual(await operation(tab), 28);
    await tab.keyboard.press("End");
    await settled(tab);
    assert.strictEqual(await operation(tab), 600);
    await tab.click("#back");
    await settled(tab);
    assert.strictEqual(await operation(tab), 599);
    await close(tab);
  });

  await it("plays, and stops when told", async () => {
    const tab = await open("small");
    await tab.select("#speed", "100");
    await tab.click("#play");
    await tab.waitForFunction(() => page.scene.frame > 60);
    await tab.click("#play");
    const at = await operation(tab);
    await new Promise((done) => setTimeout(done, 150));
    assert.strictEqual(await operation(tab), at);
    await close(tab);
  });

  await it("jumps to what matters", async () => {
    const tab = await open("small");
    const jump = async (what) => {
      await tab.click("[data-jump=" + what + "]");
      await settled(tab);
      return text(tab, "sentence");
    };
    assert.match(await jump("begin"), /Operation 53, .*from 8 to 16 buckets/);
    assert.match(await jump("done"), /all has moved/);
    assert.match(await jump("overflow"), /an overflow bucket/);
    await jump("costliest");
    const costs = await tab.evaluate(() => [page.film.cost[page.scene.frame],
      Math.max(...page.film.cost)]);
    assert.strictEqual(costs[0], costs[1]);
    await jump("longest");
    assert.strictEqual(await tab.evaluate(() => Math.max(...page.scene.new.over
      .keys())) >= 0, true);
    await close(tab);
  });

  await it("shows the chain of a bucket that is clicked", async () => {
    const tab = await open("small", { hash: "#op=27" });
    const at = await tab.evaluate(() => {
      const cell = cellAt(page.layout, "old", 3);
      const box = document.getElementById("cells").getBoundingClientRect();
      return [box.left + MARGIN + cell.x + cell.w / 2,
        box.top + 4 + cell.y + cell.h / 2];
    });
    await tab.mouse.click(...at);
    await settled(tab);
    assert.strictEqual(await tab.$eval("#number", (e) => e.value), "3");
    assert.strictEqual(await tab.$eval("#which", (e) => e.value), "old");
    const rows = await tab.$$eval("#slots tr", (list) => list.map((tr) =>
      [...tr.children].map((td) => td.textContent)));
    assert.deepStrictEqual(rows.map((r) => [parseInt(r[1], 16), r[2]]),
      await bucket(tab, 27, "old", 3));
    await close(tab);
  });

  await it("goes from bucket to bucket by the arrow keys, and tells of it",
    async () => {
      const tab = await open("small", { hash: "#op=27&bucket=old:1" });
      await tab.focus("#cells");
      await tab.keyboard.press("ArrowRight");
      await tab.keyboard.press("ArrowDown");
      await settled(tab);
      assert.deepStrictEqual(await tab.evaluate(() => page.focus),
        { which: "new", b: 2 });
      assert.match(await text(tab, "said"), /^new bucket 2: \d+ entr/);
      await close(tab);
    });

  await it("finds a key: its hash, its bits, its path, its next place",
    async () => {
      const tab = await open("small");
      const fact = facts.small.find((f) => f.key && f.op > 100);
      await tab.evaluate((op) => go(page.film.frameOf(op)), fact.op);
      await settled(tab);
      await tab.type("#key", fact.key);
      await tab.keyboard.press("Enter");
      await settled(tab);
      const body = await text(tab, "key-body");
      assert.ok(body.includes(fact.hash), body);
      assert.ok(body.includes("tophash "
        + fact.tophash.toString(16).padStart(2, "0")), body);
      const bits = await tab.$eval(".bits .b", (e) => e.textContent);
      const b = await tab.evaluate(() => page.scene.find(page.key).b);
      assert.strictEqual(parseInt(bits, 2), b);
      assert.match(body, /At the next doubling, bit \d is [01]: [xy], new/);
      assert.match(await tab.$eval(".path", (e) => e.textContent),
        new RegExp("op " + fact.op));
      await close(tab);
    });

  await it("suggests keys while one types", async () => {
    const tab = await open("small");
    const some = facts.small[0].key.slice(0, 2);
    await tab.type("#key", some);
    const found = await tab.$$eval("#matches button", (l) =>
      l.map((e) => e.textContent));
    assert.ok(found.length > 0 && found.every((k) => k.startsWith(some)));
    await tab.type("#key", "no such key");
    assert.match(await text(tab, "matches"), /No key/);
    await close(tab);
  });

  await it("has the moment in its address", async () => {
    const tab = await open("small", { hash: "#op=30&bucket=new:3" });
    assert.strictEqual(await operation(tab), 30);
    assert.strictEqual(await tab.$eval("#number", (e) => e.value), "3");
    await tab.click("#next");
    await tab.waitForFunction(() => location.hash === "#op=31&bucket=new:3");
    await close(tab);
  });

  await it("moves nothing by itself where motion is reduced", async () => {
    const tab = await open("small", { hash: "#op=26", motion: "reduce" });
    await tab.click("#next");
    await tab.waitForFunction(() => page.scene.frame === 27 && !page.dirty);
    assert.strictEqual(await tab.evaluate(() => page.flight), 1);
    await close(tab);
    const moving = await open("small", { hash: "#op=26" });
    assert.ok(await moving.evaluate(() => new Promise((done) => {
      document.getElementById("next").click();
      requestAnimationFrame(() => requestAnimationFrame(() =>
        done(page.flight < 1)));
    })));
    await close(moving);
  });

  await it("is dark where that is wished, and by the button", async () => {
    const tab = await open("small", { scheme: "dark" });
    const paper = () => tab.evaluate(() =>
      getComputedStyle(document.body).backgroundColor);
    assert.strictEqual(await paper(), "rgb(17, 22, 29)");
    await tab.click("#theme");
    assert.strictEqual(await paper(), "rgb(251, 251, 249)");
    await close(tab);
  });

  for (const width of [360, 800, 1440]) {
    for (const scheme of ["light", "dark"]) {
      await it("is sound at " + width + " px, " + scheme
        + ": nothing sticks out, axe finds nothing serious", async () => {
        for (const name of ["small", "several", "moment"]) {
          const tab = await open(name, { width, scheme });
          assert.ok(await tab.evaluate(() =>
            document.documentElement.scrollWidth <= innerWidth));
          assert.deepStrictEqual(await serious(tab), []);
          await shot(tab, [name, width, scheme].join("-"));
          await close(tab);
        }
      });
    }
  }

  await it("shows hostile keys as what they are: text", async () => {
    const tab = await open("hostile");
    await tab.evaluate(() => go(page.film.nframes - 1));
    await settled(tab);
    await tab.type("#key", "</script>");
    await tab.keyboard.press("Enter");
    await settled(tab);
    assert.strictEqual(await tab.evaluate(() => window.pwned), undefined);
    assert.strictEqual(await tab.$("img"), null);
    assert.strictEqual(await tab.$eval("#key", (e) => e.value),
      "</script><img src=x onerror=\"window.pwned=1\">");
    assert.match(await text(tab, "title"), /^<\/script><img/);
    await close(tab);
  });

  await it("sets several maps side by side", async () => {
    const tab = await open("several");
    const rows = await tab.$$eval("#compare-table tbody tr", (list) =>
      list.map((tr) => tr.children[0].textContent + " "
        + tr.children[4].textContent));
    assert.strictEqual(rows.length, 3);
    const costs = rows.map((r) => Number(r.split(" ").pop()
      .replace(/,/g, "")));
    assert.ok(costs[2] > 5 * costs[0], rows.join()); // all at once
    await tab.select("#films", "2");
    await settled(tab);
    assert.match(await text(tab, "facts"), /policy all_at_once/);
    await close(tab);
  });

  await it("shows a map as it stands", async () => {
    const tab = await open("moment");
    assert.match(await text(tab, "title"), /a map as it stands/);
    assert.match(await text(tab, "state"), /430 entries, growing 64 → 128/);
    assert.ok((await tab.$$("#costly tbody tr")).length > 3);
    await close(tab);
  });

  await it("prints the moment without the controls", async () => {
    const tab = await open("small");
    await tab.emulateMediaType("print");
    assert.strictEqual(await tab.$eval(".time", (e) =>
      getComputedStyle(e).display), "none");
    await close(tab);
  });

  await it("keeps 100,000 operations below 5 MB, and scrubs them", async () => {
    const size = fs.statSync(path.join(folder, "large.html")).size;
    assert.ok(size < 5e6, "bytes: " + size);
    const tab = await open("large");
    const times = (await scrub(tab, 400)).sort((a, b) => a - b);
    assert.ok(times.length >= 399);
    const at = (share) => times[Math.floor(share * (times.length - 1))]
      .toFixed(1);
    console.log("      " + size + " bytes; a frame while scrubbing: median "
      + at(.5) + " ms, 99 % " + at(.99) + " ms, worst " + at(1) + " ms");
    await shot(tab, "large");
    await close(tab);
  });
};

const main = async () => {
  browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  await tests();
  await browser.close();
  console.log(passed + " passed, " + failed + " failed");
  process.exit(failed ? 1 : 0);
};

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
