// Drawing on the page with mouse, pen, fingers and keys, and what it answers.
import assert from "node:assert/strict";

import {canvasCorner, drawByMouse, drawByTouch, placed, replayAll} from "./drawings.mjs";
import {
  answer, best, byPeople, drawNumber, drawings, examples, exhaustive, expected, median, opened, test, text,
} from "./support.mjs";

test("answers as recognize does, whatever the size and place", async (browser) => {
  const page = await opened(browser, {height: 860});
  const places = [[60, 20, 20], [170, 520, 300], [420, 150, 60]];
  const count = {all: 0, same: 0, right: 0};
  for (const [turn, [size, left, top]] of places.entries()) {
    // Every second of people's drawings in one of the places, or all in all of them.
    const chosen = drawings.map((_, i) => i).filter((i) => exhaustive || !byPeople || i % 6 === 2 * turn);
    const answers = await replayAll(page, chosen.map((i) => placed(drawings[i], size, left, top)));
    const same = answers.filter(({best}, i) => best === expected[chosen[i]]).length;
    const right = answers.filter(({best}, i) => best === drawings[chosen[i]].label).length;
    console.log(`  ${chosen.length} drawings of ${size} pixels: ${same} as recognize, ${right} right`);
    count.all += chosen.length;
    count.same += same;
    count.right += right;
  }
  assert(count.same >= 0.995 * count.all && count.right >= 0.96 * count.all);
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
  assert(!exhaustive || median(own) < 8);
  await page.close();
});

test("no sample is lost between two frames, nor beyond the edge", async (browser) => {
  const page = await opened(browser);
  const {left, top} = await canvasCorner(page);
  await page.evaluate(() => {
    window.moves = 0;
    window.addEventListener("pointermove", (event) => (window.moves += event.buttons));
  });
  let buttons = 1;
  const send = (type, i) => page.send("Input.dispatchMouseEvent", {
    type, x: left + 50 + 2 * i, y: top + 50 + i, button: buttons ? "left" : "none", buttons, clickCount: 1});
  await send("mousePressed", 0);
  await Promise.all([...Array(100).keys()].map((i) => send("mouseMoved", i + 1)));
  await send("mouseMoved", -60);  // beside the canvas
  await send("mouseReleased", -60);
  buttons = 0;
  await send("mouseMoved", 50);
  const [moves, samples] = await page.evaluate("[window.moves, strokes[0].x.length]");
  console.log(`  101 moves in ${moves} events`);
  assert(moves < 101);
  assert.equal(samples, 102);
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

test("one pointer draws at a time, and a pen before the hand beside it", async (browser) => {
  const page = await opened(browser);
  const counts = await page.evaluate(() => {
    const {left, top} = canvas.getBoundingClientRect();
    const send = (type, pointerId, pointerType, x) => canvas.dispatchEvent(new PointerEvent(type, {
      pointerId, pointerType, clientX: left + x, clientY: top + 90, isPrimary: true, button: 0, bubbles: true}));
    const counts = [];
    const count = () => counts.push(strokes.map(({x}) => x.length));
    send("pointerdown", 1, "touch", 300);
    send("pointermove", 1, "touch", 310);
    send("pointerdown", 2, "mouse", 100);
    send("pointermove", 2, "mouse", 110);
    count();
    send("pointerdown", 3, "pen", 50);  // the hand was down first
    send("pointermove", 1, "touch", 320);
    send("pointermove", 3, "pen", 60);
    count();
    send("pointerdown", 4, "touch", 300);  // and comes again
    send("pointermove", 4, "touch", 310);
    send("pointermove", 3, "pen", 70);
    send("pointerup", 4, "touch", 310);
    send("pointermove", 3, "pen", 80);
    send("lostpointercapture", 3, "pen", 80);
    send("pointermove", 3, "pen", 90);
    count();
    send("pointerdown", 5, "touch", 300);
    count();
    return counts;
  });
  assert.deepEqual(counts, [[2], [2], [4], [4, 1]]);
  await page.close();
});

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
  for (let i = 0; i < 40; ++i) await page.press("ArrowLeft");
  await drawByMouse(page, [[[200, 50], [200, 60]]]);
  await page.press("ArrowDown");  // from where it was, at the edge
  assert.deepEqual(await page.evaluate("[keyboardPen.shown, keyboardPen.x]"), [true, 0]);
  for (let i = 0; i < 40; ++i) await page.press("ArrowRight");
  await page.send("Emulation.setDeviceMetricsOverride", {width: 400, height: 700, deviceScaleFactor: 1, mobile: false});
  await page.until("canvas.width < 400");
  await page.press(" ");
  assert(await page.evaluate("keyboardPen.x === canvas.clientWidth && strokes.at(-1).x.length === 1"));
  await page.close();
});
