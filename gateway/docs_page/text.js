// The little of CommonMark that the descriptions use: paragraphs, lists, `code` and **strong**.
// Reasons stand out as code as well.

import { element } from "./dom.js";

/** Nodes for a description of several paragraphs. */
export function paragraphs(text) {
  return (text ?? "").trim().split(/\n{2,}/).filter(Boolean).map((block) => {
    const lines = block.split("\n");
    if (lines.every((line) => line.startsWith("- "))) {
      return element("ul", {}, lines.map((line) => element("li", {}, inline(line.slice(2)))));
    }
    return element("p", {}, inline(lines.join(" ")));
  });
}

/** Nodes for one line of text. */
export function inline(text) {
  return (text ?? "").split(/(`[^`]+`|\*\*[^*]+\*\*|\b[A-Z]+(?:_[A-Z]+)+\b)/).filter(Boolean).map((part) => {
    if (/^[A-Z]+(?:_[A-Z]+)+$/.test(part)) return element("code", {}, part);
    if (part.startsWith("`")) return element("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return element("strong", {}, part.slice(2, -2));
    return part;
  });
}
