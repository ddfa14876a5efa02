// The run a call belongs to. Who is calling is told by the host and is never an argument.
import host from "steward:plugin/run";

/** `{ role, name, session, origin }`. */
export const caller = () => host.caller();
/** The caller's language: `en`, `ru`. */
export const locale = () => host.locale();
/** IANA name of the caller's time zone. */
export const timeZone = () => host.timeZone();
/** Date and time on the caller's wall clock: `2026-11-20T14:05:00`. */
export const now = () => host.now();
/** Milliseconds left before this call is ended. */
export const timeLeft = () => host.timeLeft();
/** Shows the person that something is going on: one short line. */
export const progress = (message) => host.progress(String(message));
