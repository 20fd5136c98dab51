// Lines entered like a spreadsheet. The form works without.
"use strict";

const form = document.getElementById("document-form");
const sheet = form.querySelector("[data-sheet]");
const MOST_LINES = 1000;

for (const one of form.querySelectorAll("[data-needs-script]")) one.hidden = false;
document.getElementById("faults")?.focus();

// --- Money, exactly: whole numbers of the smallest part, never binary fractions ---

const NUMBER = /^[+-]?\$?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?$/;

// {n, scale}: n / 10^scale; null for an empty cell, undefined for what is no number.
function parse(text) {
  let clean = text.trim().replace("−", "-").replaceAll("\u00a0", "");
  if (!clean) return null;
  if (/^\(.*\)$/.test(clean)) clean = `-${clean.slice(1, -1)}`;
  if (clean.length > 40 || !NUMBER.test(clean) || !/\d/.test(clean)) return undefined;
  const [whole, decimals = ""] = clean.replace(/[,$+]/g, "").split(".");
  const digits = `${whole}${decimals}`;
  return { n: BigInt(digits === "-" ? 0 : digits), scale: decimals.length };
}

// Rounded half away from zero, as the server does.
function cents({ n, scale }) {
  if (scale <= 2) return n * 10n ** BigInt(2 - scale);
  const unit = 10n ** BigInt(scale - 2);
  const size = n < 0n ? -n : n;
  const rounded = (size * 2n + unit) / (unit * 2n);
  return n < 0n ? -rounded : rounded;
}

function money(n) {
  const digits = String(n < 0n ? -n : n).padStart(3, "0");
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${n < 0n ? "-" : ""}${whole}.${digits.slice(-2)}`;
}

// --- Leaving without saving ---

let unsaved = document.querySelector(".banner[role=alert]") !== null;
function changed() {
  unsaved = true;
  form.querySelector("[data-unsaved]").hidden = false;
}
form.addEventListener("input", changed);
form.addEventListener("submit", () => { unsaved = false; });
form.querySelector("[data-leave]").addEventListener("click", () => { unsaved = false; });
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

if (sheet) startSheet(sheet);

function startSheet(table) {
  const body = table.tBodies[0];
  const rows = () => [...body.rows];
  const cell = (row, name) => row.querySelector(`[name="line-${name}"]`);
  const cells = (row) => [...row.querySelectorAll("input:not([type=hidden]), textarea")];
  const nameOf = (input) => input.name.replace("line-", "");
  const isBlank = (row) => cells(row).every((input) => !input.value.trim()) && !cell(row, "id").value;
  const blank = body.rows[body.rows.length - 1].cloneNode(true);
  const options = (id) => [...(document.getElementById(id)?.options ?? [])];
  const codes = new Map(options("cost-codes").map((one) => [one.value.toLowerCase(), one]));
  const told = table.querySelector("[data-count]");

  // --- Rows ---

  function number() {
    rows().forEach((row, place) => {
      row.id = `line-${place + 1}`;
      row.querySelector(".line-no span").textContent = place + 1;
      for (const button of row.querySelectorAll("[data-remove-line]")) button.hidden = false;
      for (const one of row.querySelectorAll("[aria-label]"))
        one.setAttribute("aria-label", one.getAttribute("aria-label").replace(/(line) \d+/i, `$1 ${place + 1}`));
    });
  }
  function add() {
    if (body.rows.length >= MOST_LINES) return null;
    const row = body.appendChild(blank.cloneNode(true));
    number();
    return row;
  }
  function remove(row) {
    if (!row.querySelector("[data-remove-line]")) return; // it has to stay
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    if (!body.rows.length || !isBlank(body.rows[body.rows.length - 1])) add();
    number();
    changed();
    total();
    cells(next?.isConnected ? next : body.rows[0])[0].focus();
  }

  // --- What follows from what was typed ---

  function nameCode(row) {
    const found = codes.get(cell(row, "cost_code").value.trim().toLowerCase());
    cell(row, "description").placeholder = found ? found.text : "";
    cell(row, "cost_code").title = found ? found.text : "";
  }
  // What the ERP gets of a line that fits stands where its own text would be typed.
  const most = Number(table.dataset.own);
  const long = (input) => [...input.value.trim()].length > most;
  function showOwn(row) {
    const own = cell(row, "erp_description");
    if (!own) return;
    const said = cell(row, "description");
    own.placeholder = long(said) ? `at most ${most} characters` : said.value.trim();
    own.title = `${[...own.value.trim()].length} of ${most} characters`;
    if (long(own)) own.setAttribute("aria-invalid", "true");
  }
  // The ERP has one line for each cost code and category. It is called by what its lines say, where
  // that is one text; several are summed under other words, and none of them has to fit.
  function showNeeded() {
    if (!most) return;
    const texts = new Map();
    const groups = rows().map((row, place) => {
      const [code, category] = ["cost_code", "category"].map((name) => cell(row, name).value.trim().toLowerCase());
      const group = code && category ? `${code}\n${category}` : place;
      const text = cell(row, "erp_description").value.trim() || cell(row, "description").value.trim();
      texts.set(group, (texts.get(group) ?? new Set()).add(text));
      return group;
    });
    for (const same of texts.values()) same.delete("");
    rows().forEach((row, place) => {
      const own = cell(row, "erp_description");
      const needed = texts.get(groups[place]).size === 1 && long(cell(row, "description")) && !own.value.trim();
      own.classList.toggle("is-needed", needed);
    });
  }
  function multiply(row) {
    if (!cell(row, "quantity")) return;
    const [quantity, unitCost] = ["quantity", "unit_cost"].map((name) => parse(cell(row, name).value));
    const amount = cell(row, "amount");
    amount.readOnly = Boolean(quantity && unitCost);
    amount.tabIndex = amount.readOnly ? -1 : 0;
    if (amount.readOnly)
      amount.value = money(cents({ n: quantity.n * unitCost.n, scale: quantity.scale + unitCost.scale }));
  }
  function total() {
    showNeeded();
    let sum = 0n;
    let lines = 0;
    const targets = new Map();
    rows().forEach((row, place) => {
      if (isBlank(row)) return;
      lines += 1;
      const read = parse(cell(row, "amount").value);
      if (!read) return;
      const worth = cents(read);
      sum += worth;
      const target = cell(row, "target")?.value.trim();
      if (target && !isNewScope(target))
        targets.set(target, [...(targets.get(target) ?? []), [place + 1, worth]]);
    });
    const shown = table.querySelector("[data-total]");
    shown.textContent = money(sum);
    shown.classList.toggle("deduct", sum < 0n);
    told.textContent = lines === 1 ? "1 line" : `${lines} lines`;
    showSums([...targets].filter(([, parts]) => parts.length > 1));
  }
  function showSums(groups) {
    const box = form.querySelector("[data-target-sums]");
    if (!box) return;
    box.hidden = !groups.length;
    box.replaceChildren(...groups.map(([target, parts]) => {
      const line = document.createElement("div");
      const sum = parts.reduce((so, [, worth]) => so + worth, 0n);
      line.textContent = `${target}: ${money(sum)} together (lines ${parts.map(([place]) => place).join(", ")}); the ERP gets one change`;
      return line;
    }));
  }

  // --- Choosing: what was typed or pasted becomes the value of the list ---

  const isNewScope = (text) => /^new( scope)?$/i.test(text);
  const only = (found) => (found.length === 1 ? found[0] : null);
  function choose(input) {
    const text = input.value.trim();
    const all = options(input.getAttribute("list"));
    if (!text || !all.length || nameOf(input) === "unit") return;
    const low = text.toLowerCase();
    const exact = all.find((one) => one.value.toLowerCase() === low);
    const found = exact ?? (nameOf(input) === "target" ? chooseTarget(text, low, all) : nameOf(input) === "cost_code" ? chooseCode(low, all) : only(all.filter((one) => one.value.toLowerCase().startsWith(low))));
    if (found) input.value = found.value;
    if (found && nameOf(input) === "target") fillFrom(input.closest("tr"), found);
  }
  function chooseTarget(text, low, all) {
    if (isNewScope(text)) return all.find((one) => isNewScope(one.value));
    return all.find((one) => one.value.startsWith(`${text} · `)) ?? only(all.filter((one) => one.value.toLowerCase().includes(low)));
  }
  function chooseCode(low, all) {
    return all.find((one) => low.startsWith(`${one.value.toLowerCase()} `)) ??
      only(all.filter((one) => one.text.toLowerCase() === low)) ??
      only(all.filter((one) => one.value.toLowerCase().startsWith(low)));
  }
  function fillFrom(row, option) {
    for (const name of ["cost_code", "category"]) {
      const value = option.dataset[name === "cost_code" ? "code" : name];
      if (value && !cell(row, name).value) cell(row, name).value = value;
    }
  }
  function settle(input) {
    const row = input.closest("tr");
    choose(input);
    if (nameOf(input) === "amount") {
      const read = parse(input.value);
      if (read && read.scale <= 2) input.value = money(cents(read));
    }
    if (["quantity", "unit_cost", "amount"].includes(nameOf(input)) && parse(input.value) === undefined)
      input.setAttribute("aria-invalid", "true");
    nameCode(row);
    showOwn(row);
    multiply(row);
  }

  // --- Pasting ---

  // Tab-separated text as spreadsheets copy it: a cell with a line break or a tab is quoted.
  function grid(text) {
    const table = [[""]];
    let quoted = false;
    for (let at = 0; at < text.length; at += 1) {
      const sign = text[at];
      const row = table[table.length - 1];
      if (quoted) {
        if (sign !== '"') row[row.length - 1] += sign;
        else if (text[at + 1] === '"') { row[row.length - 1] += '"'; at += 1; }
        else quoted = false;
      } else if (sign === '"' && !row[row.length - 1]) quoted = true;
      else if (sign === "\t") row.push("");
      else if (sign === "\n") table.push([""]);
      else row[row.length - 1] += sign;
    }
    return table.filter((row) => row.some((one) => one.trim()));
  }
  const HEADINGS = {
    "cost code": "cost_code", "cost code number": "cost_code", "budget code": "cost_code", code: "cost_code", "sub job": "sub_job", category: "category", "cost type": "category", type: "category",
    description: "description", item: "description", title: "description", "text for the erp": "erp_description", quantity: "quantity", qty: "quantity", unit: "unit", uom: "unit",
    "unit cost": "unit_cost", "unit price": "unit_cost", rate: "unit_cost", amount: "amount", total: "amount", "scheduled value": "amount",
    original: "amount", "original amount": "amount", "original budget": "amount", "original budget amount": "amount", budget: "amount", "budget amount": "amount",
    line: "target", "changes line": "target", commitment: "target", "commitment line": "target", company: "target", vendor: "target",
  };
  function paste(from, pasted) {
    const names = cells(from.closest("tr")).map(nameOf);
    const heads = [...table.tHead.rows[0].cells].slice(1).map((one) => one.textContent.trim().toLowerCase());
    const texts = pasted[0].map((one) => one.trim().toLowerCase());
    const known = texts.map((one) => names[heads.indexOf(one)] ?? HEADINGS[one]);
    // Of several columns for one, that which is called as on the page; else the first.
    const chosen = (name) => [...known.keys()].filter((place) => known[place] === name)
      .sort((a, b) => heads.includes(texts[b]) - heads.includes(texts[a]))[0];
    const headings = known.map((name, place) => (names.includes(name) && chosen(name) === place ? name : undefined));
    const named = pasted.length > 1 && headings.filter(Boolean).length > 1;
    const columns = named ? headings : names.slice(names.indexOf(nameOf(from)));
    let row = from.closest("tr");
    const lines = named ? pasted.slice(1) : pasted;
    // What has no column here, to be told: its headings, or what hangs over where there are none.
    const left = (named ? pasted[0] : pasted.flatMap((line) => line.slice(columns.length)))
      .filter((one, place) => one.trim() && !(named && columns[place]));
    let done = 0;
    for (const line of lines) {
      if (!row) break;
      const filled = columns.map((name, place) => [name && cell(row, name), line[place]]);
      for (const [input, text] of filled)
        if (input && text !== undefined) {
          input.value = text.trim();
          input.removeAttribute("aria-invalid");
        }
      for (const [input] of filled) if (input) settle(input);
      done += 1;
      if (done < lines.length) row = row.nextElementSibling ?? add();
    }
    if (!isBlank(body.rows[body.rows.length - 1])) add();
    changed();
    total();
    told.textContent += done < lines.length ? `; only ${done} of ${lines.length} pasted, more is not possible` : `; ${done} pasted`;
    if (left.length) told.textContent += `; not taken over: ${left.slice(0, 5).join(", ")}${left.length > 5 ? ", …" : ""}`;
  }

  body.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n+$/, "");
    const fromTable = event.clipboardData.getData("text/html").includes("<table");
    const isGrid = text.includes("\t") || (text.includes("\n") && (fromTable || event.target.tagName === "INPUT"));
    if (!isGrid || !event.target.name) return;
    event.preventDefault();
    paste(event.target, grid(text));
  });

  // --- Keys ---

  function move(input, by) {
    const row = by > 0 ? input.closest("tr").nextElementSibling ?? add() : input.closest("tr").previousElementSibling;
    const target = row && cell(row, nameOf(input));
    if (!target) return;
    target.focus();
    target.select();
  }
  body.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!input.name || event.isComposing) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Enter" && plain && !event.shiftKey) {
      event.preventDefault();
      move(input, 1);
    } else if (event.key === "ArrowDown" && plain && !input.list && !input.value.includes("\n")) {
      event.preventDefault();
      move(input, 1);
    } else if (event.key === "ArrowUp" && plain && !input.list && !input.value.includes("\n")) {
      event.preventDefault();
      move(input, -1);
    } else if (event.key.toLowerCase() === "d" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      const above = input.closest("tr").previousElementSibling;
      if (!above || input.readOnly) return;
      input.value = cell(above, nameOf(input)).value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      settle(input);
      total();
    } else if (event.key === "Delete" && event.altKey) {
      event.preventDefault();
      remove(input.closest("tr"));
    }
  });

  body.addEventListener("input", (event) => {
    const row = event.target.closest("tr");
    event.target.removeAttribute("aria-invalid");
    if (["quantity", "unit_cost"].includes(nameOf(event.target))) multiply(row);
    if (nameOf(event.target) === "cost_code") nameCode(row);
    showOwn(row);
    if (row === body.rows[body.rows.length - 1] && !isBlank(row)) add();
    total();
  });
  body.addEventListener("change", (event) => {
    settle(event.target);
    total();
  });
  body.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-line]");
    if (button) remove(button.closest("tr"));
  });
  table.querySelector("[data-add-line]").addEventListener("click", () => {
    const row = isBlank(body.rows[body.rows.length - 1]) ? body.rows[body.rows.length - 1] : add();
    if (row) cells(row)[0].focus();
  });

  if (matchMedia("(max-width: 48rem)").matches)
    while (body.rows.length > 1 && isBlank(body.rows[body.rows.length - 2])) body.rows[body.rows.length - 1].remove();
  number();
  for (const row of rows()) {
    nameCode(row);
    showOwn(row);
    multiply(row);
  }
  total();
}
