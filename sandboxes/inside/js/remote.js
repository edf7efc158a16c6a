// The tester's view of a candidate: stubs and handles that look like functions and objects, each use one question.
"use strict";

const { receive, sendText } = require("./frames.js");
const { Reader, Writer, madeError } = require("./plain.js");

/** What the candidate sent cannot be an honest answer. */
class ProtocolError extends Error {}

/** The candidate's process ended before its answer. */
class GoneError extends Error {}

const WELL_KNOWN = new Map(
  ["iterator", "asyncIterator", "toPrimitive", "hasInstance"].map((name) => [Symbol[name], `@@${name}`]),
);

const ITERATION = new Set(["@@iterator", "@@asyncIterator", "next", "return"]);

/** Bound, it can be called and constructed and has no property that a proxy would have to own up to. */
function CALLABLE() {}

function keyName(key) {
  return typeof key === "string" ? key : WELL_KNOWN.get(key);
}

class Remote {
  /** `fatal(error)` never returns: no test may catch what it is told, a broken protocol or a candidate that is gone. */
  constructor(fd, inPlace, fatal) {
    this.fd = fd;
    this.inPlace = inPlace;
    this.fatal = fatal;
    this.calls = 0;
    this.objects = 0;
    this.forgeable = false;
    this.raised = new WeakSet();
    this.references = new WeakMap();
    this.handles = new Map();
    this.callbacks = [];
    this.js = false;
    this.making = false;
    this.reader = new Reader((tag, content, json) => this.take(tag, content, json));
  }

  /** Returns what the candidate says of itself when it has been loaded. */
  greet() {
    const greeting = this.message();
    this.js = greeting.dialect === "js";
    return greeting;
  }

  message() {
    let message;
    try {
      message = receive(this.fd);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error; // ours to mend
      this.fatal(new ProtocolError(error.message));
    }
    if (message === null) this.fatal(new GoneError("the candidate ended before its answer"));
    if (typeof message !== "object") this.fatal(new ProtocolError("an answer that is no object"));
    return message;
  }

  read(json) {
    try {
      return this.reader.read(json);
    } catch (error) {
      return this.fatal(new ProtocolError(`a value that cannot be read: ${error.message}`));
    }
  }

  send(text) {
    try {
      sendText(this.fd, text);
    } catch (error) {
      if (error.code !== "EPIPE" && error.code !== "ECONNRESET") throw error;
      this.fatal(new GoneError("the candidate ended before it was called"));
    }
  }

  written(value) {
    return new Writer(this.js, (lent) => this.lend(lent), (held) => this.reference(held)).write(value);
  }

  reference(value) {
    const reference = this.references.get(value);
    return reference && standsFor(reference);
  }

  lend(value) {
    if (this.references.has(value)) return this.reference(value);
    if (typeof value !== "function") throw new TypeError("an object with a class of its own stays with the tests");
    return `{"$callback":${this.callbacks.push(value) - 1}}`;
  }

  take(tag, n, json) {
    if (tag === "$callback" && Object.hasOwn(this.callbacks, n)) return this.callbacks[n];
    if (tag !== "$handle" || !Number.isInteger(n)) throw new TypeError(`unknown tag ${tag}`);
    const known = this.handles.get(n);
    if (known !== undefined) return known;
    const made = this.proxy({ held: n, made: this.making }, json.type === "function");
    this.handles.set(n, made);
    return made;
  }

  /** Asks the candidate and waits; meanwhile it may call functions that the tests lent it. */
  ask(kind, reference, fields, args) {
    const on = reference.path ? JSON.stringify(reference.path) : String(reference.held);
    const more = Object.entries(fields).map(([name, text]) => `,"${name}":${text}`);
    const dialect = this.js ? ',"dialect":"js"' : "";
    const copies = `,"args":${this.written(args)},"kwargs":{}`;
    this.send(`{"${kind}":${on}${more.join("")}${copies}${dialect}}`);
    for (;;) {
      const message = this.message();
      if ("callback" in message) this.calledBack(message);
      else return this.outcome(message, args, kind === "new" || reference.made === true);
    }
  }

  calledBack(message) {
    let text;
    try {
      const made = this.callbacks[message.callback];
      const called = typeof made === "function" && Array.isArray(message.args);
      if (!called) this.fatal(new ProtocolError("a call of nothing"));
      text = `{"value":${this.written(made(...message.args.map((arg) => this.read(arg))))}}`;
    } catch (error) {
      if (error?.code === "ERR_ASSERTION" && !this.isRaised(error)) this.swallowed ??= error; // the candidate may
      text = JSON.stringify({ error: String(error?.name ?? "Error"), message: String(error?.message ?? error) });
    }
    this.send(text);
  }

  outcome(message, args, making) {
    this.making = making;
    if ("error" in message) {
      const error = this.failure(message);
      if (message.promise === true) return Promise.reject(error);
      throw error;
    }
    if (!("value" in message)) this.fatal(new ProtocolError("an answer without a value"));
    if (this.inPlace && Array.isArray(message.args)) this.update(args, message.args);
    const value = this.read(message.value);
    return message.promise === true ? Promise.resolve(value) : value;
  }

  failure(message) {
    if ("thrown" in message) {
      const thrown = this.read(message.thrown);
      this.lastThrown = { value: thrown };
      return thrown;
    }
    const error = madeError(String(message.error), String(message.message ?? ""));
    this.raised.add(error);
    return error;
  }

  isRaised(error) {
    if (error !== null && typeof error === "object") return this.raised.has(error);
    return this.lastThrown !== undefined && Object.is(this.lastThrown.value, error);
  }

  update(args, changed) {
    args.forEach((arg, i) => {
      const now = this.read(changed[i]);
      if (Array.isArray(arg) && Array.isArray(now)) arg.splice(0, arg.length, ...now);
      else if (arg instanceof Map && now instanceof Map) refill(arg, (map) => now.forEach((v, k) => map.set(k, v)));
      else if (arg instanceof Set && now instanceof Set) refill(arg, (set) => now.forEach((v) => set.add(v)));
      else if (isRecord(arg) && isRecord(now)) {
        Object.keys(arg).forEach((key) => delete arg[key]);
        Object.assign(arg, now);
      }
    });
  }

  called(kind, reference, fields, args) {
    if (reference.path) this.calls += 1;
    else this.objects += 1;
    const place = this.inPlace && kind === "call" ? { in_place: "true", ...fields } : fields;
    return this.ask(kind, reference, place, args);
  }

  /**
   * An object that the tests made with `new` is what they are about. Where a function returned one in place of plain
   * data, what it says of itself (`result.includes(3)`) is its class's opinion; being iterated is not.
   */
  used(kind, reference, key, args = []) {
    this.objects += 1;
    if (!reference.path && !reference.made && !ITERATION.has(key)) this.forgeable = true;
    return this.ask(kind, reference, { key: JSON.stringify(key) }, args);
  }

  /** Returns what looks like a function, class or object of the candidate: {path} for the entry point, or {held}. */
  proxy(reference, callable) {
    const made = new Proxy(callable ? CALLABLE.bind() : {}, this.traps(reference));
    this.references.set(made, reference);
    return made;
  }

  traps(reference) {
    const known = (key) => keyName(key) !== undefined;
    return {
      apply: (_, on, args) => this.called("call", reference, this.onto(on), args),
      construct: (_, args) => this.called("new", reference, {}, args),
      get: (_, key) => (known(key) ? this.got(reference, key) : undefined),
      set: (_, key, value) => known(key) && (this.used("set", reference, keyName(key), [value]), true),
      has: (_, key) => known(key) && this.used("has", reference, keyName(key)) === true,
      ownKeys: () => this.keys(reference),
      getOwnPropertyDescriptor: (_, key) => this.descriptor(reference, key),
    };
  }

  got(reference, key) {
    if (key === "then") return undefined; // promises were awaited there; a `then` of its own would swallow the tests
    if (key === Symbol.hasInstance) return (value) => this.isInstance(reference, value);
    return this.used("get", reference, keyName(key));
  }

  isInstance(reference, value) {
    if (!this.references.has(Object(value))) return false;
    this.forgeable = true;
    return this.used("is", reference, "", [value]) === true;
  }

  onto(on) {
    const reference = this.references.get(Object(on));
    return reference === undefined ? {} : { this: standsFor(reference) };
  }

  keys(reference) {
    this.forgeable = true;
    const keys = this.ask("keys", reference, {}, []);
    return Array.isArray(keys) ? [...new Set(keys.map(String))] : [];
  }

  descriptor(reference, key) {
    if (!this.keys(reference).includes(key)) return undefined;
    return { value: this.got(reference, key), writable: true, enumerable: true, configurable: true };
  }
}

/** What the candidate knows one of its own things by: the entry point by its path, all else by a number. */
function standsFor(reference) {
  return reference.path ? `{"$entry":${JSON.stringify(reference.path)}}` : `{"$held":${reference.held}}`;
}

function refill(collection, fill) {
  collection.clear();
  fill(collection);
}

function isRecord(value) {
  return value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;
}

module.exports = { GoneError, ProtocolError, Remote };
