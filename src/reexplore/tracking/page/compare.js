// Two or three candidates side by side: numbers in a table, and the complexes laid on each other about the metal.
const MOST_COMPARED = 3;

function comparison(cards, ligands) {
  const shapes = [], facts = [];
  let first = null;
  cards.forEach((c, k) => {
    const atoms = c.xyz ? geometry.read(c.xyz) : null;
    let laid = atoms, apart = null;
    if (atoms && first) ({ atoms: laid, apart } = geometry.superpose(atoms, c.contacts, first.atoms, first.contacts));
    if (atoms) shapes.push({ atoms: laid, contacts: c.contacts, colour: colours[k] });
    if (atoms && !first) first = { atoms, contacts: c.contacts };
    const held = atoms ? geometry.donors(atoms, c.contacts) : [];
    const of = (water) => held.filter((d) => d.water === water).map((d) => d.angstrom).sort((p, q) => p - q);
    facts.push({ own: of(false), waters: of(true), apart });
  });
  const each = (value) => cards.map((c, k) => value(c, facts[k], ligands[c.of_ligand]));
  const distances = (values) => (values.length ? values.map((v) => v.toFixed(2)).join(" ") : "–");
  const rows = [
    ["group", each((c) => c.group)],
    ["rank", each((c) => (c.rank === null ? "–" : String(c.rank)))],
    ["label", each((c) => energy(c.dft) + error(c.dft_error))],
    ["predicted", each((c) => energy(c.predicted) + error(c.sigma))],
    ["exchange", each((c) => energy(c.exchange) + error(c.exchange_error))],
    ["calibrated log K", each((c) => energy(c.calibrated) + error(c.calibrated_error))],
    ["SA score", each((c, f, l) => (l.sa_score === null ? "–" : l.sa_score.toFixed(1)))],
    ["status", each((c) => c.status + (c.round === null ? "" : ", round " + c.round + (c.role ? ", " + c.role : "")))],
    ["coordination number", each((c) => (c.contacts.length ? String(c.contacts.length) : "–"))],
    ["M–ligand, Å", each((c, f) => distances(f.own))],
    ["M–water, Å", each((c, f) => distances(f.waters))],
    ["donors apart, Å", each((c, f) => (f.apart === null ? "–" : f.apart.toFixed(2)))],
    ["warnings", each((c) => c.warnings.join("; ") || "–")],
  ].filter(([, values]) => values.some((v) => v !== "–"));
  const table = element("table", { class: "compared" },
    element("thead", {}, element("tr", {}, element("th", {}), ...cards.map((c, k) => {
      const cell = element("th", { scope: "col" }, c.name);
      cell.style.borderTop = "3px solid " + colours[k];
      return cell;
    }))),
    element("tbody", {}, ...rows.map(([name, values]) => element("tr", {}, element("th", { scope: "row" }, name), ...values.map((v) => element("td", {}, v))))));
  const groups = new Set(cards.map((c) => c.group));
  const note = groups.size > 1 ? plain("They are of different groups: ranks and binding energies are not to be compared, exchange energies and distances are.") : null;
  return { shapes, content: [note, table].filter(Boolean) };
}
