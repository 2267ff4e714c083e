// The drawing, and how it looks on the canvas.
//
// A stroke is {x, y, t}: arrays of as many numbers, in drawing units (y downwards) and milliseconds. What is drawn here
// is in CSS pixels of the canvas. Strokes of a file keep the numbers that the file has, so that they are read and saved
// as they came; `view` says where on the canvas they are.
"use strict";

const element = (id) => document.getElementById(id);
const canvas = element("canvas");
const context = canvas.getContext("2d");

// canvas = scale * drawing + (left, top), in CSS pixels.
const unscaled = {scale: 1, left: 0, top: 0};

let strokes = [];
let view = unscaled;
const past = [];  // {strokes, view, width of the canvas} before each change; Undo takes the last

function change(newStrokes, newView = view) {
  past.push({strokes, view, width: canvas.clientWidth});
  strokes = newStrokes;
  view = newView;
}

function boxOf(strokes) {
  const box = {left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity};
  for (const stroke of strokes) {
    for (let i = 0; i < stroke.x.length; ++i) {
      box.left = Math.min(box.left, stroke.x[i]);
      box.right = Math.max(box.right, stroke.x[i]);
      box.top = Math.min(box.top, stroke.y[i]);
      box.bottom = Math.max(box.bottom, stroke.y[i]);
    }
  }
  return box;
}

function isInside(box, {scale, left, top}) {
  return scale * box.left + left >= 0 && scale * box.right + left <= canvas.clientWidth &&
    scale * box.top + top >= 0 && scale * box.bottom + top <= canvas.clientHeight;
}

// In the middle, as large as it can be with some room around it.
function fittedView(box) {
  const room = 0.8;  // of the canvas
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const fits = Math.min(room * canvas.clientWidth / width, room * canvas.clientHeight / height);
  const scale = Number.isFinite(fits) ? fits : 1;  // a dot has any size
  return {
    scale,
    left: (canvas.clientWidth - scale * (box.left + box.right)) / 2,
    top: (canvas.clientHeight - scale * (box.top + box.bottom)) / 2,
  };
}

// Strokes of a file stay where they are on the canvas, unless they would be cut off or tiny.
function viewOfFile(box) {
  const tiny = Math.max(box.right - box.left, box.bottom - box.top) < canvas.clientHeight / 4;
  return isInside(box, unscaled) && !tiny ? unscaled : fittedView(box);
}

// For a canvas that was resized.
function keepInView() {
  const box = boxOf(strokes);
  if (strokes.length > 0 && !isInside(box, view)) view = fittedView(box);
}

// The style sheet's colours, as they are in the light or in the dark. Asking for them takes time.
let colors = {};

function readColors() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ink", "line"]) colors[name] = style.getPropertyValue(`--${name}`).trim();
}

let willPaint = false;

// Once a frame, however many events that has.
function paintSoon() {
  if (willPaint) return;
  willPaint = true;
  requestAnimationFrame(paint);
}

function paint() {
  willPaint = false;
  const density = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * density);
  const height = Math.round(canvas.clientHeight * density);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  context.lineCap = context.lineJoin = "round";
  paintParts(reading.digits);
  context.strokeStyle = context.fillStyle = colors.ink;
  context.lineWidth = penWidth();
  for (const stroke of strokes) paintStroke(stroke);
  if (keyboardPen.shown) paintPen();
}

// A drawing that was scaled to fit may be small, and is then drawn with a finer pen.
function penWidth() {
  const width = Math.max(6, 0.028 * Math.min(canvas.clientWidth, canvas.clientHeight));
  if (view.scale === 1) return width;
  const {top, bottom} = boxOf(strokes);
  return Math.min(width, Math.max(2, 0.08 * view.scale * (bottom - top)));
}

// Through the middles between samples, with each sample as the control point of a parabola: smooth, and never far from
// where the pen was.
function paintStroke(stroke) {
  const x = stroke.x.map((value) => view.scale * value + view.left);
  const y = stroke.y.map((value) => view.scale * value + view.top);
  const last = x.length - 1;
  context.beginPath();
  context.moveTo(x[0], y[0]);
  for (let i = 1; i < last; ++i) context.quadraticCurveTo(x[i], y[i], (x[i] + x[i + 1]) / 2, (y[i] + y[i + 1]) / 2);
  context.lineTo(x[last], y[last]);  // a dot has round ends too
  context.stroke();
}

// A line below each digit of a number shows how the strokes were divided.
function paintParts(digits) {
  if (digits.length < 2) return;
  const bottom = Math.max(...digits.map(({box}) => view.scale * box.bottom + view.top));
  const y = Math.min(bottom + 2 * penWidth(), canvas.clientHeight - 6);
  context.strokeStyle = colors.line;
  context.lineWidth = 3;
  for (const {box} of digits) {
    context.beginPath();
    context.moveTo(view.scale * box.left + view.left, y);
    context.lineTo(view.scale * box.right + view.left, y);
    context.stroke();
  }
}

// A ring where the arrow keys have moved the pen, full while it writes.
function paintPen() {
  context.beginPath();
  context.arc(keyboardPen.x, keyboardPen.y, penWidth(), 0, 2 * Math.PI);
  context.lineWidth = 2;
  context.stroke();
  if (pointer === "keyboard") context.fill();
}
