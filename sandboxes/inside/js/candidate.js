// The candidate of an examination, in JavaScript: loads a program and answers calls on descriptor 3.
//
//     node candidate.js FILE ENTRY_POINT
//
// Nothing here is out of the candidate's reach, and nothing needs to be: only values leave this process. Messages are
// those of rft.sandboxes.inside.exam.candidate; "dialect": "js" in a request asks for the types that only JavaScript has.
"use strict";

const { readFileSync } = require("fs");
const { createRequire } = require("module");
const path = require("path");
const vm = require("vm");
const { receive, sendText } = require("./frames.js");
const { Reader, Writer, madeError } = require("./plain.js");

const RPC = 3;
const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const EXPORTS = /^[ \t]*export[ \t]+(?:default[ \t]+)?(?=(?:async[ \t]+)?function\b|class\b|const\b|let\b|var\b)/gm;
const EXPORT_LISTS = /^[ \t]*export[ \t]+(?:\{[^}]*\}|default[ \t]+[\w$]+)[ \t]*;?/gm;
const before = new Map(Object.getOwnPropertyNames(globalThis).map((name) => [name, globalThis[name]]));
const lent = [];

/** Runs the program as a script: what it declares at its top can be found by name, as in one file with its tests. */
function load(file) {
  const filename = path.resolve(file);
  const module = { exports: {} };
  const offered = { module, exports: module.exports, require: createRequire(filename) };
  for (const [name, value] of Object.entries(offered)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
    before.set(name, value);
  }
  const source = readFileSync(file, "utf8").replace(/^\ufeff/, "");
  compiled(source, filename).runInThisContext();
  return () => module.exports;
}

function compiled(source, filename) {
  try {
    return new vm.Script(source, { filename });
  } catch (error) {
    const script = source.replace(EXPORTS, "").replace(EXPORT_LISTS, "");
    if (script === source) throw error;
    return new vm.Script(script, { filename });
  }
}

function found(name, exported) {
  if (!NAME.test(name)) return undefined;
  let value;
  try {
    value = vm.runInThisContext(name);
  } catch {
    value = undefined;
  }
  if (value !== undefined && !(before.has(name) && before.get(name) === value)) return value;
  const all = exported();
  if (typeof all === "function" && (all.name === name || Object.keys(all).length === 0)) return all;
  return all === null || all === undefined ? undefined : all[name];
}

/** Finds "f", "Solution" or "Solution.f"; the last as a function that makes an object of its own for each call. */
function resolve(name, exported) {
  const [first, ...rest] = name.split(".");
  return rest.reduce((owner, key) => {
    if (owner === undefined || owner === null) return undefined;
    const method = typeof owner === "function" && owner.prototype ? owner.prototype[key] : undefined;
    return typeof method === "function" ? (...args) => new owner()[key](...args) : owner[key];
  }, found(first, exported));
}

function lend(value) {
  const at = lent.indexOf(value);
  const n = at >= 0 ? at : lent.push(value) - 1;
  return `{"$handle":${n},"type":${JSON.stringify(typeof value)}}`;
}

function take(tag, content, json) {
  if (tag === "$handle" || tag === "$held") return lent[content];
  if (tag === "$entry") return resolve(content, exported);
  if (tag === "$callback" && json.iterator) return iterator(content);
  if (tag === "$callback") return (...args) => callBack(content, args);
  throw new TypeError(`no value of JavaScript for ${tag}`);
}

const reader = new Reader(take);

function written(value, js) {
  return new Writer(js, js ? lend : null).write(value);
}

let dialect = false;

/** Calls a function of the tests, where it lives. */
function callBack(n, args) {
  return asked(`{"callback":${n},"args":${written(args, dialect)},"kwargs":{}}`);
}

/** An iterator of Python's tests. */
function* iterator(n) {
  for (;;) {
    let item;
    try {
      item = asked(`{"callback":${n},"next":true}`);
    } catch (error) {
      if (error.name === "StopIteration") return;
      throw error;
    }
    yield item;
  }
}

function asked(text) {
  sendText(RPC, text);
  for (;;) {
    const message = receive(RPC);
    if (message === null) process.exit(0);
    if ("value" in message) return reader.read(message.value);
    if ("error" in message) throw madeError(message.error, message.message);
    sendText(RPC, answerNow(message)); // the function asks for something before it answers
  }
}

const SYMBOLS = /^@@(iterator|asyncIterator|toPrimitive|hasInstance|toStringTag)$/;

function key(name) {
  const symbol = SYMBOLS.exec(name);
  return symbol ? Symbol[symbol[1]] : name;
}

let exported = () => ({});

function target(reference) {
  return typeof reference === "string" ? resolve(reference, exported) : lent[reference];
}

function perform(request, args) {
  if ("call" in request) {
    if (Object.keys(request.kwargs ?? {}).length > 0) throw new TypeError("JavaScript has no keyword arguments");
    const on = "this" in request ? reader.read(request.this) : undefined;
    return Reflect.apply(target(request.call), on, args);
  }
  if ("new" in request) return Reflect.construct(target(request.new), args);
  if ("get" in request && "key" in request) return target(request.get)[key(request.key)];
  if ("set" in request) return (target(request.set)[key(request.key)] = args[0]);
  if ("has" in request) return key(request.key) in Object(target(request.has));
  if ("is" in request) return args[0] instanceof target(request.is);
  if ("keys" in request) return Object.keys(target(request.keys));
  throw new TypeError("this object of JavaScript cannot do that");
}

function success(request, value, args, promised) {
  const js = request.dialect === "js";
  const result = "new" in request ? lend(value) : written(value, js);
  const more = request.in_place ? `,"args":${written(args, js)}` : "";
  return `{"value":${result}${promised ? ',"promise":true' : ""}${more}}`;
}

function failure(error, promised, js) {
  const isError = error !== null && typeof error === "object" && "message" in error;
  const name = isError ? String(error.name).slice(0, 100) : "Error";
  const message = String(isError ? error.message : error).slice(0, 2000);
  const text = { error: name, message, mro: [name, "Exception"], stage: "call" };
  if (promised) text.promise = true;
  const thrown = !isError && js ? `,"thrown":${written(error, js)}` : "";
  return JSON.stringify(text).slice(0, -1) + thrown + "}";
}

function begun(request) {
  dialect = request.dialect === "js";
  const args = (request.args ?? []).map((arg) => reader.read(arg));
  return { args, value: perform(request, args) };
}

function answerNow(request) {
  try {
    const { args, value } = begun(request);
    return success(request, value, args, false);
  } catch (error) {
    return failure(error, false, request.dialect === "js");
  }
}

async function answer(request) {
  let promised = false;
  try {
    const { args, value } = begun(request);
    promised = value instanceof Promise;
    return success(request, promised ? await value : value, args, promised);
  } catch (error) {
    return failure(error, promised, request.dialect === "js");
  }
}

function greeting(file, entry) {
  try {
    exported = load(file);
  } catch (error) {
    return JSON.stringify({ ...JSON.parse(failure(error, false, false)), stage: "load", missing: false });
  }
  if (entry && resolve(entry, exported) === undefined) {
    const message = `the program defines no ${entry}`;
    return JSON.stringify({ error: "ReferenceError", message, stage: "load", missing: true });
  }
  return '{"ready":true,"dialect":"js"}';
}

async function serve(file, entry) {
  sendText(RPC, greeting(file, entry));
  for (let request = receive(RPC); request !== null; request = receive(RPC)) {
    sendText(RPC, await answer(request));
  }
  process.exit(0);
}

serve(process.argv[2], process.argv[3]);
