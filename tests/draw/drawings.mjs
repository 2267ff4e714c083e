// Drawings for the test: digits that people drew, or nib's own where those are not there; and drawing them on the page.
import {existsSync, readFileSync} from "node:fs";
import {resolve} from "node:path";

// [{label, strokes: [[[x, y], ...], ...]}, ...], y downwards, of a UNIPEN file or QuickDraw ndjson.
export function readDrawings(path) {
  const text = readFileSync(path, "utf8");
  return path.endsWith(".ndjson") ? readQuickdraw(text) : readUnipen(text);
}

function readQuickdraw(text) {
  return text.trim().split("\n").map((line) => {
    const {word, drawing} = JSON.parse(line);
    return {label: word, strokes: drawing.map(([x, y]) => x.map((value, i) => [value, y[i]]))};
  });
}

function readUnipen(text) {
  const point = (line) => {
    const [x, y] = line.trim().split(/\s+/).map(Number);
    return [x, -y];
  };
  const stroke = (part) => part.split(/^\.PEN_UP/m)[0].trim().split("\n").map(point);
  return text.split(/^\.SEGMENT\s+/m).slice(1).map((segment) => ({
    label: /"(.*?)"/.exec(segment)[1],
    strokes: segment.split(/^\.PEN_DOWN\s*$/m).slice(1).map(stroke),
  }));
}

// The drawing with its longer side `size` pixels long, and its upper left corner at (left, top).
export function placed({strokes}, size, left, top) {
  const all = strokes.flat();
  const [x, y] = [0, 1].map((axis) => Math.min(...all.map((point) => point[axis])));
  const longer = Math.max(...[0, 1].map((axis) => Math.max(...all.map((point) => point[axis])) - [x, y][axis]));
  const scale = size / Math.max(longer, 1);
  return strokes.map((stroke) => stroke.map(([px, py]) => [left + scale * (px - x), top + scale * (py - y)]));
}

// Which drawings there are, and the file that they are in: every 15th of pendigits-orig.tra, else nib's own.
export function chooseDrawings(data, own) {
  const people = data && resolve(data, "pendigits/pendigits-orig.tra");  // Chromium opens no file by a path with ".."
  const path = people && existsSync(people) ? people : own;
  const step = path === people ? 15 : 1;
  const all = readDrawings(path);
  const indices = all.map((_, i) => i).filter((i) => i % step === 0);
  return {path, byPeople: path === people, indices, drawings: indices.map((i) => all[i])};
}

// Strokes by a mouse or a pen, as a user's would come: from the window's system through the browser to the page.
// `strokes` are in pixels of the canvas. `delay`: milliseconds between two events.
export async function drawByMouse(page, strokes, {pointerType = "mouse", delay = 0} = {}) {
  const {left, top} = await canvasCorner(page);
  const send = (type, [x, y], buttons) => page.send("Input.dispatchMouseEvent", {
    type, x: left + x, y: top + y, button: type === "mouseMoved" && !buttons ? "none" : "left", buttons, pointerType,
    clickCount: 1});
  for (const stroke of strokes) {
    await send("mouseMoved", stroke[0], 0);
    await send("mousePressed", stroke[0], 1);
    for (const point of stroke.slice(1)) {
      await send("mouseMoved", point, 1);
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    }
    await send("mouseReleased", stroke.at(-1), 0);
  }
}

export async function drawByTouch(page, strokes) {
  const {left, top} = await canvasCorner(page);
  const send = (type, points) =>
    page.send("Input.dispatchTouchEvent", {type, touchPoints: points.map(([x, y]) => ({x: left + x, y: top + y}))});
  for (const stroke of strokes) {
    await send("touchStart", [stroke[0]]);
    for (const point of stroke.slice(1)) await send("touchMove", [point]);
    await send("touchEnd", []);
  }
}

export const canvasCorner = (page) => page.evaluate(() => {
  const {left, top} = document.getElementById("canvas").getBoundingClientRect();
  return {left: left + 1, top: top + 1};  // within the border
});

// Draws one after the other by events that a script makes, which is fast, and gives what the page answered to each:
// {text, best}, `best` being the most probable label of each digit.
export const replayAll = (page, drawings) => page.evaluate((drawings) => {
  const canvas = document.getElementById("canvas");
  const {left, top} = canvas.getBoundingClientRect();
  const send = (type, [x, y]) => canvas.dispatchEvent(new PointerEvent(type, {
    clientX: left + 1 + x, clientY: top + 1 + y, pointerId: 7, isPrimary: true, button: 0, bubbles: true}));
  return drawings.map((strokes) => {
    document.getElementById("clear").click();
    for (const stroke of strokes) {
      send("pointerdown", stroke[0]);
      stroke.slice(1).forEach((point) => send("pointermove", point));
      send("pointerup", stroke.at(-1));
    }
    return {text: document.getElementById("answer").textContent,
            best: [...document.querySelectorAll("#digits .best b")].map((b) => b.textContent).join("")};
  });
}, drawings);
