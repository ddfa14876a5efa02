// `console`, which the engine lacks: its lines go to Steward's log.
import log from "steward:plugin/log";

const word = (value) => {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ? `${value}\n${value.stack}` : String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
};

const at = (level) => (...values) => log.write(level, values.map(word).join(" "));

globalThis.console ??= { debug: at("debug"), log: at("info"), info: at("info"), warn: at("warn"), error: at("error") };
