// Requests to the hosts the plugin was granted. Needs the capability `http`.
//
// `host:http` is `wasi:http` under a name that the builder of JavaScript does not know; `steward plugin build` gives it
// its own name again. The builder has WASI's streams itself but not its HTTP, and takes the two for strangers.
import { handle } from "host:http/outgoing-handler";
import * as wasi from "host:http/types";

import { Failure, variantOf } from "./failure.js";
import { utf8 } from "./text.js";

const METHODS = ["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"];
/** The most that a stream takes at once, in bytes. */
const PIECE = 4096;

/** Sends a request and waits for the whole answer, whatever its status. Redirects are not followed. */
export function request(url, { method = "GET", headers = {}, body } = {}) {
  const to = address(url);
  const content = typeof body === "string" ? utf8.encode(body) : body;
  const length = content && { "content-length": String(content.length) };
  const outgoing = prepare(to, method, { ...length, ...headers });
  try {
    const writing = content && attempt(() => outgoing.body());
    const future = handle(outgoing, null);
    try {
      if (writing) write(writing, content);
      return receive(future, url);
    } finally {
      drop(future);
    }
  } catch (thrown) {
    throw thrown instanceof Failure ? thrown : refusal(thrown, to.authority);
  }
}

/** The text of a page; a status that is no success is a failure. */
export function getText(url, options = {}) {
  const response = request(url, options);
  if (response.ok) return response.text();
  const told = `${address(url).authority} answered with ${response.status}`;
  throw response.status === 404 ? Failure.notFound(`${url} does not exist: ${told}`) : Failure.unavailable(told);
}

/** The same, read as JSON. */
export function getJson(url, options = {}) {
  const text = getText(url, options);
  try {
    return JSON.parse(text);
  } catch {
    throw Failure.failed(`${address(url).authority} answered with something that is not JSON`);
  }
}

function address(url) {
  const parts = /^(https?):\/\/([^/?#\s]+)([^#\s]*)/i.exec(url);
  if (!parts) {
    throw Failure.invalid(`\`${url}\` is not an address that can be requested: it begins with https:// and a host`);
  }
  const path = parts[3].startsWith("/") ? parts[3] : `/${parts[3]}`;
  return { scheme: parts[1].toUpperCase(), authority: parts[2], path };
}

function prepare(to, method, headers) {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), utf8.encode(value)]);
  let fields;
  try {
    fields = wasi.Fields.fromList(entries);
  } catch {
    const names = Object.keys(headers).join(", ");
    throw Failure.invalid(`a header cannot be sent, its name or value is not allowed: ${names}`);
  }
  const outgoing = new wasi.OutgoingRequest(fields);
  const known = METHODS.includes(method.toLowerCase());
  attempt(() => outgoing.setMethod(known ? { tag: method.toLowerCase() } : { tag: "other", val: method }));
  attempt(() => outgoing.setScheme({ tag: to.scheme }));
  attempt(() => outgoing.setAuthority(to.authority));
  attempt(() => outgoing.setPathWithQuery(to.path));
  return outgoing;
}

/** Results without a reason: a part of the address that the host does not take. */
function attempt(call) {
  try {
    return call();
  } catch {
    throw Failure.invalid("the method or the address of the request cannot be sent: check their spelling");
  }
}

function write(body, content) {
  const stream = body.write();
  try {
    for (let at = 0; at < content.length; at += PIECE) {
      stream.blockingWriteAndFlush(content.slice(at, at + PIECE));
    }
  } finally {
    drop(stream);
  }
  wasi.OutgoingBody.finish(body, null);
}

function receive(future, url) {
  const ready = future.subscribe();
  ready.block();
  drop(ready);
  const response = opened(opened(future.get()));
  try {
    const [status, headers] = [response.status(), heads(response)];
    const bytes = contents(response);
    return {
      url,
      status,
      ok: status >= 200 && status < 300,
      headers,
      bytes,
      text: () => utf8.decode(bytes),
      json: () => JSON.parse(utf8.decode(bytes)),
    };
  } finally {
    drop(response);
  }
}

/** The value of a result that is a value itself; throws its error. */
function opened(result) {
  if (result?.tag === "ok") return result.val;
  if (result?.tag === "err") throw result.val;
  return result;
}

/** Names in small letters; of a header that is there several times the values are joined by a comma. */
function heads(response) {
  const fields = response.headers();
  const headers = {};
  for (const [name, value] of fields.entries()) {
    const text = utf8.decode(value);
    headers[name] = name in headers ? `${headers[name]}, ${text}` : text;
  }
  drop(fields);
  return headers;
}

function contents(response) {
  const body = response.consume();
  const stream = body.stream();
  const pieces = [];
  try {
    for (;;) pieces.push(stream.blockingRead(65536));
  } catch (thrown) {
    const told = variantOf(thrown);
    drop(told?.val);
    if (told?.tag !== "closed") throw Failure.unavailable("the answer broke off: try again");
  } finally {
    drop(stream);
    drop(body);
  }
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** What belongs to a resource must go before it: the engine's own clearing up keeps no order. */
function drop(resource) {
  resource?.[Symbol.dispose]?.();
}

function refusal(thrown, authority) {
  const told = variantOf(thrown) ?? { tag: String(thrown) };
  switch (told.tag) {
    case "HTTP-request-denied":
    case "destination-IP-prohibited":
      return Failure.denied(`${authority} may not be reached from here`);
    case "HTTP-request-URI-invalid":
    case "HTTP-request-method-invalid":
      return Failure.invalid(`the request to ${authority} cannot be sent: ${told.tag}`);
    case "DNS-error":
    case "destination-not-found":
      return Failure.notFound(`there is no host ${authority}: check the spelling`);
    case "internal-error":
      return Failure.failed(`${authority}: ${told.val ?? "no reason is given"}`);
    default:
      return Failure.unavailable(`${authority} cannot be reached now: ${told.tag}`);
  }
}
