// What the buttons and files do, and the start of the page.
"use strict";

function show() {
  refresh();
  announce();
}

function undo() {
  endStroke();
  if (past.length === 0) return;
  const before = past.pop();
  ({strokes, view} = before);
  if (before.width !== canvas.clientWidth) keepInView();
  show();
}

function clear() {
  endStroke();
  if (strokes.length === 0) return;
  change([], unscaled);
  show();
}

function saveStrokes() {
  if (recognizer === null) return;
  if (strokes.length === 0) return complain("There is nothing to save: the canvas is empty.");
  const format = element("format").value;
  try {
    const bytes = recognizer.write(strokes, format);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes]));
    link.download = format === "unipen" ? "drawing.unp" : "drawing.ndjson";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    complain("");
  } catch (error) {
    complain(error.message);
  }
}

function chooseFiles() { element("file").click(); }

// One after the other. The first that is refused ends it, and its message stays.
async function takeFiles(files) {
  await ready;
  if (recognizer === null) return;
  try {
    for (const file of files) await takeFile(file);
  } catch (error) {
    complain(error.message);
  }
}

async function takeFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (isModel(file.name, bytes)) return useModel(bytes, file.name);
  const opened = recognizer.read(bytes, file.name);
  endStroke();
  change(opened, viewOfFile(boxOf(opened)));
  show();
}

// By the name, else by the beginning: zip, as PyTorch writes it, or safetensors' length and JSON object.
function isModel(name, bytes) {
  if (/\.(safetensors|pth?|npz)$/i.test(name)) return true;
  const has = (text, at) => [...text].every((character, i) => bytes[at + i] === character.charCodeAt(0));
  return has("PK\x03\x04", 0) || has('{"', 8);
}

async function useModel(bytes, name) {
  await recognizer.setModel(bytes, name);
  element("model").textContent = name;
  element("built-in").hidden = false;
  show();
}

async function useBuiltIn() {
  await recognizer.setModel(embedded("network"), element("network").dataset.name);
  nameBuiltIn();
  canvas.focus();  // the button is gone
  show();
}

function nameBuiltIn() {
  element("model").textContent = `${element("network").dataset.name}, built in`;
  element("built-in").hidden = true;
}

// The bytes that the page has in itself.
function embedded(id) {
  const text = atob(element(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; ++i) bytes[i] = text.charCodeAt(i);
  return bytes;
}

element("undo").addEventListener("click", undo);
element("clear").addEventListener("click", clear);
element("save").addEventListener("click", saveStrokes);
element("open").addEventListener("click", chooseFiles);
element("built-in").addEventListener("click", useBuiltIn);
element("file").addEventListener("change", async (event) => {
  await takeFiles([...event.target.files]);
  event.target.value = "";  // so that the same file may be chosen again
});

document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  document.body.classList.remove("dropping");
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  takeFiles([...event.dataTransfer.files]);
});

readColors();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readColors();
  refresh();
});
new ResizeObserver(() => {
  keepInView();
  paint();
}).observe(canvas);

// Strokes that are drawn before this is done are read then.
const ready = Recognizer.open(embedded("wasm"), embedded("network"), element("network").dataset.name).then(
  (opened) => {
    recognizer = opened;
    nameBuiltIn();
    refresh();
  },
  (error) => complain(`This page does not run in this browser: ${error.message}`));
