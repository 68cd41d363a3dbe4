"use strict";
(() => {
  const candidates = JSON.parse(document.getElementById("data").textContent);
  const picker = document.getElementById("group");
  if (!picker) return;
  const table = document.getElementById("candidates");
  const card = document.getElementById("card");
  const note = document.getElementById("stage-note");
  const reset = document.getElementById("reset");
  const bodies = [...table.tBodies];
  const points = [...document.querySelectorAll(".point")];
  const chosenIn = new Map();

  // ---- the card ------------------------------------------------------------------------------
  const minus = (text) => text.replace("-", "−");
  const energy = (value) => (value === null ? "–" : minus(value.toFixed(1)));
  const error = (value) => (value === null ? "" : " ± " + value.toFixed(1));
  const element = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  };
  const line = (name, value, unit, main) =>
    element("tr", main ? { class: "main" } : {}, element("th", { scope: "row" }, name), element("td", {}, value, element("small", {}, " " + unit)));

  // ---- deciding: the page is a file and changes nothing, so it hands over the command ------------
  const verdicts = { promote: "label it next", reject: "take it out of the pool", hold: "let it wait", clear: "take back what was decided" };
  // Within these quotes a shell obeys nothing but the quote itself.
  const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
  function deciding(c) {
    const said = c.decisions.map((d) => element("p", { class: "decided" }, d.said + (d.via === "MLflow" ? " (tag in MLflow)" : "") + (d.family ? " (family " + d.family + ")" : "")));
    const why = element("input", { placeholder: "why", "aria-label": "why", maxlength: "1000" });
    const line = element("input", { readonly: "", "aria-label": "command to copy" });
    const copy = element("button", { type: "button" }, "copy"), told = element("span", { class: "told", role: "status" });
    const choices = Object.keys(verdicts).filter((verdict) => verdict !== "clear" || c.decided)
      .map((verdict) => element("button", { type: "button", title: verdicts[verdict], "aria-pressed": "false" }, verdict));
    const rest = [why, line, copy, told];
    let chosen = null;
    const write = () => {
      line.value = card.dataset.command.replace("{}", chosen) + " " + c.key + (why.value ? " --why " + quoted(why.value) : "");
      told.textContent = chosen === "reject" && !why.value.trim() ? "Say why: rejected candidates leave the pool with the reason." : "Give this command in the folder that holds runs/.";
      copy.disabled = chosen === "reject" && !why.value.trim();
    };
    for (const button of choices) button.addEventListener("click", () => {
      for (const other of choices) other.setAttribute("aria-pressed", String(other === button));
      for (const part of rest) part.hidden = false;
      chosen = button.textContent;
      write();
      why.focus();
      told.scrollIntoView({ block: "nearest" });
    });
    why.addEventListener("input", write);
    line.addEventListener("focus", () => line.select());
    copy.addEventListener("click", () => {
      // Inside MLflow's frame there is no clipboard but that of a selection.
      line.select();
      told.textContent = document.execCommand("copy") ? "Copied: give it in the folder that holds runs/." : "Marked: copy it with Ctrl-C.";
    });
    for (const part of rest) part.hidden = true;
    return [element("p", { class: "rule" }, "Decide"), ...said, element("div", { class: "decide" }, ...choices, ...rest)];
  }

  function describe(c) {
    const rows = [];
    if (c.dft !== null) rows.push(line("label", energy(c.dft) + error(c.dft_error), "kcal/mol", true));
    if (c.predicted !== null) rows.push(line("predicted", energy(c.predicted) + error(c.sigma), "kcal/mol", c.dft === null));
    if (c.exchange !== null) rows.push(line("exchange with the aqua ion", energy(c.exchange) + error(c.exchange_error), "kcal/mol"));
    for (const [waters, above] of Object.entries(c.other_waters)) rows.push(line("free energy above it with " + waters + " waters", energy(above), "kcal/mol"));
    if (c.log_k !== null) rows.push(line(c.constant + ", as computed", energy(c.log_k), ""));
    if (c.calibrated !== null) rows.push(line(c.constant + ", calibrated on anchors", energy(c.calibrated) + error(c.calibrated_error), ""));
    for (const [part, free, logP] of c.transfers) rows.push(line("transfer of the " + part + ", log P " + energy(logP), energy(free), "kcal/mol"));
    const terms = Object.entries(c.terms).map(([name, value]) => line(name, minus(value.toFixed(6)), "Eh"));
    const smiles = element("input", { class: "smiles", readonly: "", "aria-label": "SMILES of the ligand" });
    smiles.value = c.smiles;
    smiles.addEventListener("focus", () => smiles.select());
    const failure = c.failure && element("div", { class: "failure" },
      element("b", {}, c.failure.code), " in " + c.failure.stage + ": " + c.failure.message,
      Object.keys(c.failure.evidence).length
        ? element("code", {}, Object.entries(c.failure.evidence).map(([k, v]) => k + " = " + (typeof v === "string" ? v : JSON.stringify(v))).join("\n"))
        : null);
    card.replaceChildren(
      element("h2", {}, c.name),
      element("p", { class: "sub" }, (c.rank === null ? c.status : "rank " + c.rank + ", " + c.status)
        + (c.round === null ? "" : " in round " + c.round + (c.role ? " (" + c.role + ")" : "")) + " · charge " + minus((c.charge > 0 ? "+" : "") + c.charge)),
      ...(failure ? [failure] : []),
      element("table", {}, ...rows),
      ...c.warnings.map((warning) => element("p", { class: "caveat" }, warning)),
      ...deciding(c),
      element("p", { class: "rule" }, "SMILES of the ligand " + c.ligand), smiles,
      ...(terms.length ? [element("p", { class: "rule" }, "Energies the label is made of"), element("table", {}, ...terms)] : []));
    card.scrollTop = 0;
  }

  // ---- the 3D view ---------------------------------------------------------------------------
  let viewer = null;
  try {
    viewer = $3Dmol.createViewer("viewer", { backgroundAlpha: 0, antialias: true });
  } catch (error) {
    viewer = null;
  }
  function draw(c) {
    reset.hidden = true;
    if (!viewer) { note.textContent = "This browser shows no 3D (WebGL is off)."; return; }
    viewer.removeAllModels();
    viewer.removeAllShapes();
    note.textContent = c.xyz ? "" : "No geometry is stored for this candidate.";
    if (c.xyz) {
      const model = viewer.addModel(c.xyz, "xyz");
      const metal = { elem: c.metal };
      const [centre] = model.selectedAtoms(metal);
      viewer.setStyle({}, { stick: { radius: 0.11 }, sphere: { scale: 0.21 } });
      if (centre) {
        // Distances decide the bonds of an XYZ file; around the metal, the contacts of quality control are drawn instead.
        const atoms = model.selectedAtoms({});
        for (const atom of atoms) {
          const keep = atom.bonds.map((other, k) => [other, atom.bondOrder[k]]).filter(([other]) => atom !== centre && other !== centre.index);
          atom.bonds = keep.map(([other]) => other);
          atom.bondOrder = keep.map(([, order]) => order);
        }
        for (const donor of c.contacts)
          viewer.addCylinder({ start: centre, end: atoms[donor], radius: 0.04, color: "#6b7882", dashed: true, dashLength: 0.14, gapLength: 0.12, fromCap: 1, toCap: 1 });
        viewer.setStyle(metal, { sphere: { radius: 0.75, color: "#0f6674" } });
      }
      viewer.zoomTo();
      viewer.zoom(1.1);
      reset.hidden = false;
    }
    viewer.render();
  }
  reset.addEventListener("click", () => { viewer.zoomTo(); viewer.zoom(1.1); viewer.render(); });
  addEventListener("resize", () => { if (viewer) { viewer.resize(); viewer.render(); } });

  // ---- selecting -----------------------------------------------------------------------------
  const body = () => bodies[picker.value];
  function select(row, focus) {
    for (const other of table.querySelectorAll('tr[aria-selected="true"]')) { other.setAttribute("aria-selected", "false"); other.tabIndex = -1; }
    row.setAttribute("aria-selected", "true");
    row.tabIndex = 0;
    chosenIn.set(picker.value, row);
    if (focus) row.focus({ preventScroll: true });
    const box = table.parentElement, head = table.tHead.offsetHeight;
    if (row.offsetTop - head < box.scrollTop) box.scrollTop = row.offsetTop - head;
    else if (row.offsetTop + row.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = row.offsetTop + row.offsetHeight - box.clientHeight;
    for (const point of points) point.classList.toggle("chosen", point.dataset.key === row.dataset.key);
    describe(candidates[row.dataset.key]);
    draw(candidates[row.dataset.key]);
  }
  function show(index) {
    picker.value = index;
    bodies.forEach((b, k) => { b.hidden = k !== Number(index); });
    points.forEach((p) => p.classList.toggle("here", p.dataset.group === picker.value));
    document.getElementById("previous").disabled = Number(index) === 0;
    document.getElementById("next").disabled = Number(index) === bodies.length - 1;
    select(chosenIn.get(picker.value) || body().rows[0], false);
  }
  picker.addEventListener("change", () => show(picker.value));
  document.getElementById("previous").addEventListener("click", () => show(Number(picker.value) - 1));
  document.getElementById("next").addEventListener("click", () => show(Number(picker.value) + 1));
  table.addEventListener("click", (event) => { const row = event.target.closest("tbody tr"); if (row) select(row, true); });
  table.addEventListener("keydown", (event) => {
    const row = event.target.closest("tbody tr");
    if (!row) return;
    const rows = [...body().rows], at = rows.indexOf(row);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (rows[to]) select(rows[to], true);
  });
  for (const point of points) point.addEventListener("click", () => {
    const row = body().querySelector('tr[data-key="' + CSS.escape(point.dataset.key) + '"]');
    if (row) select(row, false);
  });

  // ---- sorting -------------------------------------------------------------------------------
  for (const heading of table.tHead.rows[0].cells) {
    const button = heading.querySelector("button");
    if (!button) continue;
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numeric = heading.classList.contains("number") || heading.cellIndex === 0;
      const value = (row) => row.cells[heading.cellIndex].dataset.value;
      const order = (p, q) => (numeric ? p - q : p.localeCompare(q)) * (down ? -1 : 1);
      // Rows without a value stay at the end whichever way the column is sorted.
      for (const b of bodies) b.append(...[...b.rows].sort((p, q) => (!value(p) - !value(q)) || order(value(p), value(q))));
    });
  }

  show(0);
})();
