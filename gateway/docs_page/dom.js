// Makes elements. Text goes in as text nodes alone, so that nothing can become markup.

/**
 * Makes an element: `element("a", { href: "#x", class: "plain", onclick: f }, "text", child)`.
 * Attributes that are null, undefined or false are left out; names that begin with "on" listen.
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Empties an element and fills it anew. */
export function fill(target, ...children) {
  target.replaceChildren(...children.flat().filter((child) => child !== null));
  return target;
}

/** A button that copies what `text()` says, and tells so for a moment. */
export function copyButton(label, text) {
  const button = element("button", { type: "button", class: "button small" }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}

/** A lock, closed: 16 by 16 pixels in the colour of the text. */
export function lockIcon() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of [["viewBox", "0 0 16 16"], ["width", "14"], ["height", "14"], ["aria-hidden", "true"]]) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", "M4 7V5a4 4 0 0 1 8 0v2h1v8H3V7zm2 0h4V5a2 2 0 0 0-4 0z");
  path.setAttribute("fill", "currentColor");
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

let counter = 0;

/** A new id, for labels. */
export function newId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}
