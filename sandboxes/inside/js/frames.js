// Messages on a blocking stream socket: four bytes of length, big-endian, then JSON in ASCII.
"use strict";

const { readSync, writeSync } = require("fs");

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_PARTS = 2_000_000;

function pause() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/** Calls a synchronous read or write until it does something: the descriptor may have been left non-blocking. */
function patiently(action) {
  for (;;) {
    try {
      return action();
    } catch (error) {
      if (error.code !== "EAGAIN" && error.code !== "EINTR") throw error;
      pause();
    }
  }
}

function some(fd, buffer, at) {
  try {
    return readSync(fd, buffer, at, buffer.length - at, null);
  } catch (error) {
    if (error.code === "ECONNRESET") return 0; // the other side ended with something unread
    throw error;
  }
}

function exactly(fd, length) {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const n = patiently(() => some(fd, buffer, at));
    if (n === 0) return null;
    at += n;
  }
  return buffer;
}

/** Refuses what would take far more memory parsed than written: counts commas and brackets outside of strings. */
function bound(body) {
  let parts = 0;
  let quoted = false;
  for (let i = 0; i < body.length; i++) {
    const c = body[i];
    if (c === 0x22) quoted = !quoted;
    else if (quoted && c === 0x5c) i++;
    else if (!quoted && (c === 0x2c || c === 0x5b || c === 0x7b)) parts++;
  }
  if (parts > MAX_PARTS) throw new RangeError(`a message of more than ${MAX_PARTS} parts`);
}

/** Returns the next message, or null at the end of the stream. */
function receive(fd) {
  const head = exactly(fd, 4);
  if (head === null) return null;
  const length = head.readUInt32BE(0);
  if (length > MAX_BYTES) throw new RangeError(`a message of ${length} bytes; at most ${MAX_BYTES} are taken`);
  const body = exactly(fd, length);
  if (body === null) return null;
  if (length > MAX_PARTS) bound(body);
  return JSON.parse(body.toString("utf8"));
}

/** Sends a message that is JSON text already. */
function sendText(fd, text) {
  const ascii = text.replace(/[\u007f-\uffff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  const buffer = Buffer.alloc(4 + ascii.length);
  buffer.writeUInt32BE(ascii.length, 0);
  buffer.write(ascii, 4, "latin1");
  writeAll(fd, buffer);
}

function writeAll(fd, buffer) {
  for (let at = 0; at < buffer.length; ) {
    at += patiently(() => writeSync(fd, buffer, at, buffer.length - at));
  }
}

module.exports = { receive, sendText, writeAll };
