// The queue by mouse and keyboard. Without it each row's link leads to the page where it is decided.
"use strict";

const queue = () => document.getElementById("queue");
const boxes = () => [...queue().querySelectorAll('input[name="item"]')];
const cents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2 });

// --- Ticking ---

function count() {
  const told = queue().querySelector("[data-ticked]");
  if (!told) return;
  const all = boxes();
  const ticked = all.filter((box) => box.checked);
  for (const box of all) box.closest("tr").classList.toggle("is-ticked", box.checked);
  const sum = ticked.reduce((total, box) => total + Number(box.dataset.cents), 0);
  told.textContent = ticked.length ? `${ticked.length} ticked, ${cents.format(sum / 100)}` : "Nothing ticked";
  for (const button of queue().querySelectorAll("[data-needs-ticks]")) button.disabled = !ticked.length;
  const head = queue().querySelector("[data-tick-all]");
  head.checked = all.length > 0 && ticked.length === all.length;
  head.indeterminate = ticked.length > 0 && ticked.length < all.length;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick-all]")) for (const box of boxes()) box.checked = event.target.checked;
  if (event.target.matches('[data-tick-all], input[name="item"]')) count();
});

// --- The comment of a rejection ---

function ask(button) {
  const dialog = document.getElementById("note-dialog");
  const only = dialog.querySelector('input[name="only"]');
  only.value = button.dataset.noteFor;
  only.disabled = !only.value;
  const ticked = boxes().filter((box) => box.checked).length;
  dialog.querySelector("[data-note-what]").textContent = only.value
    ? button.dataset.name
    : `${ticked} ${ticked === 1 ? "item" : "items"}; all of them get this comment.`;
  dialog.querySelector("textarea").required = !dialog.querySelector("select");
  dialog.showModal();
  dialog.querySelector("textarea").focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-note-for]");
  if (button) ask(button);
  if (event.target.closest("[data-closes-dialog]")) shut();
});
function shut() {
  const dialog = document.getElementById("note-dialog");
  dialog.querySelector("textarea").required = false;
  dialog.close();
}
document.addEventListener("close", (event) => {
  if (event.target.id === "note-dialog") {
    event.target.querySelector("textarea").required = false;
    event.target.querySelector('input[name="only"]').disabled = true;
  }
}, true);

// --- Keys ---

let current = -1;
function stand(at) {
  const rows = [...queue().querySelectorAll("tbody tr")];
  rows[current]?.classList.remove("is-current");
  current = Math.min(rows.length - 1, at);
  if (current < 0) return;
  rows[current].classList.add("is-current");
  rows[current].scrollIntoView({ block: "nearest" });
  rows[current].querySelector("a").focus({ preventScroll: true });
}
const move = (by) => stand(Math.max(0, current + by));
const row = () => queue().querySelectorAll("tbody tr")[current];
const press = (selector) => row()?.querySelector(selector)?.click();

const keys = {
  j: () => move(1),
  k: () => move(-1),
  x: () => press('input[name="item"]'),
  a: () => press('.row-actions button[name="only"]'),
  r: () => press(".row-actions [data-note-for]"),
  "/": () => queue().querySelector('input[type="search"]').focus(),
  "?": () => queue().querySelector(".keys")?.focus(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
  const act = keys[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

// What was decided leaves the view; the next one stands in its place.
document.addEventListener("htmx:load", (event) => {
  if (event.target !== queue()) return;
  stand(current);
  count();
});
count();
