/* In what two graphs differ. */

/** Where a network's weights come from in the end: candidate and name, through all ancestors. */
function origin(one, i) {
  let [at, where] = [one, i];
  for (let hops = 0; hops < 1000; hops++) {
    const from = (at.g.i || []).find(([place]) => place === where),
      parent = from && byNumber.get(from[1]);
    const there = parent ? parent.g.v.findIndex(([name]) => name === from[2]) : -1;
    if (there < 0) break;
    [at, where] = [parent, there];
  }
  return `${at.n}:${where}`;
}

/**
 * Which component of b corresponds to which of a: inputs and outputs by name; networks by the weights that they have
 * in common, then by what surrounds them, if they are of one kind and type. Returns by place in a the place in b, or undefined.
 */
function counterparts(a, b) {
  const pairs = new Map();
  const isEnd = ([, kind]) => kind === "in" || kind === "out";
  a.g.v.forEach((node, i) => {
    const j = b.g.v.findIndex((other) => isEnd(other) && other[0] === node[0] && other[1] === node[1]);
    if (isEnd(node) && j >= 0) pairs.set(i, j);
  });
  const mine = a.g.v.flatMap((node, i) => (isEnd(node) ? [] : [i])),
    theirs = b.g.v.flatMap((node, j) => (isEnd(node) ? [] : [j]));
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
  const value = (i, j) => {
    if (pairs.has(i)) return pairs.get(i) === j ? 8 : 0;
    const [p, q] = [mine.indexOf(i), theirs.indexOf(j)];
    return p >= 0 && q >= 0 ? like[p][q] : 0;
  };
  const around = (g, i, side) => g.e.filter((edge) => edge[side] === i).map((edge) => edge[1 - side]);
  for (let round = 0; round < 4; round++) {
    like = mine.map((i, p) =>
      theirs.map((j, q) => {
        let sum = 0;
        for (const side of [0, 1]) {
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
    if (alike && !pairs.has(i) && !taken.has(j)) (pairs.set(i, j), taken.add(j));
  }
  return pairs;
}

/** What is the same, changed or new in each of two candidates, and the changes in words. */
function differences(a, b) {
  const pairs = counterparts(a, b),
    back = new Map([...pairs].map(([i, j]) => [j, i]));
  const fields = ["", "kind", "type", "size", "layers", "combiner"],
    changes = [];
  const marksA = { v: [], e: [] },
    marksB = { v: [], e: [] };
  a.g.v.forEach((node, i) => {
    if (!pairs.has(i))
      return ((marksA.v[i] = "new"), changes.push(["network", `${node[0]} (${kindTitle(node[1])})`, `only in ${a.n}`]));
    const other = b.g.v[pairs.get(i)],
      differ = fields
        .map((name, k) =>
          k && (node[k] || "") !== (other[k] || "") ? `${name} ${node[k] || "none"} → ${other[k] || "none"}` : null,
        )
        .filter(Boolean);
    marksA.v[i] = marksB.v[pairs.get(i)] = differ.length ? "changed" : "same";
    if (differ.length && node[1] !== "in")
      changes.push([
        node[1] === "out" ? "output" : "network",
        node[0] === other[0] ? node[0] : `${node[0]} / ${other[0]}`,
        differ.join("; "),
      ]);
  });
  b.g.v.forEach((node, j) => {
    if (!back.has(j))
      ((marksB.v[j] = "new"), changes.push(["network", `${node[0]} (${kindTitle(node[1])})`, `only in ${b.n}`]));
  });
  const left = new Set(b.g.e.keys()),
    name = (g, edge) => `${g.v[edge[0]][0]} → ${g.v[edge[1]][0]}`;
  a.g.e.forEach((edge, i) => {
    const j = [...left].find(
      (k) =>
        pairs.get(edge[0]) === b.g.e[k][0] &&
        pairs.get(edge[1]) === b.g.e[k][1] &&
        pairs.has(edge[0]) &&
        pairs.has(edge[1]),
    );
    if (j === undefined)
      return ((marksA.e[i] = "new"), changes.push(["connection", name(a.g, edge), `only in ${a.n}`]));
    left.delete(j);
    const other = b.g.e[j],
      differ = [
        edge[2] !== other[2] && `${ROLES[edge[2]]} → ${ROLES[other[2]]}`,
        (edge[3] !== other[3] || edge[4] !== other[4]) &&
          `${edge[3]} of ${edge[4]} → ${other[3]} of ${other[4]} variables`,
      ].filter(Boolean);
    marksA.e[i] = marksB.e[j] = differ.length ? "changed" : "same";
    if (differ.length) changes.push(["connection", name(a.g, edge), differ.join("; ")]);
  });
  for (const j of left) ((marksB.e[j] = "new"), changes.push(["connection", name(b.g, b.g.e[j]), `only in ${b.n}`]));
  const renamed = new Map([...pairs].map(([i, j]) => [a.g.v[i][0], b.g.v[j][0]])),
    rest = [...b.g.l];
  for (const [code, who, truth, beta] of a.g.l) {
    const at = rest.findIndex((other) => other[0] === code && other[1] === (renamed.get(who) ?? who));
    const text = `${code} of ${who}`;
    if (at < 0) changes.push(["loss", text, `only in ${a.n}, β ${beta}`]);
    else if (rest[at][3] !== beta) {
      changes.push(["loss", text, `β ${beta} → ${rest[at][3]}`]);
      const i = a.g.v.findIndex(([name]) => name === who);
      if (marksA.v[i] === "same") marksA.v[i] = marksB.v[pairs.get(i)] = "changed";
    }
    if (at >= 0) rest.splice(at, 1);
  }
  for (const [code, who, , beta] of rest) changes.push(["loss", `${code} of ${who}`, `only in ${b.n}, β ${beta}`]);
  if (a.lr !== b.lr) changes.push(["training", "learning rate", `${a.lr} → ${b.lr}`]);
  return { marksA, marksB, changes };
}
