// The part of lodash that test programs use, written anew: `isEqual`.
"use strict";

const { types } = require("util");

function sameNumber(a, b) {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

function equalSets(a, b, seen) {
  if (a.size !== b.size) return false;
  const rest = [...b];
  return [...a].every((item) => {
    const at = rest.findIndex((other) => equal(item, other, seen));
    return at >= 0 && rest.splice(at, 1).length === 1;
  });
}

function equalRecords(a, b, seen) {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.prototype.hasOwnProperty.call(b, key) && equal(a[key], b[key], seen));
}

function kind(value) {
  return Object.prototype.toString.call(value);
}

function equal(a, b, seen = new Map()) {
  if (a === b) return true;
  if (typeof a === "number" && typeof b === "number") return sameNumber(a, b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (kind(a) !== kind(b)) return false;
  if (seen.has(a)) return seen.get(a) === b;
  seen.set(a, b);
  const same = equalObjects(a, b, seen);
  seen.delete(a);
  return same;
}

function equalObjects(a, b, seen) {
  if (Array.isArray(a) || types.isTypedArray(a)) {
    return a.length === b.length && Array.from(a).every((item, i) => equal(item, b[i], seen));
  }
  if (types.isMap(a) || types.isSet(a)) return equalSets(a, b, seen);
  if (types.isDate(a) || types.isBoxedPrimitive(a)) return equal(a.valueOf(), b.valueOf(), seen);
  if (types.isRegExp(a)) return String(a) === String(b);
  if (types.isNativeError(a)) return a.name === b.name && a.message === b.message;
  const makers = [a.constructor, b.constructor];
  if (makers[0] !== makers[1] && "constructor" in a && "constructor" in b) return false;
  return equalRecords(a, b, seen);
}

module.exports = { isEqual: (a, b) => equal(a, b) };
