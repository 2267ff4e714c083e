// The drawing page's recognizer (tools/draw/recognizer.js) against the program recognize:
//     node recognizer_test.mjs WASM MODEL OTHER_MODEL RECOGNIZE WORK
//
// MODEL and OTHER_MODEL are files of networks, WORK is a folder for what is written. With NIB_DATA set, drawings of
// people are read at three sizes and places.
import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import {existsSync, readFileSync, writeFileSync} from "node:fs";
import {basename, join} from "node:path";
import {runInThisContext} from "node:vm";

const [wasmPath, modelPath, otherPath, program, work] = process.argv.slice(2);
const script = new URL("../../tools/draw/recognizer.js", import.meta.url);
const Recognizer = runInThisContext(`${readFileSync(script, "utf8")}\nRecognizer;`);

const bytesOf = (path) => new Uint8Array(readFileSync(path));
const textOf = (bytes) => new TextDecoder().decode(bytes);
const wasm = bytesOf(wasmPath);
const open = () => Recognizer.open(wasm, bytesOf(modelPath), basename(modelPath));

// The lines of the program for a file of drawings: {label, probability, second}. Without fused multiply-add, as
// WebAssembly computes.
function recognized(path, model = modelPath) {
  const {status, stdout, stderr} =
    spawnSync(program, [model, path], {encoding: "utf8", env: {...process.env, NIB_CPU: "sse2"}});
  if (status !== 0) throw new Error(stderr.trim());
  return stdout.trim().split("\n").filter((line) => !line.startsWith("accuracy")).map((line) => {
    const [label, probability, second] = line.split(" ");
    return {label: Number(label), probability, second: Number(second)};
  });
}

function saved(name, bytes) {
  const path = join(work, name);
  writeFileSync(path, bytes);
  return path;
}

// What the program prints of a digit's answer.
function answerOf({label, probabilities}) {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  return {label, probability: probabilities[label].toFixed(4), second: order[1]};
}

const tests = [];
const test = (name, run) => tests.push({name, run});

// Lines through points, as a pen draws them: 12 samples each, 16 ms apart.
function strokesThrough(...paths) {
  let time = 1000;
  return paths.map((path) => {
    const stroke = {x: [], y: [], t: []};
    path.slice(1).forEach(([x, y], i) => {
      const [fromX, fromY] = path[i];
      for (let step = 0; step < 12; ++step) {
        stroke.x.push(fromX + ((x - fromX) * step) / 11);
        stroke.y.push(fromY + ((y - fromY) * step) / 11);
        stroke.t.push((time += 16));
      }
    });
    return stroke;
  });
}
const moved = (strokes, right) => strokes.map(({x, y, t}) => ({x: x.map((value) => value + right), y, t}));

const seven = strokesThrough([[100, 100], [180, 100], [130, 240]]);
const one = strokesThrough([[300, 100], [300, 240]]);
const four = strokesThrough([[400, 100], [390, 190], [470, 190]], [[480, 110], [478, 240]]);  // the strokes apart
const five = strokesThrough([[560, 100], [555, 160], [610, 165], [625, 200], [600, 235], [550, 240]],
  [[560, 100], [630, 98]]);

test("digits side by side are read from left to right, whatever order they are drawn in", async () => {
  const recognizer = await open();
  const {digits, text} = recognizer.recognize([...five, ...one, ...four, ...seven]);
  assert.equal(digits.length, 4);
  assert.deepEqual(digits.map(({box}) => Math.round(box.left)), [100, 300, 390, 550]);
  assert.equal(text.length, 4);
  for (const {label, sure, probabilities, image} of digits) {
    assert.equal(image.length, 784);
    assert.ok(image.includes(255));
    assert.equal(label, probabilities.indexOf(Math.max(...probabilities)));
    assert.equal(sure, Math.fround(probabilities[label]) >= Math.fround(0.6));
    assert.ok(Math.abs(probabilities.reduce((sum, p) => sum + p, 0) - 1) < 1e-5);
  }
  assert.equal(text, digits.map(({label, sure}) => (sure ? label : "?")).join(""));
});

test("no stroke is no digit", async () => {
  const recognizer = await open();
  assert.deepEqual(recognizer.recognize([]), {digits: [], text: ""});
  assert.deepEqual(recognizer.recognize([{x: [], y: [], t: []}]), {digits: [], text: ""});
  assert.equal(recognizer.recognize([{x: [5], y: [5], t: [0]}]).digits.length, 1);
});

test("what is saved is read back the same, and recognize answers the same", async () => {
  const recognizer = await open();
  const strokes = [...seven, ...one, ...four, ...five];
  const expected = recognizer.recognize(strokes);
  for (const format of ["quickdraw", "unipen"]) {
    const bytes = recognizer.write(strokes, format);
    const again = recognizer.read(bytes, "again");
    assert.deepEqual(recognizer.recognize(again), expected);
    assert.deepEqual(recognizer.write(again, format).length > 0, true);
    assert.deepEqual(again.map(({x}) => x), strokes.map(({x}) => x.map(Math.fround)));
    assert.deepEqual(recognized(saved(`strokes.${format}`, bytes)), expected.digits.map(answerOf));
  }
  assert.throws(() => recognizer.write(strokes, "png"), {message: "expected the format quickdraw or unipen, found png"});
});

test("drawings that lie on each other are laid side by side, ten of them at most", async () => {
  const recognizer = await open();
  const line = textOf(recognizer.write(seven, "quickdraw"));
  const strokes = recognizer.read(new TextEncoder().encode(line.repeat(12)), "sevens.ndjson");
  assert.equal(strokes.length, 10);
  const {digits} = recognizer.recognize(strokes);
  assert.equal(digits.length, 10);
  assert.deepEqual(new Set(digits.map(({label}) => label)), new Set([recognizer.recognize(seven).digits[0].label]));
});

test("errors are the program's, and the recognizer goes on", async () => {
  const recognizer = await open();
  const expected = recognizer.recognize(seven);
  const messageOf = (call) => {
    try {
      call();
    } catch (error) {
      return error.message;
    }
    return assert.fail("expected an Error");
  };
  const bad = saved("bad.ndjson", new TextEncoder().encode('{"drawing":[[[1,2],[3]]]}\nwords\n'));
  const told = messageOf(() => recognizer.read(bytesOf(bad), "bad.ndjson"));
  assert.ok(messageOf(() => recognized(bad)).endsWith(told), told);
  assert.match(messageOf(() => recognizer.recognize([{x: [NaN], y: [1], t: [0]}])), /^rasterize: expected a coordinate/);
  assert.match(messageOf(() => recognizer.write([], "unipen")), /expected at least one drawing/);
  const far = Array.from({length: 101}, (_, i) => ({x: [1000 * i], y: [0], t: [i]}));
  assert.match(messageOf(() => recognizer.recognize(far)), /found 101 strokes apart/);
  assert.deepEqual(recognizer.read(recognizer.write(far, "unipen"), "far").map(({x}) => x), far.map(({x}) => x));
  assert.deepEqual(recognizer.recognize(seven), expected);

  for (const [name, content] of [["cut.safetensors", bytesOf(modelPath).slice(0, 1000)],
    ["text.pth", new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n")],
    ["empty.npz", new Uint8Array()]]) {
    const path = saved(name, content);
    let message = "";
    await recognizer.setModel(content, path).catch((error) => { message = error.message; });
    assert.ok(message.startsWith(`${path}: `), message);
    assert.equal(messageOf(() => recognized(bad, path)).split("\n")[0].replace(/^recognize: /, ""), message);
    assert.deepEqual(recognizer.recognize(seven), expected);
  }
});

test("another model takes the place of the first", async () => {
  const recognizer = await open();
  await recognizer.setModel(bytesOf(otherPath), basename(otherPath));
  const strokes = [...seven, ...one];
  const {digits} = recognizer.recognize(strokes);
  assert.deepEqual(digits.map(answerOf), recognized(saved("two", recognizer.write(strokes, "quickdraw")), otherPath));
  assert.throws(() => recognizer.recognize([{x: [NaN], y: [1], t: [0]}]));
  assert.deepEqual(recognizer.recognize(strokes).digits, digits);  // after an error it is still the other one
});

test("damaged files end in errors that nib tells, not in traps", async () => {
  const recognizer = await open();
  const expected = recognizer.recognize(seven);
  let state = 1;
  const below = (count) => (state = (state * 48271) % 2147483647) % count;
  const damaged = (bytes) => {
    const copy = bytes.slice(0, below(4) === 0 ? 1 + below(bytes.length) : bytes.length);
    for (let i = 0; i < 1 + below(4); ++i) copy[below(Math.min(copy.length, 4096))] = below(256);
    return copy;
  };
  const check = (error) => assert.ok(!error.message.startsWith("nib had to stop"), error.message);
  const sources = ["quickdraw", "unipen"].map((format) => recognizer.write([...seven, ...four], format));
  for (let i = 0; i < 200; ++i)
    try {
      recognizer.read(damaged(sources[i % 2]), "damaged");
    } catch (error) {
      check(error);
    }
  for (const path of [modelPath, otherPath]) {
    const model = bytesOf(path);
    for (let i = 0; i < 60; ++i) await recognizer.setModel(damaged(model), "damaged").catch(check);
  }
  await recognizer.setModel(bytesOf(modelPath), basename(modelPath));
  assert.deepEqual(recognizer.recognize(seven), expected);
});

// UNIPEN's components, as pendigits has them, y upwards: {label, strokes}.
function pendigits(path) {
  const drawings = [];
  for (const part of readFileSync(path, "utf8").split(".SEGMENT DIGIT ").slice(1)) {
    const strokes = part.split(".PEN_DOWN").slice(1).map((text) => {
      const numbers = text.split(".PEN_UP")[0].trim().split(/\s+/).map(Number);
      return {x: numbers.filter((_, i) => i % 2 === 0), y: numbers.filter((_, i) => i % 2 === 1).map((y) => -y)};
    });
    drawings.push({label: Number(part.match(/"(\d)"/)[1]), strokes: strokes.filter(({x}) => x.length > 0)});
  }
  return drawings;
}

test("digits that people drew, at three sizes and places", async () => {
  const data = process.env.NIB_DATA ? join(process.env.NIB_DATA, "pendigits/pendigits-orig.tra") : "";
  if (!existsSync(data)) return console.log("skipped: set NIB_DATA to the folder that holds pendigits/pendigits-orig.tra");
  const drawings = pendigits(data).filter((_, i) => i % 15 === 0);
  const recognizer = await open();
  const times = [];
  let right = 0, sureAndRight = 0, split = 0;
  for (const [scale, left, top] of [[0.15, 12.5, 90.25], [0.5, 200, 260], [1.7, 33.3, 777.7]]) {
    const all = drawings.map(({strokes}) => strokes.map(({x, y}) => ({
      x: x.map((value) => left + scale * value), y: y.map((value) => top + scale * value), t: x.map((_, i) => 8 * i)})));
    const texts = {quickdraw: "", whole: ""};
    const answers = [], firsts = [];
    for (const [i, strokes] of all.entries()) {
      const start = performance.now();
      const {digits, text} = recognizer.recognize(strokes);
      times.push(performance.now() - start);
      answers.push(...digits.map(answerOf));
      firsts.push(digits.length === 1 ? digits[0].label : -1);
      if (digits.length > 1) ++split;
      if (digits.length === 1 && digits[0].label === drawings[i].label) ++right;
      if (text === String(drawings[i].label)) ++sureAndRight;
      texts.quickdraw += textOf(recognizer.write(strokes, "quickdraw"));
      texts.whole += `${JSON.stringify({drawing: strokes.map(({x, y}) => [x, y])})}\n`;
    }
    assert.deepEqual(recognized(saved("drawn.ndjson", texts.quickdraw)), answers);
    const wholes = recognized(saved("whole.ndjson", texts.whole)).map(({label}) => label);
    const same = wholes.filter((label, i) => label === firsts[i]).length;
    assert.ok(same >= 0.995 * wholes.length, `${same} of ${wholes.length} answers are those of the whole drawing`);
  }
  times.sort((a, b) => a - b);
  const [median, slow] = [0.5, 0.99].map((part) => times[Math.floor(part * times.length)].toFixed(2));
  console.log(`${times.length} drawings: ${right} right, ${sureAndRight} of them sure, ${split} split; ` +
    `${median} ms at the median, ${slow} ms at 99%`);
  assert.ok(process.env.NIB_EXHAUSTIVE !== "1" || median < 8);  // a busy machine takes longer
});

console.log(`${basename(wasmPath)}: ${wasm.length} bytes`);
for (const {name, run} of tests) {
  await run();
  console.log(`passed: ${name}`);
}
