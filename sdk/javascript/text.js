// Text and bytes. The engine has no TextEncoder and no TextDecoder; packages that look for them find these.

/** UTF-8: `encode` gives a Uint8Array, `decode` the text, with U+FFFD for what is no UTF-8. */
export const utf8 = { encode, decode };

function encode(text) {
  // Percent-encoding is UTF-8 with every byte but a few written as %XX. Half a surrogate pair is no character.
  const pairs = /[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g;
  const escaped = encodeURIComponent(String(text).replace(pairs, (one) => (one.length === 2 ? one : "\ufffd")));
  const bytes = new Uint8Array(escaped.length);
  let length = 0;
  for (let at = 0; at < escaped.length; at += 1) {
    if (escaped[at] === "%") {
      bytes[length] = parseInt(escaped.slice(at + 1, at + 3), 16);
      at += 2;
    } else {
      bytes[length] = escaped.charCodeAt(at);
    }
    length += 1;
  }
  return bytes.slice(0, length);
}

function decode(bytes) {
  const parts = [];
  let codes = [];
  for (let at = 0; at < bytes.length; ) {
    const [code, length] = character(bytes, at);
    codes.push(code);
    at += length;
    if (codes.length === 4096) {
      parts.push(String.fromCodePoint(...codes));
      codes = [];
    }
  }
  parts.push(String.fromCodePoint(...codes));
  return parts.join("");
}

/** How many bytes a character takes that begins with this one; 0 where none does. */
function lengthAfter(first) {
  if (first >= 0xf5 || first < 0xc2) return 0;
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

/** The character at a place and how many bytes it takes. */
function character(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return [first, 1];
  const length = lengthAfter(first);
  if (length === 0 || at + length > bytes.length) return [0xfffd, 1];
  let code = first & (0x7f >> length);
  for (let next = at + 1; next < at + length; next += 1) {
    if ((bytes[next] & 0xc0) !== 0x80) return [0xfffd, 1];
    code = (code << 6) | (bytes[next] & 0x3f);
  }
  const least = [0, 0, 0x80, 0x800, 0x10000][length];
  const valid = code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return valid ? [code, length] : [0xfffd, 1];
}

if (typeof globalThis.TextEncoder === "undefined") {
  globalThis.TextEncoder = class TextEncoder {
    get encoding() {
      return "utf-8";
    }

    encode(text = "") {
      return encode(text);
    }
  };
}

if (typeof globalThis.TextDecoder === "undefined") {
  globalThis.TextDecoder = class TextDecoder {
    constructor(label = "utf-8") {
      if (!/^utf-?8$/i.test(label)) throw new RangeError(`only UTF-8 can be decoded here, not ${label}`);
    }

    get encoding() {
      return "utf-8";
    }

    decode(bytes = new Uint8Array()) {
      const { buffer = bytes, byteOffset = 0, byteLength } = bytes;
      return decode(new Uint8Array(buffer, byteOffset, byteLength));
    }
  };
}
