// The answer: what the recognizer (recognizer.js) makes of the strokes, and how that is shown.
"use strict";

let recognizer = null;  // until its module is compiled
let reading = {digits: [], text: ""};

// Nothing is sure altogether.
const percent = (probability) => (probability < 0.9995 ? `${(100 * probability).toFixed(1)}%` : "over 99.9%");

// The labels, the most probable one first.
function ranked({probabilities}) {
  return [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
}

// Reads the strokes anew and shows the answer.
function refresh() {
  paintSoon();
  if (recognizer === null) return;
  reading = {digits: [], text: ""};
  try {
    if (strokes.length > 0) reading = recognizer.recognize(strokes);
    complain("");
  } catch (error) {
    complain(error.message);
  }
  showAnswer();
  reading.digits.forEach(showDigit);
  const list = element("digits");
  while (list.childElementCount > reading.digits.length) list.lastElementChild.remove();
}

function showAnswer() {
  const {digits, text} = reading;
  const answer = element("answer");
  answer.textContent = digits.length > 0 ? text : "nothing yet";
  answer.classList.toggle("empty", digits.length === 0);
  answer.style.setProperty("--length", Math.max(text.length, 1));
  element("certainty").textContent = certainty();
  element("hint").hidden = strokes.length > 0;
  setUsable("undo", past.length > 0);
  setUsable("clear", strokes.length > 0);
  setUsable("save", strokes.length > 0);
}

// A button that is `disabled` would lose the focus of the keyboard.
function setUsable(id, usable) { element(id).setAttribute("aria-disabled", String(!usable)); }

function certainty() {
  const {digits} = reading;
  if (strokes.length === 0) return "The canvas is empty. Draw a digit, or several side by side.";
  if (digits.length === 0) return "";
  const unsure = digits.findIndex((digit) => !digit.sure);
  if (unsure < 0) return `${percent(Math.min(...digits.map((digit) => Math.max(...digit.probabilities))))} sure`;
  const [first, second] = ranked(digits[unsure]);
  const probable = (label) => `${label} (${percent(digits[unsure].probabilities[label])})`;
  const which = digits.length === 1 ? "Not sure" : `Not sure of digit ${unsure + 1}`;
  return `${which}: ${probable(first)} or ${probable(second)}?`;
}

// The image and the ten probabilities of the index-th digit. Its elements are made once and used again.
function showDigit(digit, index) {
  const list = element("digits");
  const item = list.children[index] ?? list.appendChild(newDigit(index));
  const [image, columns] = item.children;
  showImage(image, digit.image);
  const [best] = ranked(digit);
  digit.probabilities.forEach((probability, label) => {
    const column = columns.children[label];
    const [, bar, number] = column.children;
    column.className = label === best ? "best" : "";
    bar.style.setProperty("--probability", probability.toFixed(4));
    number.textContent = (100 * probability).toFixed(0);
  });
}

function newDigit(index) {
  const item = document.createElement("li");
  const columns = Array.from({length: 10}, (_, label) => `<li><b>${label}</b><i></i><span></span></li>`);
  const seen = `What the network sees of digit ${index + 1}`;
  item.innerHTML = `<canvas class="seen" role="img" aria-label="${seen}"></canvas>` +
    `<ol class="probabilities" aria-label="Probabilities in percent">${columns.join("")}</ol>`;
  return item;
}

// `pixels` has a square's rows, 255 being ink. It is shown in the page's own ink.
function showImage(image, pixels) {
  const side = Math.sqrt(pixels.length);
  if (image.width !== side) image.width = image.height = side;
  const target = image.getContext("2d");
  const {data} = target.createImageData(side, side);
  const ink = [1, 3, 5].map((at) => parseInt(colors.ink.slice(at, at + 2), 16));
  for (let i = 0; i < pixels.length; ++i) data.set([...ink, pixels[i]], 4 * i);
  target.putImageData(new ImageData(data, side, side), 0, 0);
}

// To screen readers: when a stroke is finished, not at each of its points.
function announce() {
  if (recognizer === null) return;
  const {digits, text} = reading;
  const spoken = [...text].map((label) => (label === "?" ? "unknown" : label)).join(" ");
  element("status").textContent = digits.length > 0 ? `${spoken}. ${certainty()}` : certainty();
}

function complain(message) { element("error").textContent = message; }
