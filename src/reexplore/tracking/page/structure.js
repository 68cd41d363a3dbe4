"use strict";
(() => {
  const { xyz, bonds, contacts, metals } = JSON.parse(document.getElementById("data").textContent);
  let viewer = null;
  try {
    viewer = $3Dmol.createViewer("viewer", { backgroundColor: "white", antialias: true });
  } catch (error) {
    viewer = null;
  }
  if (!viewer) {
    document.getElementById("note").textContent = "This browser shows no 3D (WebGL is off).";
    return;
  }
  const model = viewer.addModel(xyz, "xyz");
  const atoms = model.selectedAtoms({});
  // The bonds are those of quality control, not what the viewer would guess.
  for (const atom of atoms) { atom.bonds = bonds[atom.index]; atom.bondOrder = bonds[atom.index].map(() => 1); }
  viewer.setStyle({}, { stick: { radius: 0.11 }, sphere: { scale: 0.21 } });
  for (const [metal, donor] of contacts)
    viewer.addCylinder({ start: atoms[metal], end: atoms[donor], radius: 0.04, color: "#6b7882", dashed: true, dashLength: 0.14, gapLength: 0.12, fromCap: 1, toCap: 1 });
  for (const metal of metals)
    viewer.setStyle({ index: metal }, { sphere: { radius: 0.75, color: "#0f6674" } });
  viewer.setHoverable({}, true,
    (atom) => { if (!atom.label) atom.label = viewer.addLabel(atom.elem + atom.index, { position: atom, fontSize: 12, backgroundOpacity: 0.7 }); },
    (atom) => { if (atom.label) { viewer.removeLabel(atom.label); delete atom.label; } });
  viewer.zoomTo();
  viewer.render();
})();
