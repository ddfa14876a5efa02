// Lines for Steward's log. What is over the limit is dropped and counted.
import host from "steward:plugin/log";

export const debug = (message) => host.write("debug", String(message));
export const info = (message) => host.write("info", String(message));
export const warn = (message) => host.write("warn", String(message));
export const error = (message) => host.write("error", String(message));
