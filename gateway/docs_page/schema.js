// Shows a JSON Schema as a list of properties with types, rules and comments.

import { element } from "./dom.js";
import { inline } from "./text.js";

const DEEPEST = 6;

/** The view of a schema: a list of properties for an object, otherwise one line. */
export function schemaView(spec, schema, depth = 0) {
  const resolved = spec.resolve(schema);
  const properties = Object.entries(resolved.properties ?? {});
  if (properties.length === 0) {
    return element("p", { class: "muted" }, typeText(spec, resolved), chips(resolved));
  }
  const required = new Set(resolved.required ?? []);
  return element("ul", { class: "properties" }, properties.map(
    ([name, property]) => propertyView(spec, name, property, required.has(name), depth),
  ));
}

function propertyView(spec, name, property, required, depth) {
  const resolved = spec.resolve(property);
  const nested = nestedObject(spec, resolved);
  return element("li", {},
    element("div", { class: "property" },
      element("code", { class: "name" }, name),
      element("span", { class: "type" }, typeText(spec, resolved)),
      required ? element("span", { class: "chip required" }, "required") : null,
      chips(resolved)),
    resolved.description ? element("p", { class: "comment" }, inline(firstParagraph(resolved.description))) : null,
    nested && depth < DEEPEST
      ? element("details", { class: "nested" },
        element("summary", {}, nested.title),
        schemaView(spec, nested.schema, depth + 1))
      : null);
}

function firstParagraph(text) {
  return text.split("\n\n")[0];
}

/** The object inside of a property, by itself, in an array or beside null. */
function nestedObject(spec, schema) {
  const inner = schema.type === "array" ? spec.resolve(schema.items) : schema;
  const choice = (inner.anyOf ?? []).map((part) => spec.resolve(part)).find((part) => part.properties);
  const object = inner.properties ? inner : choice;
  if (!object) return null;
  return { schema: object, title: schema.type === "array" ? "Each item" : "Its fields" };
}

/** A type in words: `string or null, uuid`. */
export function typeText(spec, schema) {
  const resolved = spec.resolve(schema);
  if (resolved.anyOf && !resolved.type) {
    return resolved.anyOf.map((part) => typeText(spec, part)).join(" or ");
  }
  if ("const" in resolved) return JSON.stringify(resolved.const);
  if (resolved.type === "array") return `array of ${typeText(spec, resolved.items ?? {})}`;
  const kinds = [resolved.type ?? "anything"].flat().join(" or ");
  return resolved.format ? `${kinds}, ${resolved.format}` : kinds;
}

const WORDS = {
  minLength: (n) => `at least ${n} character${n === 1 ? "" : "s"}`,
  maxLength: (n) => `at most ${n} characters`,
  minimum: (n) => `≥ ${n}`,
  maximum: (n) => `≤ ${n}`,
  exclusiveMinimum: (n) => `> ${n}`,
  exclusiveMaximum: (n) => `< ${n}`,
  minItems: (n) => `at least ${n} item${n === 1 ? "" : "s"}`,
  maxItems: (n) => `at most ${n} items`,
};

/** The rules of a schema as small labels. */
function chips(schema) {
  const made = Object.keys(WORDS)
    .filter((key) => key in schema && Math.abs(schema[key]) < 2 ** 31 - 1)
    .map((key) => element("span", { class: "chip" }, WORDS[key](schema[key])));
  for (const value of schema.enum ?? []) {
    if (value !== null) made.push(element("code", { class: "chip" }, JSON.stringify(value)));
  }
  if (schema.pattern) {
    made.push(element("code", { class: "chip pattern", title: "Regular expression" }, schema.pattern));
  }
  return made;
}
