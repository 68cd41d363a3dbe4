// The table: groups, filters, sorting, selecting, comparing, and the keyboard.
(() => {
  const { candidates, ligands } = JSON.parse(document.getElementById("data").textContent);
  const picker = document.getElementById("group");
  if (!picker) return;
  const table = document.getElementById("candidates");
  const box = table.parentElement;
  const card = document.getElementById("card");
  const bodies = [...table.tBodies];
  const rows = [...table.querySelectorAll("tr[data-key]")];
  const points = [...document.querySelectorAll(".point")];
  const chosenIn = new Map();
  const view = makeView(document.querySelector(".stage"));
  const describe = makeCard(card, ligands);
  let selected = null, comparing = false;

  // ---- selecting -----------------------------------------------------------------------------
  const visible = () => rows.filter((row) => !row.hidden && !row.parentElement.hidden).sort((p, q) => (p.compareDocumentPosition(q) & 4 ? -1 : 1));
  const shape = (c) => (c.xyz ? [{ atoms: geometry.read(c.xyz), contacts: c.contacts, axis: c.magnet && c.magnet.axis }] : []);
  function select(row, focus) {
    if (selected) { selected.setAttribute("aria-selected", "false"); selected.tabIndex = -1; }
    selected = row;
    row.setAttribute("aria-selected", "true");
    row.tabIndex = 0;
    chosenIn.set(picker.value, row);
    if (focus) row.focus({ preventScroll: true });
    const head = table.tHead.offsetHeight;
    if (row.offsetTop - head < box.scrollTop) box.scrollTop = row.offsetTop - head;
    else if (row.offsetTop + row.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = row.offsetTop + row.offsetHeight - box.clientHeight;
    for (const point of points) point.classList.toggle("chosen", point.dataset.key === row.dataset.key);
    if (!comparing) look();
  }
  function look() {
    const c = candidates[selected.dataset.key];
    describe(c);
    view.draw(shape(c));
  }

  // ---- groups and filters --------------------------------------------------------------------
  const text = document.getElementById("text"), count = document.getElementById("count");
  const facets = [...document.querySelectorAll("select.facet")];
  const everything = picker.options.length - 1;
  const words = new Map(rows.map((row) => {
    const c = candidates[row.dataset.key];
    return [row, [c.name, c.ligand, c.smiles, c.metal, c.status, c.role, c.group, ...c.warnings].join(" ").toLowerCase()
      // A formula is typed with plain digits.
      .replace(/[₀-₉]/g, (digit) => String("₀₁₂₃₄₅₆₇₈₉".indexOf(digit)))];
  }));
  const value = (c, facet) => (facet === "round" ? (c.round === null ? "" : String(c.round)) : facet === "decided" ? c.decided || "" : c[facet] || "");
  function filter() {
    const asked = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const c = candidates[row.dataset.key];
      row.hidden = !(asked.every((word) => words.get(row).includes(word)) && facets.every((f) => !f.value || value(c, f.dataset.facet) === f.value));
    }
    const left = visible();
    const all = rows.filter((row) => !row.parentElement.hidden).length;
    count.textContent = left.length === all ? all + " candidates" : left.length + " of " + all;
    table.classList.toggle("none", !left.length);
    if (left.length && (!selected || selected.hidden || selected.parentElement.hidden)) select(left[0], false);
  }
  function show(index) {
    picker.value = index;
    const all = Number(index) === everything && bodies.length > 1;
    bodies.forEach((b, k) => { b.hidden = !all && k !== Number(index); });
    table.classList.toggle("all", all);
    points.forEach((p) => p.classList.toggle("here", all || p.dataset.group === picker.value));
    document.getElementById("previous").disabled = Number(index) === 0;
    document.getElementById("next").disabled = Number(index) === picker.options.length - 1;
    filter();
    const known = chosenIn.get(picker.value);
    const left = visible();
    if (left.length) select(known && left.includes(known) ? known : left[0], false);
  }
  for (const f of facets) {
    const found = [...new Set(rows.map((row) => value(candidates[row.dataset.key], f.dataset.facet)).filter(Boolean))].sort((p, q) => p.localeCompare(q, undefined, { numeric: true }));
    for (const each of found) f.append(element("option", { value: each }, each));
    f.hidden = found.length < 2;
    f.addEventListener("change", filter);
  }
  text.addEventListener("input", filter);
  picker.addEventListener("change", () => show(picker.value));
  const step = (by) => { const to = Number(picker.value) + by; if (to >= 0 && to < picker.options.length) show(String(to)); };
  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("next").addEventListener("click", () => step(1));

  // ---- comparing -----------------------------------------------------------------------------
  const tray = document.getElementById("tray"), told = document.getElementById("tray-names"), go = document.getElementById("compare"), clear = document.getElementById("clear");
  const ticked = [];
  const boxes = new Map(rows.map((row) => [row.dataset.key, row.querySelector("input[type=checkbox]")]));
  function tick(key) {
    const at = ticked.indexOf(key);
    if (at >= 0) ticked.splice(at, 1);
    else ticked.push(key);
    // Of more than three the first one goes.
    if (ticked.length > MOST_COMPARED) ticked.shift();
    for (const [other, input] of boxes) input.checked = ticked.includes(other);
    tray.hidden = !ticked.length;
    told.textContent = ticked.map((k) => candidates[k].name).join(" · ");
    go.disabled = ticked.length < 2 && !comparing;
    if (comparing) ticked.length > 1 ? beside() : back();
  }
  function beside() {
    comparing = true;
    go.textContent = "back to one";
    const { shapes, content } = comparison(ticked.map((key) => candidates[key]), ligands);
    card.replaceChildren(element("h2", {}, "Side by side"), ...content);
    card.scrollTop = 0;
    view.draw(shapes);
  }
  function back() {
    comparing = false;
    go.textContent = "compare";
    go.disabled = ticked.length < 2;
    look();
  }
  go.addEventListener("click", () => (comparing ? back() : beside()));
  clear.addEventListener("click", () => { for (const key of [...ticked]) tick(key); });
  for (const [key, input] of boxes) input.addEventListener("change", () => tick(key));

  // ---- mouse and keyboard --------------------------------------------------------------------
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-key]");
    if (row && !event.target.closest(".tick")) select(row, true);
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (typing) {
      if (event.key === "Escape" && typing === text) { text.value = ""; filter(); if (selected) selected.focus({ preventScroll: true }); }
      return;
    }
    const left = visible(), at = left.indexOf(selected);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: left.length - 1 }[event.key];
    const inTable = event.target.closest("#candidates tbody");
    const orders = {
      "/": () => text.focus(),
      c: () => selected && tick(selected.dataset.key),
      v: () => !go.disabled && go.click(),
      p: () => view.toggle(),
      s: () => card.querySelector(".copy") && card.querySelector(".copy").click(),
      "[": () => step(-1),
      "]": () => step(1),
    };
    if (to !== undefined && (inTable || event.key.startsWith("Arrow")) && (inTable || event.target === document.body)) {
      event.preventDefault();
      if (left[to]) select(left[to], true);
    } else if (orders[event.key]) {
      event.preventDefault();
      orders[event.key]();
    }
  });
  for (const point of points) point.addEventListener("click", () => {
    const row = rows.find((each) => each.dataset.key === point.dataset.key);
    if (row && !row.hidden && !row.parentElement.hidden) select(row, false);
  });

  // ---- sorting, within each group ------------------------------------------------------------
  for (const heading of table.tHead.rows[0].cells) {
    const button = heading.querySelector("button");
    if (!button) continue;
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numeric = heading.classList.contains("number");
      const cell = (row) => row.cells[heading.cellIndex].dataset.value;
      const order = (p, q) => (numeric ? p - q : p.localeCompare(q)) * (down ? -1 : 1);
      // Rows without a value stay at the end whichever way the column is sorted.
      for (const b of bodies) b.append(...[...b.rows].filter((row) => row.dataset.key).sort((p, q) => (!cell(p) - !cell(q)) || order(cell(p), cell(q))));
    });
  }

  show("0");
})();
