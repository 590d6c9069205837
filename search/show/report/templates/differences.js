/* The differences between two graphs. */

/** @import { Marks } from "./graph.js" */
/** @import { Candidate, Component, Edge, Graph } from "./wire" */
import { R, byNumber } from "./data.js";
import { INPUT, combinerOf, isNetwork, kindOf, typeOf } from "./kinds.js";

/**
 * The network of an ancestor from which a network's weights originally come.
 * @param {Candidate} one
 * @param {number} i the network's place
 */
function origin(one, i) {
  let at = one,
    where = i;
  for (let hops = 0; hops < 1000; hops++) {
    const from = (at.g.i || []).find(([place]) => place === where),
      parent = from && byNumber.get(from[1]);
    const there = parent ? parent.g.v.findIndex(([name]) => name === from[2]) : -1;
    if (!parent || there < 0) break;
    at = parent;
    where = there;
  }
  return `${at.n}:${where}`;
}

/**
 * Matches the components of a and b: inputs and outputs by name; networks by common inherited weights, or by similar
 * fields and neighbours if they have the same kind and type.
 * @param {Candidate} a
 * @param {Candidate} b
 * @returns {Map<number, number>} the place in b for each matched place in a
 */
function counterparts(a, b) {
  /** @type {Map<number, number>} */
  const pairs = new Map();
  a.g.v.forEach((node, i) => {
    const j = b.g.v.findIndex((other) => !isNetwork(other) && other[0] === node[0] && other[1] === node[1]);
    if (!isNetwork(node) && j >= 0) pairs.set(i, j);
  });
  const mine = a.g.v.flatMap((node, i) => (isNetwork(node) ? [i] : [])),
    theirs = b.g.v.flatMap((node, j) => (isNetwork(node) ? [j] : []));
  const from = mine.map((i) => origin(a, i)),
    to = theirs.map((j) => origin(b, j));
  const fixed = mine.map((i, p) =>
    theirs.map((j, q) => {
      const [x, y] = [a.g.v[i], b.g.v[j]];
      return (
        (from[p] === to[q] ? 30 : 0) +
        (x[1] === y[1] ? 3 : 0) +
        (x[2] === y[2] ? 2 : 0) +
        (x[3] === y[3] ? 1 : 0) +
        (x[4] === y[4] ? 2 : 0)
      );
    }),
  );
  let like = fixed;
  /** @type {(i: number, j: number) => number} */
  const value = (i, j) => {
    if (pairs.has(i)) return pairs.get(i) === j ? 8 : 0;
    const [p, q] = [mine.indexOf(i), theirs.indexOf(j)];
    return p >= 0 && q >= 0 ? like[p][q] : 0;
  };
  /** @type {(g: Graph, i: number, side: 0 | 1) => number[]} */
  const around = (g, i, side) => g.e.filter((edge) => edge[side] === i).map((edge) => edge[side ? 0 : 1]);
  for (let round = 0; round < 4; round++) {
    like = mine.map((i, p) =>
      theirs.map((j, q) => {
        let sum = 0;
        for (const side of /** @type {const} */ ([0, 1])) {
          const [x, y] = [around(a.g, i, side), around(b.g, j, side)];
          for (const k of x) sum += Math.max(0, ...y.map((l) => value(k, l))) / Math.max(x.length, y.length, 1);
        }
        return fixed[p][q] + sum / 4;
      }),
    );
  }
  const ranked = mine.flatMap((i, p) => theirs.map((j, q) => [like[p][q], i, j])).sort((x, y) => y[0] - x[0]);
  const taken = new Set();
  for (const [, i, j] of ranked) {
    const [x, y] = [a.g.v[i], b.g.v[j]];
    const alike = (x[1] === y[1] && x[2] === y[2]) || from[mine.indexOf(i)] === to[theirs.indexOf(j)];
    if (alike && !pairs.has(i) && !taken.has(j)) {
      pairs.set(i, j);
      taken.add(j);
    }
  }
  return pairs;
}

/**
 * The fields of a component as words, without its name.
 * @param {Component} component
 */
const fieldsOf = (component) => ({
  kind: kindOf(component).title,
  type: typeOf(component).title,
  size: component[3],
  layers: component[4] || "none",
  combiner: combinerOf(component)?.sign ?? "none",
});

/**
 * Which parts of two candidates are the same, changed or new, and the changes in words.
 * @param {Candidate} a
 * @param {Candidate} b
 */
export function differences(a, b) {
  const pairs = counterparts(a, b),
    back = new Map([...pairs].map(([i, j]) => [j, i]));
  /** @type {[what: string, which: string, how: string][]} */
  const changes = [];
  /** @type {Marks} */
  const marksA = { v: a.g.v.map(() => "new"), e: a.g.e.map(() => "new") };
  /** @type {Marks} */
  const marksB = { v: b.g.v.map(() => "new"), e: b.g.e.map(() => "new") };
  a.g.v.forEach((node, i) => {
    const j = pairs.get(i);
    if (j === undefined) {
      changes.push(["network", `${node[0]} (${kindOf(node).title})`, `only in ${a.n}`]);
      return;
    }
    const other = b.g.v[j],
      then = new Map(Object.entries(fieldsOf(other)));
    const differ = Object.entries(fieldsOf(node))
      .filter(([name, value]) => value !== then.get(name))
      .map(([name, value]) => `${name} ${value} → ${then.get(name)}`);
    marksA.v[i] = marksB.v[j] = differ.length ? "changed" : "same";
    if (differ.length && node[1] !== INPUT)
      changes.push([
        isNetwork(node) ? "network" : "output",
        node[0] === other[0] ? node[0] : `${node[0]} / ${other[0]}`,
        differ.join("; "),
      ]);
  });
  b.g.v.forEach((node, j) => {
    if (!back.has(j)) changes.push(["network", `${node[0]} (${kindOf(node).title})`, `only in ${b.n}`]);
  });
  const left = new Set(b.g.e.keys());
  /** @type {(g: Graph, edge: Edge) => string} */
  const name = (g, edge) => `${g.v[edge[0]][0]} → ${g.v[edge[1]][0]}`;
  a.g.e.forEach((edge, i) => {
    const j = [...left].find((k) => pairs.get(edge[0]) === b.g.e[k][0] && pairs.get(edge[1]) === b.g.e[k][1]);
    if (j === undefined) {
      changes.push(["connection", name(a.g, edge), `only in ${a.n}`]);
      return;
    }
    left.delete(j);
    const other = b.g.e[j],
      differ = [
        edge[2] !== other[2] && `${R.roles[edge[2]].name} → ${R.roles[other[2]].name}`,
        (edge[3] !== other[3] || edge[4] !== other[4]) &&
          `${edge[3]} of ${edge[4]} → ${other[3]} of ${other[4]} variables`,
      ].filter(Boolean);
    marksA.e[i] = marksB.e[j] = differ.length ? "changed" : "same";
    if (differ.length) changes.push(["connection", name(a.g, edge), differ.join("; ")]);
  });
  for (const j of left) changes.push(["connection", name(b.g, b.g.e[j]), `only in ${b.n}`]);
  const renamed = new Map([...pairs].map(([i, j]) => [a.g.v[i][0], b.g.v[j][0]])),
    rest = [...b.g.l];
  for (const [code, prediction, , beta] of a.g.l) {
    const at = rest.findIndex((other) => other[0] === code && other[1] === (renamed.get(prediction) ?? prediction));
    const text = `${code} of ${prediction}`;
    if (at < 0) changes.push(["loss", text, `only in ${a.n}, β ${beta}`]);
    else if (rest[at][3] !== beta) {
      changes.push(["loss", text, `β ${beta} → ${rest[at][3]}`]);
      const i = a.g.v.findIndex(([which]) => which === prediction),
        j = pairs.get(i);
      if (j !== undefined && marksA.v[i] === "same") marksA.v[i] = marksB.v[j] = "changed";
    }
    if (at >= 0) rest.splice(at, 1);
  }
  for (const [code, prediction, , beta] of rest)
    changes.push(["loss", `${code} of ${prediction}`, `only in ${b.n}, β ${beta}`]);
  if (a.lr !== b.lr) changes.push(["training", "learning rate", `${a.lr} → ${b.lr}`]);
  if (a.b !== b.b) changes.push(["training", "losses balanced by", `${a.b} → ${b.b}`]);
  return { marksA, marksB, changes };
}
