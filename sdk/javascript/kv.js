// The plugin's own small data, kept between calls, apart for each person. Needs the capability `kv`.
import host from "steward:plugin/kv";

import { asking } from "./failure.js";
import { utf8 } from "./text.js";

/** The bytes kept under a key, or `undefined`. */
export function getBytes(key) {
  const value = asking(() => host.get(key));
  return value === null || value === undefined ? undefined : Uint8Array.from(value);
}

/** The text kept under a key, or `undefined`. */
export function get(key) {
  const bytes = getBytes(key);
  return bytes && utf8.decode(bytes);
}

/** The value kept as JSON under a key, or `undefined`. */
export function getJson(key) {
  const text = get(key);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Keeps text or bytes, at most 64 KiB, under a key of at most 200 bytes. On disk when it returns. */
export function set(key, value) {
  const bytes = typeof value === "string" ? utf8.encode(value) : value;
  asking(() => host.set(key, bytes));
}

/** Keeps a value as JSON. */
export function setJson(key, value) {
  set(key, JSON.stringify(value));
}

/** Forgets a key, also one that was never set. */
export function remove(key) {
  asking(() => host.delete(key));
}

/** The keys that begin with a text, in order. */
export function keys(prefix = "") {
  return asking(() => host.list(prefix));
}
