// The drawing page from end to end, in Chromium:
//     page_test.mjs PAGE MODEL PROGRAMS CHROMIUM SCRATCH [PART]
//
// PAGE is the assembled page with MODEL inside, PROGRAMS has the example programs, SCRATCH is a folder that is emptied
// and gets pictures of the page. With NIB_DATA the drawings are those of people. PART: of the names of tests to run.
import assert from "node:assert/strict";
import {execFileSync, spawnSync} from "node:child_process";
import {createServer} from "node:http";
import {existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync} from "node:fs";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath, pathToFileURL} from "node:url";

import {Browser} from "./browser.mjs";
import {canvasCorner, chooseDrawings, drawByMouse, drawByTouch, placed, replayAll} from "./drawings.mjs";

const [file, model, programs, chromium, scratch] = process.argv.slice(2, 7).map((path) => resolve(path));
const part = process.argv[7] ?? "";
const ownDrawings = join(dirname(fileURLToPath(import.meta.url)), "../../examples/ink/drawings.ndjson");
const {path, byPeople, indices, drawings} = chooseDrawings(process.env.NIB_DATA, ownDrawings);
const url = pathToFileURL(file).href;
rmSync(scratch, {recursive: true, force: true});
mkdirSync(scratch, {recursive: true});

// The first word of each line that recognize prints.
function recognize(path, network = model) {
  const lines = execFileSync(`${programs}/recognize`, [network, path], {encoding: "utf8"}).trim().split("\n");
  return lines.filter((line) => /^\d /.test(line)).map((line) => line[0]);
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const text = (page, id) => page.evaluate((id) => document.getElementById(id).textContent, id);
const answer = (page) => text(page, "answer");
const best = (page) =>
  page.evaluate(() => [...document.querySelectorAll("#digits .best b")].map((b) => b.textContent).join(""));
const isReady = `document.getElementById("model")?.textContent.length > 0`;
const opened = async (browser, options, address = url) => {
  const page = await browser.open(address, options);
  await page.until(isReady);
  return page;
};
const tests = [];
const test = (name, run) => tests.push({name, run});

const expected = (() => {
  const all = recognize(path);
  return indices.map((i) => all[i]);
})();
// One drawing of each digit that the network reads rightly.
const examples = [...Array(10).keys()].map((digit) =>
  drawings[drawings.findIndex(({label}, i) => label === String(digit) && expected[i] === label)]);

test("answers as recognize does, whatever the size and place", async (browser) => {
  const page = await opened(browser, {height: 860});
  const places = [[60, 20, 20], [170, 520, 300], [420, 150, 60]];
  for (const [size, left, top] of places) {
    const answers = await replayAll(page, drawings.map((drawing) => placed(drawing, size, left, top)));
    const same = answers.filter(({best}, i) => best === expected[i]).length / answers.length;
    const right = answers.filter(({best}, i) => best === drawings[i].label).length / answers.length;
    console.log(`  ${answers.length} drawings of ${size} pixels: ${(100 * same).toFixed(2)}% as recognize, ` +
                `${(100 * right).toFixed(2)}% right`);
    assert(same >= 0.995 && right >= 0.96);
  }
  await page.close();
});

test("a mouse draws each digit, and the answer follows at once", async (browser) => {
  const page = await opened(browser);
  // From when the page gets the event until the answer is there and laid out. (It is longer since the mouse moved:
  // Chromium keeps moves until the next frame.)
  await page.evaluate(() => {
    window.times = {page: [], mouse: []};
    let start = 0;
    window.addEventListener("pointermove", () => (start = performance.now()), {capture: true});
    window.addEventListener("pointermove", (event) => {
      if (event.buttons !== 1) return;
      document.getElementById("answer").getBoundingClientRect();
      window.times.page.push(performance.now() - start);
      window.times.mouse.push(performance.now() - event.timeStamp);
    });
  });
  for (const [digit, example] of examples.entries()) {
    await page.press("Escape");
    await drawByMouse(page, placed(example, 300, 200, 80), {delay: 4});
    assert.equal(await best(page), String(digit));
  }
  const {page: own, mouse} = await page.evaluate("window.times");
  console.log(`  from the pointer's event to the answer: ${median(own).toFixed(2)} ms, from the mouse's move: ` +
              `${median(mouse).toFixed(2)} ms (medians of ${own.length})`);
  assert(median(own) < 8);
  await page.close();
});

test("no sample is lost between two frames", async (browser) => {
  const page = await opened(browser);
  const {left, top} = await canvasCorner(page);
  await page.evaluate(() => {
    window.moves = 0;
    window.addEventListener("pointermove", (event) => (window.moves += event.buttons));
  });
  const send = (type, i) => page.send("Input.dispatchMouseEvent", {
    type, x: left + 50 + 2 * i, y: top + 50 + i, button: "left", buttons: 1, clickCount: 1});
  await send("mousePressed", 0);
  await Promise.all([...Array(100).keys()].map((i) => send("mouseMoved", i + 1)));
  await send("mouseReleased", 100);
  const [moves, samples] = await page.evaluate("[window.moves, strokes[0].x.length]");
  console.log(`  100 moves in ${moves} events`);
  assert(moves < 100);
  assert.equal(samples, 101);
  await page.close();
});

test("pen and touch draw too, and touching does not scroll", async (browser) => {
  const page = await opened(browser, {width: 400, height: 700, density: 2, touch: true});
  await drawByTouch(page, placed(examples[3], 200, 80, 60));
  assert.equal(await best(page), "3");
  assert.equal(await page.evaluate("scrollY"), 0);
  await page.press("Escape");
  await drawByMouse(page, placed(examples[6], 200, 80, 60), {pointerType: "pen"});
  assert.equal(await best(page), "6");
  await page.close();
});

async function drawNumber(page, digits) {
  for (const [place, digit] of digits.entries())
    await drawByMouse(page, placed(examples[digit], 180, 30 + 250 * place, 100));
}

test("digits side by side are a number", async (browser) => {
  const page = await opened(browser);
  await drawNumber(page, [4, 0, 7]);
  assert.equal(await best(page), "407");
  assert.equal(await page.evaluate("document.querySelectorAll('.seen').length"), 3);
  assert.match(await text(page, "status"), /^(\d|unknown) (\d|unknown) (\d|unknown)\. /);
  await page.close();
});

test("undo and clear, by buttons and keys", async (browser) => {
  const page = await opened(browser);
  const press = (id) => page.evaluate((id) => document.getElementById(id).click(), id);
  assert.equal(await answer(page), "nothing yet");
  assert.match(await text(page, "certainty"), /canvas is empty/);
  await drawByMouse(page, placed(examples[1], 300, 100, 60));
  const one = await answer(page);
  await drawByMouse(page, placed(examples[5], 300, 450, 60));
  const two = await answer(page);
  assert.notEqual(one, two);
  for (let strokes = examples[5].strokes.length; strokes > 0; --strokes) await page.press("Control+z");
  assert.equal(await answer(page), one);
  await press("clear");
  assert.equal(await answer(page), "nothing yet");
  assert.match(await text(page, "status"), /canvas is empty/);
  await press("undo");
  assert.equal(await answer(page), one);
  await page.press("Escape");
  assert.equal(await answer(page), "nothing yet");
  await page.press("Escape");  // nothing is left to clear, and nothing to undo for it
  await press("undo");
  assert.equal(await answer(page), one);
  await page.close();
});

test("arrow keys draw, and the focus goes through all controls", async (browser) => {
  const page = await opened(browser);
  const focused = () => page.evaluate("document.activeElement.id || document.activeElement.tagName");
  for (const id of ["canvas", "undo", "clear", "open", "save", "format", "SUMMARY"]) {
    await page.press("Tab");
    assert.equal(await focused(), id);
  }
  await page.evaluate("document.getElementById('canvas').focus()");
  await page.press(" ");
  for (let i = 0; i < 10; ++i) await page.press("ArrowDown");
  await page.press(" ");
  assert.equal(await best(page), "1");
  await page.press("ArrowDown");  // the pen is up
  assert.equal(await page.evaluate("strokes[0].y.length"), 11);
  await page.close();
});

test("a screen reader is told what everything is, and nothing moves for those who want that", async (browser) => {
  const page = await opened(browser);
  await drawByMouse(page, placed(examples[0], 300, 100, 60));
  assert.match(await text(page, "status"), /^0\. .* sure$/);
  const {nodes} = await page.send("Accessibility.getFullAXTree");
  const named = (role) =>
    nodes.filter((node) => node.role?.value === role && !node.ignored).map((node) => node.name.value);
  assert.deepEqual(named("button"), ["Undo", "Clear", "Open…", "Save strokes"]);
  assert.deepEqual(named("combobox"), ["Format of saved strokes"]);
  assert.deepEqual(named("application"), ["Canvas"]);
  assert.deepEqual(named("image"), ["What the network sees of digit 1"]);
  assert.equal(named("status").length, 1);
  assert.match(nodes.find((node) => node.role?.value === "application").description?.value, /arrow keys move the pen/);
  const transition = () => page.evaluate(
    "getComputedStyle(document.querySelector('.probabilities i'), '::after').transitionDuration");
  assert.equal(await transition(), "0.08s");
  await page.send("Emulation.setEmulatedMedia", {features: [{name: "prefers-reduced-motion", value: "reduce"}]});
  assert.equal(await transition(), "0s");
  await page.close();
});

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

const evidence = (page) => page.evaluate("JSON.stringify(reading.digits.map((d) => [d.label, ...d.probabilities]))");

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

test("opened from disk it is small, quick and asks for nothing", async (browser) => {
  assert(statSync(file).size < 1.5e6);
  const page = await browser.open("about:blank");
  const requests = [];
  await page.send("Network.enable");
  browser.listen(page.session, "Network.requestWillBeSent", ({request}) => requests.push(request.url.slice(0, 60)));
  // Draws a stroke as soon as the page can be drawn on, and notes when it is answered.
  await page.send("Page.addScriptToEvaluateOnNewDocument", {source: `
    addEventListener("DOMContentLoaded", () => {
      const answered = new MutationObserver(() => {
        if (/^[0-9?]/.test(document.getElementById("answer").textContent)) window.firstAnswer ??= performance.now();
      });
      answered.observe(document.getElementById("answer"), {childList: true, characterData: true, subtree: true});
      const canvas = document.getElementById("canvas");
      const {left, top} = canvas.getBoundingClientRect();
      for (let i = 0; i <= 20; ++i)
        canvas.dispatchEvent(new PointerEvent(i === 0 ? "pointerdown" : "pointermove",
          {clientX: left + 100, clientY: top + 50 + 10 * i, pointerId: 7, isPrimary: true, button: 0}));
    });`});
  const times = [];
  for (let i = 0; i < 5; ++i) {
    await page.send("Page.navigate", {url});
    await page.until("window.firstAnswer > 0");
    times.push(await page.evaluate("window.firstAnswer"));
  }
  console.log(`  ${statSync(file).size} bytes; the first answer after ${median(times).toFixed(0)} ms (median of 5)`);
  assert(median(times) < 300);
  assert.deepEqual([...new Set(requests)].filter((request) => !request.startsWith("data:")), [url.slice(0, 60)]);
  await page.close();
});

test("it works from a server of static files", async (browser) => {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, {"Content-Type": "text/html"}).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page = await opened(browser, {}, `http://127.0.0.1:${server.address().port}/draw.html`);
  await drawByMouse(page, placed(examples[9], 300, 100, 60));
  assert.equal(await best(page), "9");
  assert.deepEqual(asked, ["/draw.html"]);
  await page.close();
  server.close();
});

// What is wrong with how the page is laid out: parts that are cut off or lie on each other.
const layoutFaults = () => {
  const shown = [...document.querySelectorAll("h1, p, button, select, canvas, b, summary")].filter(
    (part) => part.offsetParent && !part.matches(".spoken, #hint") && part.textContent + part.tagName !== "P");
  const boxes = shown.map((part) => {
    const {left, top, right, bottom} = part.getBoundingClientRect();
    return {part, name: `${part.tagName} ${part.id} ${part.textContent.slice(0, 20)}`, left, top, right, bottom};
  });
  const faults = [];
  for (const a of boxes) {
    if (a.left < 0 || a.right > innerWidth) faults.push(`${a.name} is cut off at a side`);
    if (a.part.clientWidth > 0 && a.part.scrollWidth > a.part.clientWidth + 1)
      faults.push(`${a.name} is too wide for its box`);
    for (const b of boxes) {
      if (a === b || a.part.contains(b.part) || b.part.contains(a.part)) continue;
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (width > 1 && height > 1) faults.push(`${a.name} lies on ${b.name}`);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is wider than the window");
  return faults;
};

test("nothing overlaps or is cut off, and the canvas stays where it is", async (browser) => {
  for (const dark of [false, true]) {
    for (const width of [320, 400, 1280]) {
      const page = await opened(browser, {width, height: 800, dark, density: 2, touch: width < 500});
      const before = await canvasCorner(page);
      const size = Math.min(250, (width - 80) / 3);
      for (const [name, digits] of [["empty", []], ["digit", [5]], ["number", [2, 4, 0]]]) {
        await page.press("Escape");
        const strokes = digits.flatMap(
          (digit, place) => placed(examples[digit], 0.7 * size, 20 + 1.1 * size * place, 70));
        await drawByMouse(page, strokes);
        assert.deepEqual(await canvasCorner(page), before);
        assert.deepEqual(await page.evaluate(layoutFaults), []);
        await new Promise((resolve) => setTimeout(resolve, 150));
        writeFileSync(join(scratch, `${name}-${width}-${dark ? "dark" : "light"}.png`), await page.picture());
      }
      await page.close();
    }
  }
});

// The browser, noting what the console of each page says.
class WatchedBrowser extends Browser {
  pages = [];

  async open(...options) {
    const page = await super.open(...options);
    this.pages.push(page);
    return page;
  }
}

console.log(`drawings: ${path}${byPeople ? "" : " (NIB_DATA has none of people)"}`);
const browser = new WatchedBrowser(chromium);
try {
  for (const {name, run} of tests.filter(({name}) => name.includes(part))) {
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
