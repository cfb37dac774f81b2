// Sends a request and measures it; says the same as a command of curl.

import { BASE } from "./spec.js";

const MOST_BYTES = 256 * 1024;

/** What is to be sent: `{ method, path, headers, body }`, with a token or without. */
export function prepare(operation, values, body, token) {
  let path = operation.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { parameter, value } of values) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value === "") continue;
    else if (parameter.in === "query") query.append(parameter.name, value);
    else headers[parameter.name] = value;
  }
  const text = query.toString();
  if (token && operation.takesToken) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  return { method: operation.method, path: path.slice(1) + (text && `?${text}`), headers, body: body || null };
}

/** Sends it. Answers `{ status, reason, headers, body, bytes, cut, milliseconds }`. */
export async function send({ method, path, headers, body }) {
  const started = performance.now();
  const response = await fetch(new URL(path, BASE), { method, headers, body, credentials: "omit", cache: "no-store" });
  const { text, bytes, cut } = await read(response);
  const milliseconds = performance.now() - started;
  return {
    status: response.status,
    reason: response.statusText,
    headers: [...response.headers],
    body: pretty(text, response.headers.get("content-type") ?? ""),
    bytes,
    cut,
    milliseconds,
  };
}

/** Reads a body to its end, or as much of a long stream as a page can show. */
async function read(response) {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = "";
  let bytes = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    text += decoder.decode(value, { stream: true });
    if (bytes > MOST_BYTES) {
      await reader.cancel();
      return { text, bytes, cut: true };
    }
  }
  return { text: text + decoder.decode(), bytes, cut: false };
}

function pretty(text, type) {
  if (!/^application\/([a-z.+-]+\+)?json/.test(type)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The same request as a command. The token stays out of it: it is read from $TOKEN. */
export function curl({ method, path, headers, body }) {
  const parts = [`curl -X ${method} ${quote(new URL(path, BASE).href)}`];
  for (const [name, value] of Object.entries(headers)) {
    parts.push(name === "Authorization" ? '-H "Authorization: Bearer $TOKEN"' : `-H ${quote(`${name}: ${value}`)}`);
  }
  if (body) parts.push(`--data-raw ${quote(body)}`);
  return parts.join(" \\\n  ");
}

function quote(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
