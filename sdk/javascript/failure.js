// Failures: why a call gave nothing. Their text reaches the model, so it says what is wrong and what to do instead.

const KINDS = ["invalid", "denied", "not-found", "unavailable", "failed"];

/** A failure of one of the contract's kinds. Throw it from a tool. */
export class Failure extends Error {
  constructor(kind, message) {
    super(message);
    this.name = "Failure";
    this.kind = KINDS.includes(kind) ? kind : "failed";
  }

  /** The arguments do not fit: say which one, and what would. */
  static invalid(message) {
    return new Failure("invalid", message);
  }

  /** The one who asks may not do this. */
  static denied(message) {
    return new Failure("denied", message);
  }

  /** The thing named does not exist. */
  static notFound(message) {
    return new Failure("not-found", message);
  }

  /** It cannot be done now; trying later may help. */
  static unavailable(message) {
    return new Failure("unavailable", message);
  }

  /** Anything else that went wrong. */
  static failed(message) {
    return new Failure("failed", message);
  }
}

/** The failure that something thrown stands for: a `Failure`, what the host threw, or an error of the program. */
export function failureOf(thrown) {
  if (thrown instanceof Failure) return thrown;
  const told = variantOf(thrown);
  if (told) return new Failure(told.tag, String(told.val));
  if (thrown instanceof Error) return Failure.failed(`${thrown.name}: ${thrown.message}`);
  return Failure.failed(String(thrown));
}

/** What the host threw as `{ tag, val }`, by itself or within an error; `undefined` for anything else. */
export function variantOf(thrown) {
  return [thrown, thrown?.payload].find((one) => typeof one?.tag === "string");
}

/** Calls the host; what it throws becomes a `Failure`. */
export function asking(call) {
  try {
    return call();
  } catch (thrown) {
    throw failureOf(thrown);
  }
}
