// Files of strokes that the page writes and reads, and models that it is given.
import assert from "node:assert/strict";
import {execFileSync, spawnSync} from "node:child_process";
import {existsSync, mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";

import {canvasCorner, drawByMouse, placed} from "./drawings.mjs";
import {
  best, drawNumber, evidence, examples, model, opened, path, programs, recognize, scratch, test, text,
} from "./support.mjs";

// Chooses files as a person does with Open.
async function choose(page, ...files) {
  const {root} = await page.send("DOM.getDocument");
  const {nodeId} = await page.send("DOM.querySelector", {nodeId: root.nodeId, selector: "#file"});
  await page.send("DOM.setFileInputFiles", {nodeId, files});
}

async function drop(page, ...files) {
  const {left, top} = await canvasCorner(page);
  for (const type of ["dragEnter", "dragOver", "drop"])
    await page.send("Input.dispatchDragEvent",
                    {type, x: left + 50, y: top + 50, data: {items: [], files, dragOperationsMask: 1}});
}

// The file that Save strokes writes.
async function save(browser, page, format, folder) {
  mkdirSync(folder, {recursive: true});
  await browser.send("Browser.setDownloadBehavior", {behavior: "allow", downloadPath: folder});
  await page.evaluate((format) => (document.getElementById("format").value = format), format);
  await page.press("Control+s");
  const saved = join(folder, format === "unipen" ? "drawing.unp" : "drawing.ndjson");
  for (let i = 0; i < 200 && !existsSync(saved); ++i) await new Promise((resolve) => setTimeout(resolve, 25));
  return saved;
}

test("saved strokes are read as they were drawn, by recognize and by the page", async (browser) => {
  const page = await opened(browser);
  for (const number of [[2], [4, 0, 7]]) {
    await page.press("Escape");
    await drawNumber(page, number);
    const drawn = await evidence(page);
    for (const format of ["quickdraw", "unipen"]) {
      const saved = await save(browser, page, format, join(scratch, number.join("")));
      assert.deepEqual(recognize(saved), number.map(String));
      await page.press("Escape");
      await choose(page, saved);
      await page.until(`document.getElementById("answer").textContent !== "nothing yet"`);
      assert.equal(await evidence(page), drawn);
    }
  }
  await page.press("Escape");
  await page.press("Control+s");
  assert.match(await text(page, "error"), /canvas is empty/);
  await page.close();
});

test("a file of many drawings is shown within the canvas, and drawn on", async (browser) => {
  const page = await opened(browser);
  await choose(page, path);
  await page.until(`document.getElementById("answer").textContent !== "nothing yet"`);
  const inside = () => page.evaluate("isInside(boxOf(strokes), view)");
  assert(await inside());
  assert((await best(page)).length > 5);
  writeFileSync(join(scratch, "opened.png"), await page.picture());
  const drawn = await evidence(page);
  await drawByMouse(page, [[[20, 20], [30, 40]]]);
  assert(await inside());
  await page.press("Control+z");
  assert.equal(await evidence(page), drawn);
  await page.send("Emulation.setDeviceMetricsOverride", {width: 400, height: 700, deviceScaleFactor: 1, mobile: false});
  await page.until("canvas.width < 400");
  assert(await inside());
  await page.close();
});

test("a file in small units is drawn on as finely as any, and time goes on", async (browser) => {
  const page = await opened(browser);
  const small = join(scratch, "small.ndjson");
  writeFileSync(small, '{"drawing":[[[0,0.001],[0,0.002],[0,9e6]]]}\n');
  await choose(page, small);
  await page.until("strokes.length === 1");
  const drawn = [...Array(20).keys()].map((i) => [100 + 3 * i, 80 + 2 * i]);
  await drawByMouse(page, [drawn]);
  const [xs, ys] = await page.evaluate(`["x", "y"].map((axis) => strokes.at(-1)[axis].map(
    (value) => view.scale * value + (axis === "x" ? view.left : view.top)))`);
  assert.equal(xs.length, 20);
  drawn.forEach(([x, y], i) => assert(Math.abs(xs[i] - x) < 0.02 && Math.abs(ys[i] - y) < 0.02, `${xs} ${ys}`));
  assert(await page.evaluate("strokes.at(-1).t.every((t) => t >= 9e6 && t < 9.06e6)"));
  await page.press("Escape");
  await drawByMouse(page, [drawn]);
  assert.equal(await page.evaluate("strokes[0].t[0]"), 0);
  await page.close();
});

test("a model that is dropped replaces the built-in one, and what is none is refused", async (browser) => {
  const page = await opened(browser);
  const builtIn = await text(page, "model");
  await drawByMouse(page, placed(examples[8], 300, 100, 60));
  const drawn = await evidence(page);
  // The same network in PyTorch's format, and one that has learned next to nothing.
  const torch = join(scratch, "torch.pth");
  execFileSync(`${programs}/inspect`, [model, "--save", torch]);
  const small = join(scratch, "small.safetensors");
  execFileSync(`${programs}/train`, ["--synthetic", "100", "--epochs", "1", "--save", small]);
  await drop(page, torch);
  await page.until(`document.getElementById("model").textContent === "torch.pth"`);
  assert.equal(await evidence(page), drawn);
  await drop(page, small);
  await page.until(`document.getElementById("model").textContent === "small.safetensors"`);
  assert.notEqual(await evidence(page), drawn);
  await page.evaluate("document.getElementById('built-in').click()");
  await page.until(`document.getElementById("built-in").hidden`);
  assert.equal(await text(page, "model"), builtIn);
  assert.equal(await evidence(page), drawn);

  const whole = readFileSync(torch);
  const broken = {"cut.pth": whole.subarray(0, whole.length / 2), "noise.safetensors": Buffer.alloc(64, 7),
                  "letter.txt": Buffer.from("Dear nib,\nplease read this.\n"), "empty.ndjson": Buffer.alloc(0)};
  for (const [name, bytes] of Object.entries(broken)) {
    writeFileSync(join(scratch, name), bytes);
    await drop(page, join(scratch, name));
    await page.until(`document.getElementById("error").textContent.includes("${name}")`);
    const message = await text(page, "error");
    console.log(`  ${message}`);
    const files = /\.(pth|safetensors)$/.test(name) ? [join(scratch, name), path] : [model, join(scratch, name)];
    const said = spawnSync(`${programs}/recognize`, files, {encoding: "utf8"}).stderr;
    assert(said.includes(message), `recognize says ${said}`);
    assert.equal(await text(page, "model"), builtIn);
    assert.equal(await evidence(page), drawn);
  }
  await drawByMouse(page, placed(examples[1], 300, 500, 60));
  assert.equal(await best(page), "81");
  assert.equal(await text(page, "error"), "");
  await page.close();
});
