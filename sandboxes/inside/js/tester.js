// The tests of an examination, in JavaScript: runs a test program against a stub of the candidate.
//
//     node tester.js EXAM.json        the candidate is behind descriptor 3, the report goes to descriptor 4
//
// The program runs as a script and finds the entry point by name. It fails as programs do: by throwing, by a failed
// assert, by an exit status. It passes when it has run to its end, asynchronous work included. What it did is counted
// in calls of the candidate (JavaScript has no assert statement to count): as many as the reference run made, or the
// verdict is void. The report is that of rft.sandboxes.inside.exam.tester.
"use strict";

const { readFileSync } = require("fs");
const { createRequire } = require("module");
const assert = require("assert");
const vm = require("vm");
const { writeAll } = require("./frames.js");
const lodash = require("./equal.js");
const { GoneError, Remote } = require("./remote.js");

const RPC = 3;
const REPORT = 4;
const MAX_DETAIL = 2000;

let failure = null;
const remote = new Remote(RPC, false, fatal);

function fatal(error) {
  if (error instanceof GoneError) fail("raised", "exit", error.message);
  else fail("protocol", error.name, error.message);
  process.exit(1);
}

/** Keeps the first thing that went wrong. */
function fail(kind, error, detail) {
  const check = Math.max(0, remote.calls - 1);
  failure ??= { kind, check, error, detail: String(detail).slice(0, MAX_DETAIL) };
}

function describe(error) {
  if (error === null || typeof error !== "object") return ["Error", String(error)];
  return [String(error.name ?? "Error"), String(error.message ?? error)];
}

/** Something was thrown and nobody caught it: by the candidate, or by the tests about what it returned. */
function uncaught(error) {
  if (remote.isRaised(error)) fail("raised", ...describe(error));
  else fail(remote.calls > 0 ? "wrong" : "tests", ...describe(error));
  process.exit(1);
}

function report(status) {
  if (status !== 0) fail(remote.calls > 0 ? "wrong" : "tests", "exit", `the tests ended with status ${status}`);
  if (remote.swallowed) fail("wrong", ...describe(remote.swallowed));
  const { calls, objects, forgeable } = remote;
  if (calls === 0) fail("tests", "AssertionError", "the tests never called the candidate");
  const said = { checks: calls, passed: failure === null, failure, objects, forgeable };
  writeAll(REPORT, Buffer.from(JSON.stringify(said)));
}

/** What `require` gives to a test program: node's own modules, `isEqual`, and the candidate for any file. */
function offered(entryPoint, stub) {
  const real = createRequire("/tmp/work/tests.js");
  return (name) => {
    if (/^lodash(?:[./]isequal)?$/i.test(name)) return name === "lodash" ? lodash : lodash.isEqual;
    return /^\.{0,2}\//.test(name) ? { [entryPoint]: stub, default: stub } : real(name);
  };
}

function offer(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

function compiled(source, filename) {
  try {
    return new vm.Script(source, { filename });
  } catch (error) {
    fail("tests", ...describe(error));
    return process.exit(1);
  }
}

function examine(exam) {
  const scripts = [compiled(exam.setup ?? "", "setup.js"), compiled(exam.program, "tests.js")];
  remote.inPlace = exam.in_place === true;
  const greeting = remote.greet();
  if ("error" in greeting) {
    fail(greeting.missing === true ? "missing" : "load", String(greeting.error), greeting.message);
    process.exit(1);
  }
  const name = exam.entry_point.split(".")[0];
  const stub = remote.proxy({ path: name }, true);
  offer(name, stub);
  offer("require", offered(name, stub));
  offer("module", { exports: {} });
  scripts.forEach((script) => script.runInThisContext());
}

console.assert = (held, ...said) => assert.ok(held, said.join(" ") || undefined); // node only prints
process.on("exit", report);
process.on("uncaughtException", uncaught);
process.on("unhandledRejection", uncaught);
examine(JSON.parse(readFileSync(process.argv[2], "utf8")));
