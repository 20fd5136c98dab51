// What every page shares. Pages work without it, less comfortably.
"use strict";

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-toggle]")) {
    const root = document.documentElement;
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.bsTheme);
  }
});

// After a decision the next item opens with its button in the same place: the second half of a
// double click must not decide on it, too.
const shown = Date.now();
document.addEventListener("submit", (event) => {
  const advanced = new URLSearchParams(location.search).has("after");
  if (advanced && Date.now() - shown < 800 && event.target.closest("#panel")) event.preventDefault();
}, true);

// The second half of any other double click sends nothing: the first is on its way.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (Date.now() - (form.dataset.sent ?? 0) < 2000) event.preventDefault();
  else form.dataset.sent = Date.now();
});

// Moments come as UTC; people read them on their own clock.
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    const two = (n) => String(n).padStart(2, "0");
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    const full = `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
    if (time.classList.contains("age")) time.title = full;
    else time.textContent = full;
    time.dataset.local = "";
  }
}
localTimes(document);

// htmx: pieces that arrive later, an answer that never came, and a session that has ended or is
// locked. What was typed stays: it can still be sent once the password was entered.
let typed = false;
const wentTo = (xhr) => new URL(xhr.responseURL || location.href).pathname;
const isOut = (xhr) => wentTo(xhr).startsWith("/accounts/");
// Who types is there, though no page is asked for meanwhile.
let told = Date.now();
document.addEventListener("input", () => {
  typed = true;
  if (Date.now() - told < 300_000) return;
  told = Date.now();
  fetch("/health/live/").catch(() => {});
});
document.addEventListener("htmx:load", (event) => localTimes(event.target));
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isOut(event.detail.xhr)) return;
  event.detail.shouldSwap = false;
  if (!typed) location.reload();
  else if (wentTo(event.detail.xhr).startsWith("/accounts/login"))
    fault("You were signed out, so nothing was done. Copy what you typed, reload the page and sign in.");
  else
    fault("You have been away for too long, so nothing was done. What you typed stays here: open this page in another tab, enter your password there, and press the button here once more.");
});
function fault(text) {
  const box = document.createElement("div");
  box.className = "alert alert-danger";
  box.setAttribute("role", "alert");
  box.textContent = text;
  const dialog = document.querySelector("dialog[open]");
  if (!dialog) return document.getElementById("messages").replaceChildren(box);
  dialog.querySelector(":scope > .alert")?.remove();
  dialog.prepend(box);
}
document.addEventListener("htmx:sendError", () =>
  fault("The server cannot be reached. What is on this page may be old; it asks again by itself."));
document.addEventListener("htmx:responseError", (event) =>
  fault(`The server answered with an error (${event.detail.xhr.status}). Reload the page to see how things stand before you try again.`));
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.successful && !isOut(event.detail.xhr)) document.querySelector("#messages > .alert-danger:not([data-keep])")?.remove();
});

// Texts that an ERP takes only so much of are counted while they are typed. `erp_title` is what the
// ERP gets in place of `title`, if that is so: it stands there while it is needed or used.
function countText(input) {
  const limit = Number(input.dataset.limit);
  const length = [...input.value.replaceAll("\r\n", "\n")].length;
  let counter = input.parentElement.querySelector(".counter");
  if (!counter) {
    counter = document.createElement("div");
    counter.className = "counter";
    counter.id = `${input.id}-counter`;
    input.after(counter);
    input.setAttribute("aria-describedby", counter.id);
  }
  const over = length > limit;
  const own = document.getElementById(`erp_${input.id}`);
  if (own) own.closest(".field").hidden = !over && !own.value;
  counter.hidden = !over && limit > 60 && length < limit * 0.7;
  counter.classList.toggle("is-over", over && !own?.value);
  const erp = input.dataset.limitOf;
  let words = "";
  if (over && own) words = `: ${erp} takes ${limit}, so it ${own.value ? "gets" : "needs"} a text of its own.`;
  else if (over && input.id === "erp-number") words = `. ${erp} takes ${limit}.`;
  else if (over && !input.id.startsWith("erp_")) words = `. It can be saved like this, but not sent: ${erp} takes ${limit}.`;
  counter.textContent = `${length} of ${limit} characters${words}`;
}
document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-limit]")) return;
  countText(target);
  const whole = target.id.startsWith("erp_") && document.getElementById(target.id.slice(4));
  if (whole) countText(whole);
});
document.querySelectorAll("[data-limit]").forEach(countText);
