// The access token: kept in this page's memory, and gone with it.

const listeners = [];
let current = null;

/** The token with whom it belongs to, or null. */
export function session() {
  return current;
}

/** Uses a token for the calls that follow; null forgets it. */
export function authorize(token, who = "") {
  current = token ? { token, who } : null;
  for (const listener of listeners) listener(current);
}

/** Calls back now, and at every change. */
export function onSession(listener) {
  listeners.push(listener);
  listener(current);
}
