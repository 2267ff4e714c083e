// From pointers and keys to strokes.
"use strict";

let pointer = null;  // that draws: an event's pointerId, or "keyboard"
let pointerType = null;
let start = 0;  // when time 0 of the drawing was, milliseconds

// To hundredths of a pixel, or of a unit where that is smaller: finer than any pen, and short in files.
function rounded(value) {
  const steps = 10 ** Math.ceil(2 + Math.log10(Math.max(view.scale, 1)));
  return Math.round(steps * value) / steps;
}

// (x, y): pixels of the canvas.
function addSample(x, y, time) {
  const stroke = strokes.at(-1);
  // Time goes on from the strokes that are there, whose own time it may not be: those of a file, or before Undo.
  const last = strokes.at(-2)?.t.at(-1) ?? Infinity;
  if (stroke.x.length === 0 && time - start < last) start = time - (last < Infinity ? last : 0);
  stroke.x.push(rounded((x - view.left) / view.scale));
  stroke.y.push(rounded((y - view.top) / view.scale));
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

// One at a time, but a pen takes the place of a hand that lies beside it, and what that has drawn goes.
function mayDraw(event) {
  if (event.button !== 0 || !event.isPrimary) return false;
  if (pointer === null || pointer === "keyboard") return true;
  if (event.pointerType !== "pen" || pointerType !== "touch") return false;
  undo();
  return true;
}

canvas.addEventListener("pointerdown", (event) => {
  if (!mayDraw(event)) return;
  if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
  keyboardPen.shown = false;
  beginStroke(event.pointerId);
  pointerType = event.pointerType;
  addEvent(event);
});
canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId === pointer) addEvent(event);
});
for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
  canvas.addEventListener(type, (event) => {
    if (event.pointerId === pointer) endStroke();
  });
}

// Arrow keys move this pen, in pixels of the canvas.
const keyboardPen = {x: null, y: null, shown: false};
const arrows = new Set();  // that are held

// Where it was, but within the canvas, which may have been resized.
function showPen() {
  keyboardPen.shown = true;
  keyboardPen.x = Math.min(keyboardPen.x ?? canvas.clientWidth / 2, canvas.clientWidth);
  keyboardPen.y = Math.min(keyboardPen.y ?? canvas.clientHeight / 4, canvas.clientHeight);
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
