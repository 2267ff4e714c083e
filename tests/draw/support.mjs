// What the tests of the drawing page share: what they are given, and how they ask the page.
import {execFileSync} from "node:child_process";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath, pathToFileURL} from "node:url";

import {chooseDrawings, drawByMouse, placed} from "./drawings.mjs";

// The assembled page, the model in it, the folder of the example programs, Chromium, and a folder for files.
export const [file, model, programs, chromium, scratch] = process.argv.slice(2, 7).map((path) => resolve(path));
export const url = pathToFileURL(file).href;
// Every drawing in every place, and times that a busy machine would not keep.
export const exhaustive = process.env.NIB_EXHAUSTIVE === "1";

const ownDrawings = join(dirname(fileURLToPath(import.meta.url)), "../../examples/ink/drawings.ndjson");
export const {path, byPeople, indices, drawings} = chooseDrawings(process.env.NIB_DATA, ownDrawings);

// The label in each line that recognize prints.
export function recognize(path) {
  const lines = execFileSync(`${programs}/recognize`, [model, path], {encoding: "utf8"}).trim().split("\n");
  return lines.filter((line) => /^\d /.test(line)).map((line) => line[0]);
}

// What recognize says of `drawings`.
const all = recognize(path);
export const expected = indices.map((i) => all[i]);

// One drawing of each digit that the network reads rightly.
export const examples = [...Array(10).keys()].map((digit) =>
  drawings[drawings.findIndex(({label}, i) => label === String(digit) && expected[i] === label)]);

export async function drawNumber(page, digits) {
  for (const [place, digit] of digits.entries())
    await drawByMouse(page, placed(examples[digit], 180, 30 + 250 * place, 100));
}

// A page that has loaded its model.
export async function opened(browser, options = {}, address = url) {
  const page = await browser.open(address, options);
  await page.until(`document.getElementById("model")?.textContent.length > 0`);
  return page;
}

export const text = (page, id) => page.evaluate((id) => document.getElementById(id).textContent, id);
export const answer = (page) => text(page, "answer");

// The most probable label of each digit, also where it is not sure.
export const best = (page) =>
  page.evaluate(() => [...document.querySelectorAll("#digits .best b")].map((b) => b.textContent).join(""));

// All that the network says.
export const evidence = (page) =>
  page.evaluate("JSON.stringify(reading.digits.map((digit) => [digit.label, ...digit.probabilities]))");

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const tests = [];
export const test = (name, run) => tests.push({name, run});
export const testsNamed = (part) => tests.filter(({name}) => name.includes(part));
