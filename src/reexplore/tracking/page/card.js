// The card of one candidate: its numbers, why it stands where it does, what is near it, and how to decide about it.
const minus = (text) => text.replace("-", "−");
const energy = (value) => (value === null ? "–" : minus(value.toFixed(1)));
const error = (value) => (value === null ? "" : " ± " + value.toFixed(1));
const element = (tag, attributes, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
};
const drawn = (tag, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
};
const line = (name, value, unit, main) =>
  element("tr", main ? { class: "main" } : {}, element("th", { scope: "row" }, name), element("td", {}, value, element("small", {}, " " + unit)));
const rule = (text) => element("p", { class: "rule" }, text);
const plain = (text) => element("p", { class: "text" }, text);
const ordinal = (n) => n + (["th", "st", "nd", "rd"][n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] || "th");
const percent = (share) => Math.round(100 * share) + " %";

// Inside MLflow's frame there is no clipboard but that of a selection.
const copied = (input) => { input.focus(); input.select(); return document.execCommand("copy"); };

// ---- numbers ---------------------------------------------------------------------------------
function numbers(c, ligand) {
  const rows = [];
  if (c.magnet) rows.push(line("first Kramers gap", energy(c.magnet.doublets[1][0]), "cm⁻¹", true));
  if (c.dft !== null) rows.push(line("label", energy(c.dft) + error(c.dft_error), "kcal/mol", true));
  if (c.predicted !== null) rows.push(line("predicted", energy(c.predicted) + error(c.sigma), "kcal/mol", c.dft === null));
  if (c.exchange !== null) rows.push(line("exchange with the aqua ion", energy(c.exchange) + error(c.exchange_error), "kcal/mol"));
  for (const [waters, above] of Object.entries(c.other_waters)) rows.push(line("free energy above it with " + waters + " waters", energy(above), "kcal/mol"));
  if (c.log_k !== null) rows.push(line(c.constant + ", as computed", energy(c.log_k), ""));
  if (c.calibrated !== null) rows.push(line(c.constant + ", calibrated on anchors", energy(c.calibrated) + error(c.calibrated_error), ""));
  for (const [part, free, logP] of c.transfers) rows.push(line("transfer of the " + part + ", log P " + energy(logP), energy(free), "kcal/mol"));
  const terms = Object.entries(c.terms).map(([name, value]) => line(name, minus(value.toFixed(6)), "Eh"));
  const held = [], atoms = c.xyz ? geometry.read(c.xyz) : [];
  if (c.contacts.length) {
    const near = geometry.donors(atoms, c.contacts);
    for (const water of [false, true]) {
      const mine = near.filter((d) => d.water === water).sort((p, q) => p.angstrom - q.angstrom);
      if (mine.length) held.push(line(water ? "waters" : "ligand", mine.map((d) => d.element + " " + d.angstrom.toFixed(2)).join(", "), ""));
    }
  }
  const made = [];
  if (!ligand.limits.some(([name]) => name.startsWith("synthetic"))) made.push([ "SA score, 1 easy to 10 hard", ligand.sa_score, null, null, ""]);
  for (const limit of ligand.limits) made.push(limit);
  const limits = made.filter(([, value]) => value !== null).map(([name, value, least, most, unit]) =>
    line(name, String(Number(value.toPrecision(3))) + unit, [least === null ? "" : "at least " + least, most === null ? "" : "at most " + most].filter(Boolean).join(", ")));
  const smiles = element("input", { class: "smiles", readonly: "", "aria-label": "SMILES of the ligand" });
  smiles.value = c.smiles;
  smiles.addEventListener("focus", () => smiles.select());
  const copy = element("button", { type: "button", class: "copy" }, "copy");
  copy.addEventListener("click", () => { copy.textContent = copied(smiles) ? "copied" : "press Ctrl-C"; });
  const failure = c.failure && element("div", { class: "failure" },
    element("b", {}, c.failure.code), " in " + c.failure.stage + ": " + c.failure.message,
    Object.keys(c.failure.evidence).length
      ? element("code", {}, Object.entries(c.failure.evidence).map(([k, v]) => k + " = " + (typeof v === "string" ? v : JSON.stringify(v))).join("\n"))
      : null);
  return [
    ...(failure ? [failure] : []),
    element("table", {}, ...rows),
    ...(c.magnet ? levels(c.magnet) : []),
    ...c.warnings.map((warning) => element("p", { class: "caveat" }, warning)),
    rule("SMILES of the ligand " + c.ligand), element("div", { class: "copied" }, smiles, copy),
    ...(held.length ? [rule(c.metal + "–donor distances in Å, coordination number " + c.contacts.length), element("table", {}, ...held)] : []),
    ...(limits.length ? [rule("The ligand, and limits of the campaign"), element("table", {}, ...limits)] : []),
    ...(terms.length ? [rule("Energies the label is made of"), element("table", {}, ...terms)] : [])];
}

// ---- the doublets of a magnet ----------------------------------------------------------------
// Levels as lines, their heights in cm⁻¹; beside each one its g factors, the largest last.
function levels(magnet) {
  const high = magnet.doublets[magnet.doublets.length - 1][0] || 1, top = 12, low = 150;
  const lines = magnet.doublets.map(([e, g]) => ({ e, g, y: low - (e / high) * (low - top) }));
  // Numbers that would lie on each other move down.
  let above = -Infinity;
  for (const each of lines.slice().reverse()) above = each.at = Math.max(each.y, above + 13);
  const svg = drawn("svg", { class: "dots", viewBox: "0 0 352 " + (Math.max(low, above) + 10), role: "img", "aria-label": "doublets at " + lines.map(({ e }) => energy(e)).join(", ") + " cm⁻¹" });
  for (const { e, g, y, at } of lines)
    svg.append(drawn("path", { class: "level", d: "M8 " + y + "H112" }), drawn("path", { class: "way", d: "M114 " + y + "L136 " + at }),
      drawn("text", { x: 184, y: at + 4, "text-anchor": "end" }, energy(e)),
      ...g.map((value, k) => drawn("text", { x: 236 + 54 * k, y: at + 4, "text-anchor": "end" }, value.toFixed(value < 1 ? 3 : 2))));
  const told = magnet.tilt === null ? "" : " It lies " + magnet.tilt.toFixed(1) + "° off the line of the axial donors.";
  return [rule("Kramers doublets of the ground multiplet: cm⁻¹, and g₁ g₂ g₃"), svg, plain("The red line in 3D is the magnetic axis of the lowest doublet." + told)];
}

// ---- why -------------------------------------------------------------------------------------
function moved(c) {
  if (c.rank === null || c.rank_before === null) return "";
  const up = c.rank_before - c.rank;
  return up === 0 ? "So it did after the round before." : "After the round before it stood " + ordinal(c.rank_before) + ".";
}
function reason(c, ligand) {
  const told = [], h = c.chosen;
  if (ligand.origin) told.push(plain(ligand.origin));
  if (c.rank !== null)
    told.push(plain("It ranks " + ordinal(c.rank) + " by its " + (c.dft !== null ? "label" : "prediction: it has no label") + ". " + moved(c)));
  if (c.round === null) { told.push(plain("It was not chosen for labelling.")); return told; }
  const place = h && h.among > 1 ? ", " + ordinal(h.place) + " of " + h.among : "";
  const roles = {
    seed: "Round " + c.round + ", seed design" + place + ": there was no model yet, and the first batch differs as much as the lists allow.",
    control: "Round " + c.round + ", control" + place + ": drawn by chance, without a look at the models, so that their errors are measured fairly.",
    promoted: "Round " + c.round + ", by a reviewer" + place + (h && h.by ? ": " + h.by : "") + ".",
    acquisition: "Round " + c.round + ", by the models" + place + (h && h.policy ? ": policy " + h.policy + (h.acquisition ? " (" + h.acquisition + ")" : "") : "") + ".",
  };
  told.push(plain(roles[c.role] || "Round " + c.round + "."));
  if (h && h.predicted !== null) {
    const against = h.reference === null ? "" : "; to surpass was " + energy(h.reference) + (h.reference_is_label ? ", the lowest label of its group" : ", the mean that was predicted of its group, which had no label");
    told.push(plain("Predicted then: " + energy(h.predicted) + error(h.sigma) + " kcal/mol" + against + "."));
  }
  if (h && h.uncertainty_share !== null) {
    const gain = 1 - h.uncertainty_share;
    told.push(element("div", { class: "shares", role: "img", "aria-label": "gain " + percent(gain) + ", uncertainty " + percent(h.uncertainty_share) },
      element("span", { class: "gain", style: "flex-grow:" + gain }), element("span", { class: "unsure", style: "flex-grow:" + h.uncertainty_share })));
    told.push(element("p", { class: "text soft" }, (gain > 0.5 ? "Mostly exploitation: " : "Mostly exploration: ") + "of its expected improvement " + percent(gain)
      + " came from the expected gain and " + percent(h.uncertainty_share) + " from the error bar, of this candidate by itself."));
  }
  return told;
}
function members(c) {
  if (!c.members.length) return [];
  return [rule("What the members of the newest model say, kcal/mol"), dots(c.members.map((value, k) => ["member " + k, value, false, null]), { label: c.dft })];
}

// ---- small plots -----------------------------------------------------------------------------
// One value a line, or with `across` one a column; labels are diamonds, predictions are dots with their error bar.
function dots(values, { label = null, here = null } = {}) {
  const ends = values.flatMap(([, v, , s]) => [v - (s || 0), v + (s || 0)]).concat(label === null ? [] : [label]);
  const low = Math.min(...ends), high = Math.max(...ends), span = high - low || 1;
  const left = 96, right = 300, height = 17, at = (v) => left + ((v - low) / span) * (right - left);
  const svg = drawn("svg", { class: "dots", viewBox: "0 0 352 " + (values.length * height + 4), role: "img", "aria-label": values.map(([n, v]) => n + " " + energy(v)).join(", ") });
  if (label !== null) svg.append(drawn("path", { class: "at", d: "M" + at(label) + " 0V" + (values.length * height + 4) }));
  values.forEach(([name, v, isLabel, s], k) => {
    const y = k * height + 11;
    svg.append(drawn("g", { class: name === here ? "here" : "" },
      drawn("path", { class: "rail", d: "M" + left + " " + y + "H" + right }),
      drawn("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, name.length > 15 ? name.slice(0, 14) + "…" : name),
      s ? drawn("path", { class: "sigma", d: "M" + at(v - s) + " " + y + "H" + at(v + s) }) : null,
      isLabel ? drawn("path", { class: "label", d: "M" + at(v) + " " + (y - 5) + "l5 5-5 5-5-5Z" }) : drawn("circle", { class: "mean", cx: at(v), cy: y, r: 3.4 }),
      drawn("text", { x: right + 10, y: y + 4 }, energy(v))));
  });
  return svg;
}
function series(values, here) {
  const ends = values.flatMap(([, , v, , s]) => [v - (s || 0), v + (s || 0)]);
  const low = Math.min(...ends), high = Math.max(...ends), span = high - low || 1;
  const across = (k) => 44 + ((k + 0.5) * 300) / values.length, up = (v) => 96 - ((v - low) / span) * 84;
  const svg = drawn("svg", { class: "dots series", viewBox: "0 0 352 124", role: "img", "aria-label": values.map(([, n, v]) => n + " " + energy(v)).join(", ") });
  for (const v of [low, high]) svg.append(drawn("path", { class: "rail", d: "M44 " + up(v) + "H348" }), drawn("text", { x: 38, y: up(v) + 4, "text-anchor": "end" }, energy(v)));
  svg.append(drawn("path", { class: "way", d: values.map(([, , v], k) => (k ? "L" : "M") + across(k) + " " + up(v)).join("") }));
  values.forEach(([, name, v, isLabel, s], k) => svg.append(drawn("g", { class: name === here ? "here" : "" },
    drawn("title", {}, name + " " + energy(v) + (isLabel ? ", label" : error(s) + ", predicted")),
    s ? drawn("path", { class: "sigma", d: "M" + across(k) + " " + up(v - s) + "V" + up(v + s) }) : null,
    isLabel ? drawn("path", { class: "label", d: "M" + across(k) + " " + (up(v) - 5) + "l5 5-5 5-5-5Z" }) : drawn("circle", { class: "mean", cx: across(k), cy: up(v), r: 3.4 }),
    drawn("text", { x: across(k), y: 118, "text-anchor": "middle" }, name))));
  return svg;
}

// ---- what is near ----------------------------------------------------------------------------
function near(c, ligand) {
  const told = [];
  const scale = ligand.metals_scale === "exchange" ? "exchange with the aqua ion" : "binding; the bare ions' own hydration is in it";
  if (ligand.metals.length > 1) told.push(rule("The same ligand along the series: " + scale + ", kcal/mol"), series(ligand.metals, c.metal));
  if (c.substituents.length > 1) {
    const here = c.substituents.find(([key]) => key === c.key);
    told.push(rule("One substituent changed: binding, kcal/mol"), dots(c.substituents.map(([, name, v, isLabel, s]) => [name, v, isLabel, s]), { here: here && here[1] }));
  }
  told.push(rule("Nearest labelled ligands, by Tanimoto similarity"));
  if (!ligand.relatives.length) told.push(plain("No other ligand is labelled in this stoichiometry."));
  else told.push(element("table", { class: "relatives" }, ...ligand.relatives.map(([name, smiles, similarity, labels]) => {
    const own = c.metal in labels ? [[c.metal, labels[c.metal]]] : [];
    const values = [...own, ...Object.entries(labels).filter(([metal]) => metal !== c.metal)];
    return element("tr", { title: smiles }, element("th", { scope: "row" }, name, element("small", {}, " " + similarity.toFixed(2))),
      element("td", {}, values.slice(0, 4).map(([metal, v]) => metal + " " + energy(v)).join(", ") + (values.length > 4 ? ", …" : "")));
  })));
  return told;
}

// ---- deciding: the page is a file and changes nothing, so it hands over the command ------------
const verdicts = { promote: "label it next", reject: "take it out of the pool", hold: "let it wait", clear: "take back what was decided" };
// Within these quotes a shell obeys nothing but the quote itself.
const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
function deciding(c, command) {
  const said = c.decisions.map((d) => element("p", { class: "decided" }, d.said + (d.via === "MLflow" ? " (tag in MLflow)" : "") + (d.family ? " (family " + d.family + ")" : "")));
  const why = element("input", { placeholder: "why", "aria-label": "why", maxlength: "1000" });
  const given = element("input", { readonly: "", "aria-label": "command to copy" });
  const copy = element("button", { type: "button" }, "copy"), told = element("span", { class: "told", role: "status" });
  const choices = Object.keys(verdicts).filter((verdict) => verdict !== "clear" || c.decided)
    .map((verdict) => element("button", { type: "button", title: verdicts[verdict], "aria-pressed": "false" }, verdict));
  const rest = [why, given, copy, told];
  let chosen = null;
  const write = () => {
    given.value = command.replace("{}", chosen) + " " + c.key + (why.value ? " --why " + quoted(why.value) : "");
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
  given.addEventListener("focus", () => given.select());
  copy.addEventListener("click", () => { told.textContent = copied(given) ? "Copied: give it in the folder that holds runs/." : "Marked: copy it with Ctrl-C."; });
  for (const part of rest) part.hidden = true;
  return [...said, element("div", { class: "decide" }, ...choices, ...rest)];
}

// ---- the whole -------------------------------------------------------------------------------
function makeCard(card, ligands) {
  let open = "numbers";
  return (c) => {
    const ligand = ligands[c.of_ligand];
    const parts = { numbers: numbers(c, ligand), why: [...reason(c, ligand), ...members(c)], near: near(c, ligand), decide: deciding(c, card.dataset.command) };
    const titles = { numbers: "Numbers", why: "Why here", near: "What is near", decide: "Decide" };
    const panels = {}, tabs = {};
    for (const [name, content] of Object.entries(parts)) {
      panels[name] = element("div", { role: "tabpanel", id: "panel-" + name, "aria-label": titles[name] }, ...content);
      tabs[name] = element("button", { type: "button", role: "tab", "aria-controls": "panel-" + name }, titles[name]);
      tabs[name].addEventListener("click", () => show(name));
    }
    const show = (name) => {
      open = name;
      for (const each of Object.keys(panels)) { panels[each].hidden = each !== name; tabs[each].setAttribute("aria-selected", String(each === name)); }
      card.scrollTop = 0;
    };
    if (c.decisions.length) tabs.decide.textContent += " · " + c.decisions.length;
    card.replaceChildren(
      element("h2", {}, c.name),
      element("p", { class: "sub" }, (c.rank === null ? c.status : "rank " + c.rank + ", " + c.status)
        + (c.round === null ? "" : " in round " + c.round + (c.role ? " (" + c.role + ")" : "")) + " · charge " + minus((c.charge > 0 ? "+" : "") + c.charge)),
      element("div", { class: "tabs", role: "tablist" }, ...Object.values(tabs)),
      ...Object.values(panels));
    show(open);
  };
}
