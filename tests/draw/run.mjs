// The drawing page from end to end, in Chromium:
//     run.mjs PAGE MODEL PROGRAMS CHROMIUM SCRATCH [PART]
//
// PAGE is the assembled page with MODEL inside, PROGRAMS has the example programs, SCRATCH is a folder that is emptied
// and gets pictures of the page. With NIB_DATA the drawings are those of people. PART: of the names of tests to run.
import assert from "node:assert/strict";
import {mkdirSync, rmSync} from "node:fs";

import {Browser} from "./browser.mjs";
import {byPeople, chromium, path, scratch, testsNamed} from "./support.mjs";

import "./drawing_test.mjs";
import "./files_test.mjs";
import "./look_test.mjs";
import "./opening_test.mjs";

// Keeps its pages, for what their consoles say.
class WatchedBrowser extends Browser {
  pages = [];

  async open(...options) {
    const page = await super.open(...options);
    this.pages.push(page);
    return page;
  }
}

console.log(`drawings: ${path}${byPeople ? "" : " (NIB_DATA has none of people)"}`);
rmSync(scratch, {recursive: true, force: true});
mkdirSync(scratch, {recursive: true});
const browser = new WatchedBrowser(chromium);
try {
  for (const {name, run} of testsNamed(process.argv[7] ?? "")) {
    console.log(name);
    await run(browser);
  }
  assert.deepEqual(browser.pages.flatMap((page) => page.complaints), []);
  const page = await browser.open("about:blank");
  await page.evaluate("console.error('heard'); setTimeout(() => { throw new Error('too'); })");
  await page.until("true");
  assert.equal(page.complaints.length, 2);
} finally {
  await browser.close();
}
console.log("all as expected");
