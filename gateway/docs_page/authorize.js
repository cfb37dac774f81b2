// The dialog that logs in, or takes a token that somebody has already.

import { element, fill } from "./dom.js";
import { BASE } from "./spec.js";
import { authorize, session } from "./session.js";

/** Opens the dialog. */
export function openAuthorize(dialog) {
  show(dialog, session() ? signedIn(dialog) : loginForm(dialog));
  if (!dialog.open) dialog.showModal();
}

function show(dialog, ...content) {
  fill(dialog,
    element("div", { class: "dialog-head" },
      element("h2", { id: "dialog-title" }, "Authorize"),
      element("button", { type: "button", class: "button small", onclick: () => dialog.close() }, "Close")),
    content);
  content.flat()[0]?.querySelector("input, button")?.focus();
}

function signedIn(dialog) {
  const forget = () => { authorize(null); show(dialog, loginForm(dialog)); };
  return element("div", { class: "stack" },
    element("p", {}, "Calls carry a token", session().who ? ` of ${session().who}` : "", "."),
    element("p", { class: "muted" }, "It is kept in this page's memory and is gone when the page is."),
    element("div", { class: "row" },
      element("button", { type: "button", class: "button primary", onclick: () => dialog.close() }, "Go on"),
      element("button", { type: "button", class: "button", onclick: forget }, "Forget the token")));
}

function loginForm(dialog) {
  const email = input({ type: "email", name: "email", autocomplete: "username", required: true });
  const password = input({ type: "password", name: "password", autocomplete: "current-password", required: true });
  const token = input({ type: "password", name: "token", autocomplete: "off", spellcheck: "false" });
  const login = form("Log in", "login", async () => {
    const answer = await post("v1/auth/login", { email: email.value, password: password.value });
    if (answer.mfa_challenge) show(dialog, codeForm(dialog, answer.mfa_challenge.challenge_token, email.value));
    else finish(dialog, answer, email.value);
  }, field("E-mail", email), field("Password", password));
  const paste = form("Use this token", "paste", async () => {
    if (!token.value.trim()) throw new Error("Paste an access token first.");
    authorize(token.value.trim());
    dialog.close();
  }, field("Access token", token));
  return element("div", { class: "stack" }, login,
    element("p", { class: "or" }, element("span", {}, "or")), paste,
    element("p", { class: "muted" }, "The token is kept in this page's memory alone."));
}

function codeForm(dialog, challenge, who) {
  const code = input({ name: "totp_code", inputmode: "numeric", autocomplete: "one-time-code", required: true, pattern: "[0-9]{6}", title: "Six digits" });
  return form("Confirm", "code", async () => {
    finish(dialog, await post("v1/auth/mfa", { challenge_token: challenge, totp_code: code.value }), who);
  }, element("p", {}, "This account has a second factor."), field("Code of the authenticator", code));
}

function finish(dialog, answer, who) {
  authorize(answer.access_token, who);
  dialog.close();
}

/** A form that shows what went wrong in its own place. */
function form(label, name, submit, ...fields) {
  const button = element("button", { class: "button primary", type: "submit" }, label);
  const error = element("p", { class: "error", role: "alert" });
  const onsubmit = async (event) => {
    event.preventDefault();
    error.textContent = "";
    button.disabled = true;
    try {
      await submit();
    } catch (failure) {
      error.textContent = failure.message;
    } finally {
      button.disabled = false;
    }
  };
  return element("form", { class: "stack", name, onsubmit }, fields, error, button);
}

function input(attributes) {
  return element("input", { type: "text", ...attributes });
}

function field(label, control) {
  return element("label", { class: "field" }, element("span", {}, label), control);
}

async function post(path, document) {
  const response = await fetch(new URL(path, BASE), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(document),
    credentials: "omit",
  }).catch(() => { throw new Error("The service is out of reach."); });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail || `The service answered ${response.status}.`);
  return answer;
}
