// Math.random. The engine's own would give the same numbers in every call, for its state was frozen when the component
// was built; this one is seeded anew from the host in each call that uses it. It is not for secrets.
import host from "wasi:random/random";

let state;

/** Forgets the seed: the next number asks the host for another. */
export function reseed() {
  state = undefined;
}

function seeded() {
  const bytes = host.getRandomBytes(16);
  const word = (at) => (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  return [word(0), word(4), word(8), word(12) | 1];
}

/** 32 bits of Chris Doty-Humphrey's sfc32. */
function next() {
  state ??= seeded();
  const [a, b, c, counter] = state;
  const out = (a + b + counter) >>> 0;
  state = [(b ^ (b >>> 9)) >>> 0, (c + (c << 3)) >>> 0, (((c << 21) | (c >>> 11)) + out) >>> 0, (counter + 1) >>> 0];
  return out;
}

Math.random = () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
