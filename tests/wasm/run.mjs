// Runs a program for WASI, without a warning that node's WASI is young:  node run.mjs PROGRAM [ARGUMENTS]
//
// The whole file system is there. What tests need beyond WASI: a call that can be left (error_of.hpp).
import {readFileSync} from "node:fs";

process.removeAllListeners("warning");
const {WASI} = await import("node:wasi");
const [program, ...args] = process.argv.slice(2);
const wasi = new WASI({version: "preview1", args: [program, ...args], env: process.env, preopens: {"/": "/"}});

class Left extends Error {}

const host = {
  returns(run, argument) {
    const {__indirect_function_table: table, __stack_pointer: stack} = instance.exports;
    const before = stack.value;
    try {
      table.get(run)(argument);
      return 1;
    } catch (error) {
      if (!(error instanceof Left)) throw error;
      stack.value = before;
      return 0;
    }
  },
  leave() { throw new Left(); },
};
const instance = await WebAssembly.instantiate(await WebAssembly.compile(readFileSync(program)), {
  ...wasi.getImportObject(), host});
process.exitCode = wasi.start(instance);
