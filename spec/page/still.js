// The picture of the README: node still.js PAGE OUT.png, the moment at which a
// growth from 8 to 16 buckets begins.
"use strict";
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const puppeteer = require("puppeteer-core");

const main = async () => {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM, headless: true,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const tab = await browser.newPage();
  await tab.setViewport({ width: 1160, height: 900 });
  const page = pathToFileURL(path.resolve(process.argv[2])).href;
  await tab.goto(page + "#op=54");
  await tab.click("#dismiss");
  await tab.evaluate(() => {
    document.activeElement.blur();
    return new Promise((done) => setTimeout(done, 900));
  });
  await tab.screenshot({ path: process.argv[3] });
  await browser.close();
};

main();
