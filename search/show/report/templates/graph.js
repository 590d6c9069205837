/* Drawings of graphs, laid out here: small ones for hovers, and pairs that are compared. */

/** The layer of each component: the longest way from an input; outputs are all at the bottom. */
function layered(g) {
  const layers = g.v.map(() => 0);
  for (let changed = true, round = 0; changed && round <= g.v.length; round++) {
    changed = false;
    for (const [a, b] of g.e) if (layers[b] < layers[a] + 1) [layers[b], changed] = [layers[a] + 1, true];
  }
  const last = Math.max(...layers);
  return layers.map((layer, i) => (g.v[i][1] === "out" ? last : layer));
}

/**
 * Places for a graph (Sugiyama, Tagawa & Toda 1981): layers, then orders by barycentres, then positions.
 * Returns nodes [{x, y}] and for each edge the points it goes through. `width(i)` is a component's, `gap` between them.
 */
function layout(g, width, gap, rise) {
  const layers = layered(g),
    nodes = g.v.map((_, i) => ({ layer: layers[i], w: width(i) })),
    ways = [];
  g.e.forEach(([a, b]) => {
    const way = [a];
    for (let layer = layers[a] + 1; layer < layers[b]; layer++)
      way.push(nodes.push({ layer, w: gap * 0.6, bend: true }) - 1);
    ways.push([...way, b]);
  });
  const up = nodes.map(() => []),
    down = nodes.map(() => []);
  for (const way of ways) way.slice(1).forEach((b, i) => (up[b].push(way[i]), down[way[i]].push(b)));
  const rows = [];
  nodes.forEach((node, i) => (rows[node.layer] = rows[node.layer] || []).push(i));
  const place = (row) => row.forEach((i, at) => (nodes[i].at = at));
  rows.forEach(place);
  const mean = (list, of) => list.reduce((sum, j) => sum + nodes[j][of], 0) / list.length;
  for (let sweep = 0; sweep < 8; sweep++) {
    const [side, order] = sweep % 2 ? [down, [...rows].reverse()] : [up, rows];
    for (const row of order) {
      const key = new Map(row.map((i) => [i, side[i].length ? mean(side[i], "at") : nodes[i].at]));
      row.sort((a, b) => key.get(a) - key.get(b));
      place(row);
    }
  }
  rows.forEach((row) => {
    let x = 0;
    for (const i of row) ((nodes[i].x = x + nodes[i].w / 2), (x += nodes[i].w + gap));
    for (const i of row) nodes[i].x -= (x - gap) / 2;
  });
  for (let sweep = 0; sweep < 24; sweep++) {
    for (const row of sweep % 2 ? [...rows].reverse() : rows) {
      const wish = row.map((i) => (up[i].length + down[i].length ? mean([...up[i], ...down[i]], "x") : nodes[i].x));
      spread(row, wish, nodes, gap);
    }
  }
  nodes.forEach((node) => (node.y = node.layer * rise));
  return { nodes, ways };
}
/** Moves a row to where its members wish to be, keeping their order and distances: pool adjacent violators. */
function spread(row, wish, nodes, gap) {
  const offsets = [0];
  for (let i = 1; i < row.length; i++) offsets.push(offsets[i - 1] + (nodes[row[i - 1]].w + nodes[row[i]].w) / 2 + gap);
  const blocks = [];
  row.forEach((_, i) => {
    blocks.push({ sum: wish[i] - offsets[i], size: 1 });
    while (blocks.length > 1 && blocks.at(-2).sum / blocks.at(-2).size > blocks.at(-1).sum / blocks.at(-1).size) {
      const last = blocks.pop();
      ((blocks.at(-1).sum += last.sum), (blocks.at(-1).size += last.size));
    }
  });
  let i = 0;
  for (const block of blocks)
    for (let k = 0; k < block.size; k++, i++) nodes[row[i]].x = block.sum / block.size + offsets[i];
}

const typeColour = (type) => `var(--type-${type in TYPES ? type : "own"})`;
const OTHER_KINDS = Object.keys(R.kinds).filter((code) => !["g", "delta", "d", "c", "t", "b", "r"].includes(code));
const kindColour = (kind) => {
  if (kind === "in" || kind === "out") return "var(--paper)";
  return `var(--kind-${OTHER_KINDS.includes(kind) ? `other-${OTHER_KINDS.indexOf(kind) % 4}` : kind})`;
};
const DASHES = [null, "2 3", "7 4"];
const kindTitle = (kind) => ({ in: "input", out: "output" })[kind] || R.kinds[kind] || kind;

/** The lines of text in a component's box. */
function boxLines([name, kind, type, shape, layers, sign], losses) {
  const lines = [name + (sign ? ` ${sign}` : "")];
  if (kind !== "in" && kind !== "out") lines.push(kindTitle(kind));
  if (layers) lines.push(layers.length > 26 ? `${layers.slice(0, 25)}…` : layers);
  lines.push(`${TYPES[type] || type} ${shape}`);
  return lines.concat(losses);
}

/**
 * A drawing of a candidate's graph.
 * marks: by place of a component or an edge `same`, `changed` or `new`, if it is one of two that are compared.
 */
function drawGraph(g, { small = false, marks = null, name = "graph" } = {}) {
  const losses = g.v.map(([who]) => g.l.filter((loss) => loss[1] === who).map((loss) => `β ${loss[3]} ${loss[0]}`));
  const lines = g.v.map((node, i) => boxLines(node, losses[i]));
  const width = (i) => (small ? 20 : Math.max(64, ...lines[i].map((line) => line.length * 6.3 + 18)));
  const tall = (i) => (small ? 12 : lines[i].length * 14 + 12);
  const rise = small ? 26 : Math.max(...g.v.map((_, i) => tall(i))) + 40;
  const { nodes, ways } = layout(g, width, small ? 8 : 22, rise);
  const xs = g.v
    .flatMap((_, i) => [nodes[i].x - width(i) / 2, nodes[i].x + width(i) / 2])
    .concat(nodes.map((node) => node.x));
  const pad = small ? 4 : 14,
    x0 = Math.min(...xs) - pad,
    y0 = -Math.max(...g.v.map((_, i) => tall(i))) / 2 - pad;
  const high = Math.max(...nodes.map((node) => node.y)) - 2 * y0,
    wide = Math.max(...xs) + pad - x0;
  const edges = g.e.map(([a, b, role, size, of], i) => {
    const points = ways[i].map((j) => [nodes[j].x, nodes[j].y]);
    points[0][1] += tall(a) / 2;
    points[points.length - 1][1] -= tall(b) / 2 + (small ? 1 : 5);
    const d = points
      .map(([x, y], k) => {
        if (!k) return `M${x.toFixed(1)} ${y.toFixed(1)}`;
        const [px, py] = points[k - 1],
          middle = ((py + y) / 2).toFixed(1);
        return `C${px.toFixed(1)} ${middle} ${x.toFixed(1)} ${middle} ${x.toFixed(1)} ${y.toFixed(1)}`;
      })
      .join("");
    const mark = marks && marks.e[i],
      colour = typeColour(g.v[a][2]),
      [ex, ey] = points.at(-1),
      [mx, my] = points[Math.floor(points.length / 2)];
    const text = size === of ? `${size}` : `${size} of ${of}`;
    return s(
      "g",
      { class: mark === "same" ? "faded" : null },
      s("path", {
        class: `arrow ${mark || ""}`,
        d,
        stroke: colour,
        "stroke-dasharray": DASHES[role],
        style: small ? "stroke-width:1.1" : null,
      }),
      !small && s("path", { d: `M${ex - 4} ${ey - 2}L${ex} ${ey + 5}L${ex + 4} ${ey - 2}Z`, fill: colour }),
      mark &&
        mark !== "same" &&
        s(
          "text",
          {
            class: "flag",
            x: (mx + points[points.length > 2 ? Math.floor(points.length / 2) : 0][0]) / 2 + 5,
            y: points.length > 2 ? my : (my + points[0][1]) / 2,
          },
          mark === "changed" ? `≠ ${text}` : `+ ${text}`,
        ),
    );
  });
  const boxes = g.v.map(([who, kind, type], i) => {
    const mark = marks && marks.v[i],
      { x, y } = nodes[i],
      [w, t] = [width(i), tall(i)];
    return s(
      "g",
      { class: mark === "same" ? "faded" : null },
      s("rect", {
        class: `shape ${mark || ""}`,
        x: x - w / 2,
        y: y - t / 2,
        width: w,
        height: t,
        rx: kind === "in" ? t / 2 : kind === "out" ? 0 : small ? 2 : 7,
        fill: kindColour(kind),
        stroke: typeColour(type),
        style: small ? "stroke-width:1.3" : null,
      }),
      !small &&
        lines[i].map((line, k) =>
          s(
            "text",
            {
              x,
              y: y - t / 2 + 18 + k * 14,
              "text-anchor": "middle",
              "font-size": 12,
              "font-weight": k ? 400 : 700,
              "font-style": k >= lines[i].length - losses[i].length ? "italic" : null,
            },
            line,
          ),
        ),
      mark &&
        mark !== "same" &&
        s("text", { class: "flag", x: x + w / 2 + 5, y: y + 4 }, mark === "changed" ? "≠" : "+"),
    );
  });
  return s(
    "svg",
    {
      class: small ? "mini" : "graph",
      viewBox: `${x0.toFixed(1)} ${y0.toFixed(1)} ${wide.toFixed(1)} ${high.toFixed(1)}`,
      role: "img",
      "aria-label": name,
    },
    edges,
    boxes,
  );
}

/** What a component reads, is and gives, for tips and the table of a graph. */
function told(g, i) {
  const [name, kind, type, shape, layers, sign] = g.v[i];
  const reads = g.e
    .filter((edge) => edge[1] === i)
    .map(
      ([a, , role, size, of]) =>
        `${g.v[a][0]}${size === of ? "" : ` (${size} of ${of})`}${role ? `, ${ROLES[role]}` : ""}`,
    );
  const losses = g.l
    .filter((loss) => loss[1] === name)
    .map(([code, , truth, beta]) => `β ${beta} · ${code}${truth && truth !== name ? ` to ${truth}` : ""}`);
  const began = (g.i || []).find(([at]) => at === i);
  return { name, kind: kindTitle(kind), reads, sign, layers, gives: `${TYPES[type] || type} ${shape}`, losses, began };
}

/** What the colours, fills, lines and signs of a graph mean. */
function graphKey(g) {
  const kinds = [...new Set(g.v.map(([, kind]) => kind))].filter((kind) => kind !== "in" && kind !== "out");
  const types = [...new Set(g.v.map(([, , type]) => type))],
    roles = [...new Set(g.e.map((edge) => edge[2]))].sort();
  const signs = [...new Set(g.v.map((node) => node[5]).filter(Boolean))];
  const means = ["data", "latent: μ and log σ² of z; cut when generating", "condition: kept when generating"];
  return key(
    ...kinds.map((kind) => [
      s("rect", { x: 1, y: 0, width: 20, height: 12, rx: 3, fill: kindColour(kind), stroke: "var(--muted)" }),
      kindTitle(kind),
    ]),
    ...types.map((type) => [
      s("line", { x1: 0, x2: 22, y1: 6, y2: 6, stroke: typeColour(type), "stroke-width": 3 }),
      TYPES[type] || type,
    ]),
    ...roles.map((role) => [
      s("line", {
        x1: 0,
        x2: 22,
        y1: 6,
        y2: 6,
        stroke: "var(--ink)",
        "stroke-width": 1.6,
        "stroke-dasharray": DASHES[role],
      }),
      means[role],
    ]),
    ...signs.map((sign) => [
      s("text", { x: 11, y: 11, "text-anchor": "middle", "font-size": 13 }, sign),
      R.combiners[sign] || sign,
    ]),
  );
}
