// From pointers and keys to strokes.
"use strict";

let pointer = null;  // that draws: an event's pointerId, or "keyboard"
let start = 0;       // time of the drawing's first sample, milliseconds

const hundredths = (value) => Math.round(100 * value) / 100;  // finer than any pen, and short in files

// (x, y): pixels of the canvas.
function addSample(x, y, time) {
  const stroke = strokes.at(-1);
  if (strokes.length === 1 && stroke.x.length === 0) start = time;
  stroke.x.push(hundredths((x - view.left) / view.scale));
  stroke.y.push(hundredths((y - view.top) / view.scale));
  stroke.t.push(Math.max(Math.round(time - start), 0));
}

function beginStroke(by) {
  endStroke();
  pointer = by;
  change([...strokes, {x: [], y: [], t: []}]);
}

function endStroke() {
  if (pointer === null) return;
  pointer = null;
  paintSoon();
  announce();
}

function addEvent(event) {
  const corner = canvas.getBoundingClientRect();
  const [left, top] = [corner.left + canvas.clientLeft, corner.top + canvas.clientTop];
  // A pen moves more than once between two frames. The list is empty where a browser or a script does not fill it.
  const samples = event.getCoalescedEvents?.() ?? [];
  for (const sample of samples.length > 0 ? samples : [event])
    addSample(sample.clientX - left, sample.clientY - top, sample.timeStamp);
  refresh();
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !event.isPrimary) return;
  if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
  keyboardPen.shown = false;
  beginStroke(event.pointerId);
  addEvent(event);
});
canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId === pointer) addEvent(event);
});
for (const type of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(type, (event) => {
    if (event.pointerId === pointer) endStroke();
  });
}

// Arrow keys move this pen, in pixels of the canvas.
const keyboardPen = {x: 0, y: 0, shown: false};
const arrows = new Set();  // that are held

function showPen() {
  if (keyboardPen.shown) return;
  keyboardPen.shown = true;
  keyboardPen.x ||= canvas.clientWidth / 2;
  keyboardPen.y ||= canvas.clientHeight / 4;
}

function movePen(step) {
  const along = (forward, back) => step * (arrows.has(forward) - arrows.has(back));
  const clamped = (value, most) => Math.min(Math.max(value, 0), most);
  keyboardPen.x = clamped(keyboardPen.x + along("ArrowRight", "ArrowLeft"), canvas.clientWidth);
  keyboardPen.y = clamped(keyboardPen.y + along("ArrowDown", "ArrowUp"), canvas.clientHeight);
  if (pointer === "keyboard") addPenSample();
  paintSoon();
}

function togglePen() {
  if (pointer !== null) return endStroke();
  beginStroke("keyboard");
  addPenSample();
  element("status").textContent = "Pen down.";
}

function addPenSample() {
  addSample(keyboardPen.x, keyboardPen.y, performance.now());
  refresh();
}

canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isArrow = event.key.startsWith("Arrow");
  if (!isArrow && event.key !== " ") return;
  event.preventDefault();
  showPen();
  if (isArrow) {
    arrows.add(event.key);
    movePen(Math.min(canvas.clientWidth, canvas.clientHeight) / (event.shiftKey ? 80 : 20));
  } else if (!event.repeat) {
    togglePen();
  }
});
canvas.addEventListener("keyup", (event) => arrows.delete(event.key));
canvas.addEventListener("blur", () => {
  arrows.clear();
  keyboardPen.shown = false;
  if (pointer === "keyboard") endStroke();
  paintSoon();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    if (event.target === element("format")) return;  // whose list closes
    if (pointer !== null) undo();
    else clear();
    return;
  }
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const action = {z: undo, o: chooseFiles, s: saveStrokes}[event.key.toLowerCase()];
  if (!action) return;
  event.preventDefault();
  action();
});
