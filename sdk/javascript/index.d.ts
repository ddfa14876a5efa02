// The types of the SDK. Arguments of a tool are typed by its JSON Schema.

/** As much of JSON Schema as tools use. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

/** The value that a schema describes. */
export type Value<S> = S extends { readonly enum: readonly (infer E)[] }
  ? E
  : S extends { readonly type: "string" }
    ? string
    : S extends { readonly type: "number" | "integer" }
      ? number
      : S extends { readonly type: "boolean" }
        ? boolean
        : S extends { readonly type: "array"; readonly items: infer I }
          ? Value<I>[]
          : S extends { readonly properties: infer P }
            ? Fields<P, Given<S, P>>
            : unknown;

/** Names that are always there: required ones and those with a default. */
type Given<S, P> =
  | (S extends { readonly required: readonly (infer R)[] } ? R : never)
  | { [K in keyof P]: P[K] extends { readonly default: unknown } ? K : never }[keyof P];

type Fields<P, G> = { [K in keyof P as K extends G ? K : never]: Value<P[K]> } & {
  [K in keyof P as K extends G ? never : K]?: Value<P[K]>;
};

/** The strongest thing a tool can do; it decides whether the owner is asked first. */
export type Effect = "read" | "write" | "send" | "destructive";

/** A file that goes with an answer. */
export interface Attachment {
  /** Without folders: `chart.svg`. */
  name: string;
  mime: string;
  data: string | Uint8Array;
}

export interface Output {
  /** What the model reads. */
  text: string;
  /** The same for programs; any value that JSON can hold. */
  structured?: unknown;
  attachments?: Attachment[];
}

export interface Tool<S = Schema> {
  /** For the model: what it does and when to use it. */
  description: string;
  /** The arguments: `properties` and `required`. Other arguments are refused. */
  input?: S & Schema;
  /** `read` if nothing is said. */
  effect?: Effect;
  /** Capabilities without which it is useless, such as `kv`. */
  requires?: readonly string[];
  /** Does it, at once: nothing here waits. Text, an output, or any value, which is answered as JSON. */
  run(input: Value<S>): string | Output | object | number | boolean | void;
}

/** Makes the export `tool` of a plugin: `export const tool = defineTools({ … })`. */
export function defineTools<const T extends { readonly [name: string]: unknown }>(tools: {
  [K in keyof T]: Tool<T[K]>;
}): unknown;

export type FailureKind = "invalid" | "denied" | "not-found" | "unavailable" | "failed";

/** Why a call gave nothing; throw it. The text reaches the model: it says what is wrong and what to do instead. */
export class Failure extends Error {
  constructor(kind: FailureKind, message: string);
  readonly kind: FailureKind;
  static invalid(message: string): Failure;
  static denied(message: string): Failure;
  static notFound(message: string): Failure;
  static unavailable(message: string): Failure;
  static failed(message: string): Failure;
}

export const utf8: {
  encode(text: string): Uint8Array;
  decode(bytes: Uint8Array): string;
};

/** The run a call belongs to. */
export namespace run {
  function caller(): { role: string; name: string; session: string; origin: string };
  /** `en`, `ru`. */
  function locale(): string;
  /** `Europe/Berlin`. */
  function timeZone(): string;
  /** `2026-11-20T14:05:00`, on the caller's wall clock. */
  function now(): string;
  /** Milliseconds. */
  function timeLeft(): number;
  /** One short line that the person is shown. */
  function progress(message: string): void;
}

/** Lines for Steward's log. */
export namespace log {
  function debug(message: string): void;
  function info(message: string): void;
  function warn(message: string): void;
  function error(message: string): void;
}

/** The plugin's own small data. Needs the capability `kv`. */
export namespace kv {
  function get(key: string): string | undefined;
  function getBytes(key: string): Uint8Array | undefined;
  function getJson(key: string): unknown;
  /** At most 64 KiB under a key of at most 200 bytes. */
  function set(key: string, value: string | Uint8Array): void;
  function setJson(key: string, value: unknown): void;
  function remove(key: string): void;
  function keys(prefix?: string): string[];
}

/** The memory of the person the plugin works for. Needs the capability `memory`. */
export namespace memory {
  interface Hit {
    path: string;
    /** Counted from 1. */
    firstLine: number;
    lastLine: number;
    /** 0 to 1; to be compared within one search only. */
    score: number;
    /** Information, never instructions. */
    text: string;
    /** Other places with the same text, as `path:first-last`. */
    also: string[];
  }

  interface Source {
    path: string;
    files: number;
    passages: number;
    problems: string[];
  }

  interface State {
    files: number;
    passages: number;
    embedded: number;
    waiting: number;
    model?: string;
    levels: { short: number; medium: number; long: number };
    sources: Source[];
    problems: string[];
  }

  type Forgetting =
    | "level-short"
    | "level-medium"
    | "level-long"
    | "vector"
    | "short-term"
    | "summary"
    | "user-data"
    | "all";

  function files(): { path: string; size: number }[];
  function read(path: string): string;
  function append(path: string, text: string): void;
  /** At most 50 passages, the best first; 8 if nothing is said. */
  function search(query: string, limit?: number): { hits: Hit[]; note?: string };
  function index(path: string): Source;
  function unindex(path: string): void;
  function status(): State;
  function reindex(): State;
  /** Says what was forgotten. Nothing brings it back. */
  function forget(what: Forgetting): string;
  function userData(): { key: string; value: string }[];
  /** Without a value the key is forgotten. */
  function setUserData(key: string, value?: string): void;
}

/** Questions to the model. Needs the capability `model`. */
export namespace model {
  function ask(prompt: string, options?: { system?: string; maxTokens?: number }): string;
}

/** The secrets this plugin was granted, by name. Needs the capability `secrets`. */
export namespace secrets {
  function list(): { name: string; isSet: boolean; hosts: string[] }[];
  function ask(name: string, reason: string): void;
  /** `{{secret:NAME}}`, which the host replaces in a request. */
  function placeholder(name: string): string;
}

/** Requests to the hosts the plugin was granted. Needs the capability `http`. */
export namespace http {
  interface Options {
    /** `GET` if nothing is said. */
    method?: string;
    headers?: { [name: string]: string };
    body?: string | Uint8Array;
  }

  interface Response {
    url: string;
    status: number;
    /** The status is 200 to 299. */
    ok: boolean;
    /** Names in small letters. */
    headers: { [name: string]: string };
    bytes: Uint8Array;
    text(): string;
    json(): unknown;
  }

  /** The answer, whatever its status. Redirects are not followed. */
  function request(url: string, options?: Options): Response;
  /** The text of a page; a status that is no success is a failure. */
  function getText(url: string, options?: Options): string;
  function getJson(url: string, options?: Options): unknown;
}

declare global {
  /** Lines of the console go to Steward's log. */
  const console: {
    debug(...values: unknown[]): void;
    log(...values: unknown[]): void;
    info(...values: unknown[]): void;
    warn(...values: unknown[]): void;
    error(...values: unknown[]): void;
  };
}
