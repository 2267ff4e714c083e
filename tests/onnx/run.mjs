// Runs the networks of a folder with onnxruntime and compares what comes out with what nib gave:
//     node run.mjs PACKAGES DIR      PACKAGES/node_modules holds onnxruntime-web
// Of each network NAME the folder holds NAME.onnx, NAME.input and NAME.output, raw little-endian numbers.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [packages, folder] = process.argv.slice(2);
const require = createRequire(resolve(packages, "package.json"));
const ort = require("onnxruntime-web");
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

const tolerance = 1e-5;

// The whole batch at once, one example alone, and batches that do not divide it.
const batchSizes = [256, 1, 100];

function numbers(path, type) {
    const bytes = readFileSync(path);
    const array = type === "float64" ? Float64Array : Float32Array;
    return new array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

async function largestDifference(session, type, input, expected, examples, batchSize) {
    const features = input.length / examples;
    const classes = expected.length / examples;
    let largest = 0;
    for (let first = 0; first < examples; first += batchSize) {
        const count = Math.min(batchSize, examples - first);
        const batch = input.slice(first * features, (first + count) * features);
        const { output } = await session.run({ input: new ort.Tensor(type, batch, [count, features]) });
        if (output.type !== type || output.dims.join() !== [count, classes].join())
            throw new Error(`expected ${type} [${count}, ${classes}], found ${output.type} [${output.dims}]`);
        for (let i = 0; i < output.data.length; i++) {
            const difference = Math.abs(output.data[i] - expected[first * classes + i]);
            if (!(difference <= largest)) largest = difference; // a NaN counts, too
        }
    }
    return largest;
}

// Whether all of the network's outputs are nib's.
async function compare(name) {
    const type = name.endsWith("double") ? "float64" : "float32";
    const input = numbers(resolve(folder, `${name}.input`), type);
    const expected = numbers(resolve(folder, `${name}.output`), type);
    const examples = expected.length / 10;
    const model = readFileSync(resolve(folder, `${name}.onnx`));
    const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    let equal = true;
    for (const batchSize of batchSizes) {
        const difference = await largestDifference(session, type, input, expected, examples, batchSize);
        const good = difference <= tolerance;
        equal &&= good;
        console.log(
            `${good ? "ok" : "FAILED"}: ${name}, ${examples} examples in batches of ${batchSize}: ` +
                `outputs differ from nib's by at most ${difference.toExponential(2)}`,
        );
    }
    return equal;
}

async function main() {
    const names = readdirSync(folder)
        .filter((file) => file.endsWith(".onnx"))
        .map((file) => file.slice(0, -".onnx".length))
        .sort();
    if (names.length === 0) throw new Error(`${folder}: no networks`);
    let equal = true;
    for (const name of names) equal = (await compare(name)) && equal;
    console.log(`onnxruntime-web ${ort.env.versions.common}: ${names.length} networks`);
    if (!equal) throw new Error(`expected outputs within ${tolerance} of nib's`);
}

// Not the error itself: it comes with a line of minified source.
main().catch((error) => {
    console.error(`FAILED: ${error.message}`);
    process.exit(1);
});
