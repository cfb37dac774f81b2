// Shows one operation: who may call it, what it takes, what it answers, and the form to try it.

import { element, lockIcon } from "./dom.js";
import { schemaView, typeText } from "./schema.js";
import { inline, paragraphs } from "./text.js";
import { tryView } from "./try.js";

// Refusals that say something about an operation, even where others have the same.
const OWN = new Set(["401", "403", "404", "409"]);

/** The view of an operation; its inside is made when it is opened for the first time. */
export function operationView(spec, operation, openAuthorize) {
  const inside = element("div", { class: "inside" });
  const view = element("details", { class: "operation", id: operation.id },
    element("summary", {},
      element("span", { class: `method ${operation.method.toLowerCase()}` }, operation.method),
      element("code", { class: "path" }, breakable(operation.path)),
      element("span", { class: "summary" }, inline(operation.summary)),
      callers(operation)),
    inside);
  view.addEventListener("toggle", () => {
    if (view.open && !inside.hasChildNodes()) {
      inside.append(description(spec, operation), tryView(spec, operation, openAuthorize));
    }
  });
  return view;
}

/** A path that may be broken after its slashes. */
function breakable(path) {
  return path.split(/(?<=\/)/).flatMap((part) => [part, element("wbr")]);
}

function callers(operation) {
  const open = !operation.needsToken;
  const title = open ? "Open to anyone" : `For ${(operation["x-roles"] ?? []).join(", ")}`;
  return element("span", { class: "lock", title }, element("span", { class: "hidden" }, title), open ? null : lockIcon());
}

function description(spec, operation) {
  return element("div", { class: "about" },
    paragraphs(operation.description),
    roles(operation),
    parameters(spec, operation),
    body(spec, operation),
    answers(spec, operation));
}

/** Its own answers, and below them those that any call can meet. */
function answers(spec, operation) {
  const all = Object.entries(operation.responses);
  const common = all.filter(([status, response]) => response.$ref && !OWN.has(status));
  const own = all.filter((entry) => !common.includes(entry));
  const show = ([status, response]) => answer(spec, status, response);
  return [
    element("h4", {}, "Answers"),
    own.map(show),
    common.length > 0
      ? element("details", { class: "common" },
        element("summary", {}, `Any call: ${common.map(([status]) => status).join(", ")}`),
        common.map(show))
      : null,
  ].flat();
}

function roles(operation) {
  const names = operation["x-roles"];
  if (!names) return null;
  return element("p", { class: "roles" }, names.map((name) => element("span", { class: "chip role" }, name)));
}

function parameters(spec, operation) {
  if (operation.parameters.length === 0) return null;
  const properties = Object.fromEntries(operation.parameters.map((parameter) => [
    parameter.name, { ...spec.resolve(parameter.schema), description: parameter.description },
  ]));
  const required = operation.parameters.filter((parameter) => parameter.required);
  return [
    element("h4", {}, "Parameters"),
    schemaView(spec, { properties, required: required.map((parameter) => parameter.name) }),
  ];
}

function body(spec, operation) {
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  if (!schema) return null;
  return [element("h4", {}, "Body"), schemaView(spec, schema)];
}

function answer(spec, status, reference) {
  const response = spec.resolve(reference);
  const [type, content] = Object.entries(response.content ?? {})[0] ?? [];
  const [first, ...rest] = paragraphs(response.description);
  const failed = Number(status) >= 400;
  const reasons = (response["x-reasons"] ?? []).map((reason) => element("code", { class: "chip" }, reason));
  return element("details", { class: "answer" },
    element("summary", {},
      element("strong", { class: `status s${status[0]}` }, status),
      element("span", {}, failed ? reasons : first?.textContent)),
    failed ? rest : null,
    content && !failed ? [
      element("p", { class: "muted" }, type, content.schema ? ` · ${name(spec, content.schema)}` : ""),
      schemaView(spec, content["x-itemSchema"]?.anyOf?.[0] ?? content.schema)] : null,
    content?.example !== undefined
      ? element("pre", { class: "example", tabindex: "0", "aria-label": `Example of ${status}` }, JSON.stringify(content.example, null, 2))
      : null);
}

function name(spec, schema) {
  return schema.$ref?.split("/").at(-1) ?? typeText(spec, schema);
}
