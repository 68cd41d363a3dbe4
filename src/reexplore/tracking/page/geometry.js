"use strict";
// Coordinates of a complex: reading them, distances, coordination polyhedra and superposition about the metal.
const geometry = (() => {
  const minus = (p, q) => [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
  const dot = (p, q) => p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
  const cross = (p, q) => [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
  const distance = (p, q) => Math.hypot(...minus(p, q));

  // The atoms of XYZ text, the first one, which is the metal, in the origin.
  function read(xyz) {
    const lines = xyz.split("\n"), atoms = [];
    for (let k = 2; k < 2 + Number(lines[0]); k++) {
      const [element, ...at] = lines[k].trim().split(/\s+/);
      atoms.push({ element, at: at.slice(0, 3).map(Number) });
    }
    const origin = atoms[0].at;
    return atoms.map((atom) => ({ element: atom.element, at: minus(atom.at, origin) }));
  }
  const write = (atoms) => [atoms.length, "", ...atoms.map((a) => a.element + " " + a.at.map((x) => x.toFixed(4)).join(" "))].join("\n");

  // An oxygen with two hydrogens and nothing else.
  function isWater(atoms, number) {
    if (atoms[number].element !== "O") return false;
    const near = atoms.filter((a, k) => k > 0 && k !== number && distance(a.at, atoms[number].at) < 1.75);
    const hydrogens = near.filter((a) => a.element === "H" && distance(a.at, atoms[number].at) < 1.2);
    return hydrogens.length === 2 && near.every((a) => a.element === "H");
  }

  // What holds the metal: element, whether it is a water's, and its distance in Å.
  const donors = (atoms, contacts) =>
    contacts.map((number) => ({ number, element: atoms[number].element, water: isWater(atoms, number), angstrom: Math.hypot(...atoms[number].at) }));

  // The faces of the convex polyhedron of some points, as triples of their numbers seen from outside.
  function faces(points) {
    const found = [], centre = [0, 1, 2].map((x) => points.reduce((sum, p) => sum + p[x], 0) / points.length);
    for (let i = 0; i < points.length; i++)
      for (let j = i + 1; j < points.length; j++)
        for (let k = j + 1; k < points.length; k++) {
          let normal = cross(minus(points[j], points[i]), minus(points[k], points[i]));
          const outwards = dot(normal, minus(points[i], centre)) > 0;
          if (!outwards) normal = normal.map((x) => -x);
          if (points.every((p) => dot(normal, minus(p, points[i])) < 1e-6 * Math.hypot(...normal) + 1e-9)) found.push(outwards ? [i, j, k] : [i, k, j]);
        }
    return found;
  }

  // The rotation about the origin that brings points nearest to others (B. K. P. Horn, J. Opt. Soc. Am. A 1987, 4, 629).
  function rotation(moving, fixed) {
    const s = [0, 1, 2].map((a) => [0, 1, 2].map((b) => moving.reduce((sum, p, k) => sum + p[a] * fixed[k][b], 0)));
    const n = [
      [s[0][0] + s[1][1] + s[2][2], s[1][2] - s[2][1], s[2][0] - s[0][2], s[0][1] - s[1][0]],
      [0, s[0][0] - s[1][1] - s[2][2], s[0][1] + s[1][0], s[2][0] + s[0][2]],
      [0, 0, s[1][1] - s[0][0] - s[2][2], s[1][2] + s[2][1]],
      [0, 0, 0, s[2][2] - s[0][0] - s[1][1]],
    ];
    for (let a = 0; a < 4; a++) for (let b = 0; b < a; b++) n[a][b] = n[b][a];
    // The eigenvector of the largest eigenvalue: a shift makes that the largest by size.
    const shift = Math.max(...n.map((row) => row.reduce((sum, x) => sum + Math.abs(x), 0)));
    let q = [1, 0.3, 0.2, 0.1];
    for (let step = 0; step < 500; step++) {
      const next = n.map((row, a) => row.reduce((sum, x, b) => sum + x * q[b], shift * q[a]));
      const size = Math.hypot(...next) || 1;
      q = next.map((x) => x / size);
    }
    const [w, x, y, z] = q;
    return [
      [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
      [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
      [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
    ];
  }
  const turned = (r, p) => r.map((row) => dot(row, p));

  // A complex laid on another, metal on metal: first by the ligands' donors in their order, then also by the waters
  // that came to lie nearest to each other. Returns its atoms and how far donors are apart, in Å (root mean square).
  function superpose(atoms, contacts, onto, ontoContacts) {
    const split = (a, c) => [c.filter((k) => !isWater(a, k)).map((k) => a[k].at), c.filter((k) => isWater(a, k)).map((k) => a[k].at)];
    const [mine, myWaters] = split(atoms, contacts), [theirs, theirWaters] = split(onto, ontoContacts);
    const pairs = mine.slice(0, theirs.length).map((p, k) => [p, theirs[k]]);
    let r = rotation(pairs.map(([p]) => p), pairs.map(([, q]) => q));
    const free = [...theirWaters], near = [];
    for (const water of myWaters) {
      const placed = turned(r, water);
      free.sort((p, q) => distance(p, placed) - distance(q, placed));
      if (free.length) near.push([water, free.shift()]);
    }
    const all = [...pairs, ...near];
    r = rotation(all.map(([p]) => p), all.map(([, q]) => q));
    const squares = all.map(([p, q]) => distance(turned(r, p), q) ** 2);
    return {
      atoms: atoms.map((a) => ({ element: a.element, at: turned(r, a.at) })),
      apart: all.length ? Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / all.length) : null,
    };
  }

  return { read, write, donors, faces, superpose };
})();
