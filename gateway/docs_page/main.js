// Puts the page together.

import { openAuthorize } from "./authorize.js";
import { element, fill } from "./dom.js";
import { operationView } from "./operation.js";
import { onSession } from "./session.js";
import { Spec } from "./spec.js";
import { inline, paragraphs } from "./text.js";

const find = (id) => document.getElementById(id);
const dialog = find("dialog");
const authorizeNow = () => openAuthorize(dialog);

async function start() {
  const spec = await Spec.load();
  const tags = spec.tags();
  find("title").textContent = spec.info.title;
  document.title = `${spec.info.title} · API`;
  find("version").textContent = spec.info.version;
  fill(find("intro"), element("h1", {}, spec.info.title), paragraphs(spec.info.description));
  fill(find("operations"), tags.map((tag) => section(spec, tag)));
  fill(find("index"), tags.map(indexOf));
  find("operations").setAttribute("aria-busy", "false");
  find("filter").addEventListener("input", (event) => filter(event.target.value));
  window.addEventListener("hashchange", openNamed);
  openNamed();
}

function section(spec, tag) {
  return element("section", { class: "tag", "data-tag": tag.name, "aria-labelledby": `tag-${tag.name}` },
    element("h2", { id: `tag-${tag.name}` }, tag.name),
    tag.description ? element("p", { class: "muted" }, inline(tag.description)) : null,
    tag.operations.map((operation) => operationView(spec, operation, authorizeNow)));
}

function indexOf(tag) {
  return element("div", { class: "group" },
    element("p", { class: "group-name" }, tag.name),
    element("ul", {}, tag.operations.map((operation) => element("li", { "data-words": words(operation) },
      element("a", { href: `#${operation.id}` },
        element("span", { class: `method small ${operation.method.toLowerCase()}` }, operation.method),
        element("span", {}, label(operation)))))));
}

function label(operation) {
  return operation.id.split("_").slice(1).join(" ").replace(/(?<=[a-z])(?=[A-Z])/g, " ") || operation.id;
}

function words(operation) {
  return `${operation.id} ${operation.method} ${operation.path} ${operation.summary}`.toLowerCase();
}

function filter(text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of document.querySelectorAll("#index li")) {
    item.hidden = !wanted.every((word) => item.dataset.words.includes(word));
  }
  for (const group of document.querySelectorAll("#index .group")) {
    group.hidden = !group.querySelector("li:not([hidden])");
  }
}

/** Opens the operation that the address names. */
function openNamed() {
  const target = find(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details.operation")) {
    target.open = true;
    target.scrollIntoView({ block: "start" });
    target.querySelector("summary").focus({ preventScroll: true });
  }
}

find("authorize").addEventListener("click", authorizeNow);
onSession((current) => {
  find("authorize").textContent = current ? `Authorized${current.who ? ` · ${current.who}` : ""}` : "Authorize";
  find("authorize").classList.toggle("on", Boolean(current));
});
start().catch(() => {
  fill(find("operations"), element("p", { class: "error", role: "alert" }, "The description could not be loaded."));
});
