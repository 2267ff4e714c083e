// What the page has of nib: strokes become digits, or a file, and a file becomes strokes. All of it is done by
// module.cpp, compiled to WebAssembly; here bytes become objects, and what fails an Error with nib's own text.
//
//   const recognizer = await Recognizer.open(wasmBytes, modelBytes, "digits.safetensors");
//   const {text, digits} = recognizer.recognize([{x: [10, 12], y: [40, 80], t: [0, 16]}]);
//
// Strokes have an array each of x and y, in pixels, y downwards, and of t, in milliseconds.
"use strict";

class Recognizer {
  #module;   // compiled
  #exports;  // of the instance that has the model
  #model;    // {name, bytes}, for the instance that takes its place after an error

  // `modelBytes` is a file that the program recognize reads: safetensors, PyTorch's .pth or NumPy's .npz.
  static async open(wasmBytes, modelBytes, modelName) {
    const recognizer = new Recognizer();
    recognizer.#module = await WebAssembly.compile(wasmBytes);
    await recognizer.setModel(modelBytes, modelName);
    return recognizer;
  }

  // Replaces the model; where that fails, the one before stays.
  async setModel(bytes, name) {
    const model = {name, bytes: bytes.slice()};
    const imports = this.#imports();
    this.#exports = Recognizer.#load(await WebAssembly.instantiate(this.#module, imports.all), imports, model);
    this.#model = model;
  }

  // The digits from left to right, and their labels as a text, with "?" for those that are not sure.
  recognize(strokes) {
    const output = this.#call(Recognizer.#packed(strokes), ({recognize}) => recognize());
    const [count, side] = new Uint32Array(output, 0, 2);
    const size = 64;  // bytes that tell of one digit
    const digits = Array.from({length: count}, (_, i) => {
      const place = 8 + size * i;
      const [label, sure] = new Uint32Array(output, place, 2);
      const [left, top, right, bottom] = new Float32Array(output, place + 8, 4);
      const probabilities = new Float32Array(output, place + 24, 10);
      const image = new Uint8Array(output, 8 + size * count + side * side * i, side * side);
      return {label, sure: sure === 1, probabilities, image, box: {left, top, right, bottom}};
    });
    return {digits, text: digits.map(({label, sure}) => (sure ? label : "?")).join("")};
  }

  // A file of strokes, in the format "quickdraw" or "unipen": a drawing for each digit.
  write(strokes, format) {
    const number = ["quickdraw", "unipen"].indexOf(format);
    if (number < 0) throw new Error(`expected the format quickdraw or unipen, found ${format}`);
    return new Uint8Array(this.#call(Recognizer.#packed(strokes), ({write}) => write(number)));
  }

  // The strokes of a file of any format that nib reads, in its own unit of length. Of several drawings the first ten
  // are side by side: where they were drawn, if they are apart there, else each to the right of the one before.
  read(bytes, name) {
    const input = Recognizer.#named(name, bytes);
    const output = this.#call(input.bytes, ({read}) => read(input.nameSize));
    const [, count] = new Uint32Array(output, 0, 2);
    const sizes = new Uint32Array(output, 8, count);
    const numbers = new Float32Array(output, 8 + 4 * count);
    let next = 0;
    return Array.from(sizes, (size) => {
      const points = numbers.subarray(next, next += 3 * size);
      const column = (first) => Array.from({length: size}, (_, i) => points[3 * i + first]);
      return {x: column(0), y: column(1), t: column(2).map((seconds) => 1000 * seconds)};
    });
  }

  // What a function of the module leaves for an input. After an error another instance, with the same model, takes its
  // place: nobody knows what state the old one is in.
  #call(input, run) {
    try {
      Recognizer.#enter(this.#exports, input);
      run(this.#exports);
      const {memory, output, output_size: outputSize} = this.#exports;
      const start = output() >>> 0;
      return memory.buffer.slice(start, start + (outputSize() >>> 0));
    } catch (error) {
      const imports = this.#imports();
      this.#exports = Recognizer.#load(new WebAssembly.Instance(this.#module, imports.all), imports, this.#model);
      throw Recognizer.#explained(error);
    }
  }

  // What the module needs: fail(), and what its C library would ask of a system, which there is none of.
  #imports() {
    const all = {page: {}, wasi_snapshot_preview1: {}};
    const notSupported = 52;
    for (const {module, name} of WebAssembly.Module.imports(this.#module)) all[module][name] = () => notSupported;
    const imports = {all, memory: null};
    all.page.fail = (text, size) => {
      throw new Error(new TextDecoder().decode(new Uint8Array(imports.memory.buffer, text >>> 0, size >>> 0)));
    };
    return imports;
  }

  static #load({exports}, imports, {name, bytes}) {
    imports.memory = exports.memory;
    try {
      exports._initialize();
      const input = Recognizer.#named(name, bytes);
      Recognizer.#enter(exports, input.bytes);
      exports.load_model(input.nameSize);
    } catch (error) {
      throw Recognizer.#explained(error);
    }
    return exports;
  }

  static #enter({memory, input}, bytes) {
    const start = input(bytes.length) >>> 0;
    new Uint8Array(memory.buffer, start, bytes.length).set(bytes);
  }

  // A trap's message says nothing to those who did not write the module.
  static #explained(error) {
    if (!(error instanceof WebAssembly.RuntimeError) && !(error instanceof RangeError)) return error;
    return new Error(`nib had to stop: ${error.message}`);
  }

  static #named(name, bytes) {
    const text = new TextEncoder().encode(name);
    const all = new Uint8Array(text.length + bytes.length);
    all.set(text);
    all.set(bytes, text.length);
    return {bytes: all, nameSize: text.length};
  }

  // As module.cpp reads them. Times count from the first point.
  static #packed(strokes) {
    const drawn = strokes.filter(({x}) => x.length > 0);
    const count = drawn.reduce((sum, {x}) => sum + x.length, 0);
    const bytes = new ArrayBuffer(4 + 4 * drawn.length + 12 * count);
    const sizes = new Uint32Array(bytes, 0, 1 + drawn.length);
    const numbers = new Float32Array(bytes, 4 + 4 * drawn.length);
    const start = drawn[0]?.t?.[0] ?? 0;
    let next = 0;
    sizes.set([drawn.length, ...drawn.map(({x}) => x.length)]);
    for (const {x, y, t} of drawn)
      for (let i = 0; i < x.length; ++i) {
        numbers[next++] = x[i];
        numbers[next++] = y[i];
        numbers[next++] = ((t?.[i] ?? start) - start) / 1000;
      }
    return new Uint8Array(bytes);
  }
}
