// The 3D view: one complex by its elements, or several on each other, each in a colour of its own.
const colours = ["#0f6674", "#c26a12", "#6a51a3"];

function makeView(stage) {
  const note = stage.querySelector("#stage-note"), reset = stage.querySelector("#reset"), solid = stage.querySelector("#polyhedron");
  let viewer = null, isOpen = false, shown = [], hasPolyhedron = false;
  function open() {
    if (isOpen) return;
    isOpen = true;
    try {
      viewer = $3Dmol.createViewer("viewer", { backgroundAlpha: 0, antialias: true });
    } catch (error) {
      viewer = null;
    }
  }

  // `shapes` have atoms with the metal first, contacts, with several of them a colour, and of a magnet its axis.
  function add(shape) {
    const model = viewer.addModel(geometry.write(shape.atoms), "xyz");
    const stick = shape.colour ? { radius: 0.1, color: shape.colour } : { radius: 0.11 };
    const ball = shape.colour ? { scale: 0.16 } : { scale: 0.21 };
    model.setStyle({}, { stick, sphere: ball });
    if (shape.colour) model.setStyle({ elem: ["C", "H"] }, { stick, sphere: { scale: 0.14, color: shape.colour } });
    const atoms = model.selectedAtoms({}), centre = atoms[0];
    // Distances decide the bonds of an XYZ file; around the metal, the contacts of quality control are drawn instead.
    for (const atom of atoms) {
      const keep = atom.bonds.map((other, k) => [other, atom.bondOrder[k]]).filter(([other]) => atom !== centre && other !== centre.index);
      atom.bonds = keep.map(([other]) => other);
      atom.bondOrder = keep.map(([, order]) => order);
    }
    for (const donor of shape.contacts)
      viewer.addCylinder({ start: centre, end: atoms[donor], radius: 0.04, color: shape.colour || "#6b7882", dashed: true, dashLength: 0.14, gapLength: 0.12, fromCap: 1, toCap: 1 });
    if (shape.axis) {
      const end = (length) => ({ x: length * shape.axis[0], y: length * shape.axis[1], z: length * shape.axis[2] });
      viewer.addCylinder({ start: end(-4), end: end(4), radius: 0.05, color: "#b3261e", fromCap: 2, toCap: 2 });
    }
    model.setStyle({ index: 0 }, { sphere: { radius: shape.colour ? 0.5 : 0.75, color: shape.colour || "#0f6674" } });
    if (hasPolyhedron && shape.contacts.length > 3) {
      const corners = shape.contacts.map((k) => shape.atoms[k].at);
      const at = ([x, y, z]) => ({ x, y, z });
      const colour = shape.colour || "#0f6674";
      for (const [a, b] of edges(geometry.faces(corners))) viewer.addCylinder({ start: at(corners[a]), end: at(corners[b]), radius: 0.025, color: colour });
    }
  }
  const edges = (faces) => {
    const found = new Map();
    for (const face of faces) for (let k = 0; k < 3; k++) {
      const pair = [face[k], face[(k + 1) % 3]].sort((p, q) => p - q);
      found.set(pair.join(), pair);
    }
    return [...found.values()];
  };
  function paint(keepView) {
    open();
    reset.hidden = solid.hidden = !shown.length;
    if (!viewer) { note.textContent = "This browser shows no 3D (WebGL is off)."; reset.hidden = solid.hidden = true; return; }
    viewer.removeAllModels();
    viewer.removeAllShapes();
    note.textContent = shown.length ? "" : "No geometry is stored for this candidate.";
    shown.forEach(add);
    if (shown.length && !keepView) { viewer.zoomTo(); viewer.zoom(1.1); }
    viewer.render();
  }
  const toggle = () => { hasPolyhedron = !hasPolyhedron; solid.setAttribute("aria-pressed", String(hasPolyhedron)); paint(true); };
  solid.addEventListener("click", toggle);
  reset.addEventListener("click", () => { viewer.zoomTo(); viewer.zoom(1.1); viewer.render(); });
  addEventListener("resize", () => { if (viewer) { viewer.resize(); viewer.render(); } });
  // Opening it takes longest of all, without a graphics card seconds: the table answers before.
  const draw = (shapes) => { shown = shapes; if (isOpen) paint(false); else setTimeout(() => paint(false)); };
  return { draw, toggle };
}
