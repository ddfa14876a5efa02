// The secrets this plugin was granted, by name. No value ever gets here: write `{{secret:NAME}}` into a header, the
// address or a text body of a request, and the host puts it in. Needs the capability `secrets`.
import host from "steward:plugin/secrets";

import { asking } from "./failure.js";

/** `[{ name, isSet, hosts }]`. */
export const list = () => asking(() => host.list());
/** Asks the owner to set one; `reason` tells them what for, in a sentence. */
export const ask = (name, reason) => asking(() => host.ask(name, reason));
/** What stands for a secret in a request. */
export const placeholder = (name) => `{{secret:${name}}}`;
