// The form that calls an operation, and what came back.

import { copyButton, element, fill, newId } from "./dom.js";
import { curl, prepare, send } from "./call.js";
import { onSession, session } from "./session.js";
import { typeText } from "./schema.js";

/** The panel of one operation. */
export function tryView(spec, operation, openAuthorize) {
  const inputs = operation.parameters.map((parameter) => parameterInput(spec, parameter));
  const body = bodyEditor(operation);
  const error = element("p", { class: "error", role: "alert" });
  const result = element("div", { class: "result", role: "status" });
  const button = element("button", { class: "button primary", type: "submit" }, "Send");
  const onsubmit = async (event) => {
    event.preventDefault();
    error.textContent = body?.problem() ?? "";
    if (error.textContent) return;
    const values = inputs.map(({ parameter, control }) => ({ parameter, value: control.value }));
    const request = prepare(operation, values, body?.value(), session()?.token);
    button.disabled = true;
    try {
      fill(result, answerView(await send(request), request));
    } catch {
      error.textContent = "No answer came: the service is out of reach.";
    } finally {
      button.disabled = false;
    }
  };
  const form = element("form", { class: "try", "aria-label": `Try ${operation.id}`, onsubmit },
    element("h4", {}, "Try it"), tokenHint(operation, openAuthorize),
    inputs.map(({ view }) => view), body?.view, error, element("div", { class: "row" }, button), result);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  return form;
}

function tokenHint(operation, openAuthorize) {
  const hint = element("p", { class: "muted" });
  if (!operation.takesToken) return fill(hint, "Needs no token.");
  onSession((current) => {
    if (current) fill(hint, "Sent with your token", current.who ? ` (${current.who})` : "", ".");
    else {
      fill(hint, operation.needsToken ? "Needs a token: " : "Takes a token: ",
        element("button", { type: "button", class: "link", onclick: openAuthorize }, "authorize"), ".");
    }
  });
  return hint;
}

function parameterInput(spec, parameter) {
  const schema = spec.resolve(parameter.schema);
  const id = newId("parameter");
  const choices = schema.enum ?? (schema.type === "boolean" ? ["true", "false"] : null);
  const control = choices
    ? element("select", { id }, ["", ...choices].map((value) => element("option", { value }, value || "—")))
    : element("input", {
      id,
      type: "text",
      required: parameter.required,
      placeholder: typeText(spec, schema),
      autocomplete: "off",
      spellcheck: "false",
    });
  control.name = parameter.name;
  if (parameter.example !== undefined) control.value = parameter.example;
  const view = element("div", { class: "field" },
    element("label", { for: id }, element("code", {}, parameter.name),
      element("span", { class: "muted" }, ` ${parameter.in}${parameter.required ? ", required" : ""}`)),
    control);
  return { parameter, control, view };
}

function bodyEditor(operation) {
  const content = operation.requestBody?.content?.["application/json"];
  if (!content) return null;
  const id = newId("body");
  const text = content.example === undefined ? "{}" : JSON.stringify(content.example, null, 2);
  const control = element("textarea", {
    id, name: "body", rows: Math.min(14, text.split("\n").length + 1), spellcheck: "false", autocomplete: "off",
  });
  control.value = text;
  return {
    view: element("div", { class: "field" },
      element("label", { for: id }, element("code", {}, "body"), element("span", { class: "muted" }, " JSON")),
      control),
    value: () => control.value.trim(),
    problem: () => {
      if (!control.value.trim()) return "";
      try {
        JSON.parse(control.value);
        return "";
      } catch (failure) {
        return `The body is not JSON: ${failure.message}`;
      }
    },
  };
}

function answerView(answer, request) {
  const command = curl(request);
  const headers = answer.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  return [
    element("p", { class: "outcome" },
      element("strong", { class: `status s${Math.floor(answer.status / 100)}` }, `${answer.status} ${answer.reason}`),
      element("span", { class: "muted" }, `${answer.milliseconds.toFixed(0)} ms · ${answer.bytes} bytes`)),
    part("Body", answer.body || "(empty)", "answer-body", true),
    answer.cut ? element("p", { class: "muted" }, "The rest is not shown.") : null,
    part("Headers", headers, "answer-headers", false),
    part("curl", command, "answer-curl", false),
  ];
}

function part(title, text, name, open) {
  return element("details", { class: "part", open },
    element("summary", {}, title),
    element("div", { class: "code" }, copyButton("Copy", () => text),
      element("pre", { class: name, tabindex: "0", "aria-label": title }, text)));
}
