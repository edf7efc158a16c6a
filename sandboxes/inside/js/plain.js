// Values as tagged plain data, the JavaScript half of rft.sandboxes.inside.exam.wire.plain.
//
// There are two dialects. Between a JavaScript tester and a JavaScript candidate everything keeps its own type, by tags
// of this file: $undefined, $map, $object, $date, $regexp, $error. Towards Python a Map and an object are both a dict,
// undefined is None, and a BigInt that fits a number is an int.
"use strict";

const { types } = require("util");

const MAX_DEPTH = 100;
const MAX_NODES = 1_000_000;
const MAX_CHARS = 8 * 1024 * 1024;

function numberText(value) {
  if (Number.isNaN(value)) return '{"$float":"nan"}';
  if (!Number.isFinite(value)) return `{"$float":"${value > 0 ? "inf" : "-inf"}"}`;
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return Number.isInteger(value) && !Number.isSafeInteger(value) && !text.includes("e") ? text + ".0" : text;
}

function bigintText(value, js) {
  const small = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  if (small && !js) return String(value);
  return `{"$int":"${value < 0n ? "-" : ""}0x${(value < 0n ? -value : value).toString(16)}"}`;
}

function isRecord(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** What an iterator gives, up to what a value may hold. */
function firstOf(iterable) {
  const items = [];
  for (const item of iterable) {
    if (items.push(item) > MAX_NODES) throw new RangeError(`an iterator of more than ${MAX_NODES} items`);
  }
  return items;
}

/**
 * Writes values as JSON text. `lend(value)` returns the text for what can only be lent: functions and objects;
 * `known(value)` that of what came from the other side, else undefined.
 */
class Writer {
  constructor(js, lend, known = () => undefined) {
    this.js = js;
    this.lend = lend;
    this.known = known;
    this.nodes = 0;
    this.chars = 0;
  }

  write(value, depth = 0) {
    if (depth > MAX_DEPTH) throw new RangeError(`a value nested deeper than ${MAX_DEPTH}, or in a circle`);
    if (++this.nodes > MAX_NODES) throw new RangeError(`a value of more than ${MAX_NODES} parts`);
    const text = this.text(value, depth);
    return this.count(text, typeof value === "object" && value !== null ? 0 : text.length);
  }

  count(text, chars) {
    this.chars += chars;
    if (this.chars > MAX_CHARS) throw new RangeError(`a value of more than ${MAX_CHARS} characters`);
    return text;
  }

  text(value, depth) {
    switch (typeof value) {
      case "undefined": return this.js ? '{"$undefined":[]}' : "null";
      case "boolean": return String(value);
      case "string": return JSON.stringify(value);
      case "number": return numberText(value);
      case "bigint": return bigintText(value, this.js);
      case "function": return this.borrowed(value, "a function");
      case "symbol": throw new TypeError("a symbol cannot leave its program");
      default: return value === null ? "null" : (this.known(value) ?? this.object(value, depth));
    }
  }

  object(value, depth) {
    const inner = (items) => "[" + items.map((item) => this.write(item, depth + 1)).join(",") + "]";
    const tag = (name, text) => `{"$${name}":${text}}`;
    if (Array.isArray(value)) return inner(Array.from(value));
    if (types.isMap(value)) return tag(this.js ? "map" : "dict", inner([...value]));
    if (types.isSet(value)) return tag("set", inner([...value]));
    if (types.isBoxedPrimitive(value)) return this.write(value.valueOf(), depth + 1);
    if (types.isUint8Array(value)) return tag("bytes", JSON.stringify(Buffer.from(value).toString("hex")));
    if (types.isTypedArray(value)) return inner(Array.from(value));
    if (types.isPromise(value)) throw new TypeError("a promise inside of a value cannot leave its program");
    if (this.js && types.isDate(value)) return tag("date", numberText(value.getTime()));
    if (this.js && types.isRegExp(value)) return tag("regexp", inner([value.source, value.flags]));
    if (types.isNativeError(value)) return tag(this.js ? "error" : "dict", this.error(value, inner));
    if (!this.lend && Symbol.iterator in value) return inner(firstOf(value));
    if (isRecord(value) || !this.lend) return this.record(value, depth, inner);
    return this.borrowed(value, "an object");
  }

  error(value, inner) {
    const pairs = [["name", String(value.name)], ["message", String(value.message)]];
    return inner(this.js ? pairs.map((pair) => pair[1]) : pairs);
  }

  record(value, depth, inner) {
    const keys = Object.keys(value);
    if (keys.some((key) => key.startsWith("$"))) {
      return `{"$${this.js ? "object" : "dict"}":${inner(keys.map((key) => [key, value[key]]))}}`;
    }
    const pair = (key) => this.count(JSON.stringify(key), key.length) + ":" + this.write(value[key], depth + 1);
    return "{" + keys.map(pair).join(",") + "}";
  }

  borrowed(value, what) {
    if (!this.lend) throw new TypeError(`${what} cannot leave its program`);
    return this.lend(value);
  }
}

function record(pairs) {
  const made = {};
  for (const [key, value] of pairs) {
    // awaited, it would decide whether the rest of a test is ever run
    if (key === "then" && typeof value === "function") throw new TypeError("a record with a method then cannot be passed");
    Object.defineProperty(made, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return made;
}

function bigint(text) {
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}

const FLOATS = { nan: NaN, inf: Infinity, "-inf": -Infinity };

class ForeignError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

function madeError(name, message) {
  const known = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }[name];
  return known ? new known(message) : new ForeignError(name, message);
}

/** Reads what `Writer` or Python wrote. `take(tag, content)` returns what was lent by the other side. */
class Reader {
  constructor(take) {
    this.take = take;
    this.depth = 0;
  }

  read(json) {
    if (json === null || typeof json !== "object") return json;
    if (++this.depth > 2 * MAX_DEPTH + 2) throw new RangeError(`a value nested deeper than ${MAX_DEPTH}`);
    const value = Array.isArray(json) ? json.map((item) => this.read(item)) : this.object(json);
    this.depth -= 1;
    return value;
  }

  object(json) {
    const keys = Object.keys(json);
    if (!keys.some((key) => key.startsWith("$"))) return record(keys.map((key) => [key, this.read(json[key])]));
    return this.tagged(keys[0], json[keys[0]], json);
  }

  tagged(tag, content, json) {
    switch (tag) {
      case "$tuple": case "$deque": return this.read(content);
      case "$array": return this.read(content[1]); // numpy's: type and nested lists
      case "$range": return this.range(...content);
      case "$dict": return this.dict(this.read(content));
      case "$object": return record(this.read(content));
      case "$map": return new Map(this.read(content));
      case "$set": case "$frozenset": return new Set(this.read(content));
      case "$int": return bigint(content);
      case "$float": return content in FLOATS ? FLOATS[content] : Number(content);
      case "$bytes": case "$bytearray": return new Uint8Array(Buffer.from(content, "hex"));
      case "$undefined": return undefined;
      case "$date": return new Date(this.read(content));
      case "$regexp": return new RegExp(content[0], content[1]);
      case "$error": return madeError(content[0], content[1]);
      default: return this.lent(tag, content, json);
    }
  }

  lent(tag, content, json) {
    if (!this.take) throw new TypeError(`no value of JavaScript for ${tag}`);
    return this.take(tag, content, json);
  }

  dict(pairs) {
    return pairs.every(([key]) => typeof key === "string") ? record(pairs) : new Map(pairs);
  }

  range(start, stop, step) {
    const items = [];
    if ((stop - start) / step > MAX_NODES) throw new RangeError(`a range of more than ${MAX_NODES} items`);
    for (let i = start; step > 0 ? i < stop : i > stop; i += step) items.push(i);
    return items;
  }
}

module.exports = { Reader, Writer, madeError };
