/* Drawings of graphs with a layout computed in the page: small ones for tips, and pairs to compare. */

/** @import { Component, Graph } from "./wire" */
import { key } from "./charts.js";
import { R } from "./data.js";
import { s } from "./dom.js";
import { combinerOf, isNetwork, kindOf, typeOf } from "./kinds.js";
import { layout } from "./layout.js";
import { outline } from "./shapes.js";

/** @typedef {"same" | "changed" | "new"} Mark */
/** @typedef {{ v: Mark[], e: Mark[] }} Marks by place, of components and connections */

/**
 * The lines of text in a component's box.
 * @param {Component} component
 * @param {string[]} losses
 */
function boxLines(component, losses) {
  const [name, , , shape, layers] = component,
    sign = combinerOf(component)?.sign;
  const lines = [sign ? `${name} ${sign}` : name];
  if (isNetwork(component)) lines.push(kindOf(component).title);
  if (layers) lines.push(layers.length > 26 ? `${layers.slice(0, 25)}…` : layers);
  lines.push(`${typeOf(component).title} ${shape}`);
  return lines.concat(losses);
}

/**
 * A drawing of a candidate's graph.
 * @param {Graph} g
 * @param {{ small?: boolean, marks?: Marks | null, name?: string }} [options]
 */
export function drawGraph(g, { small = false, marks = null, name = "graph" } = {}) {
  const losses = g.v.map(([part]) => g.l.filter((loss) => loss[1] === part).map((loss) => `β ${loss[3]} ${loss[0]}`));
  const lines = g.v.map((component, i) => boxLines(component, losses[i]));
  /** @param {number} i */
  const width = (i) => (small ? 20 : Math.max(64, ...lines[i].map((line) => line.length * 6.3 + 24)));
  /** @param {number} i */
  const tall = (i) => (small ? 12 : lines[i].length * 14 + 12);
  const tallest = Math.max(...g.v.map((_, i) => tall(i)));
  const { nodes, ways } = layout(g, width, small ? 8 : 22, small ? 26 : tallest + 40);
  const xs = g.v
    .flatMap((_, i) => [nodes[i].x - width(i) / 2, nodes[i].x + width(i) / 2])
    .concat(nodes.map((node) => node.x));
  const pad = small ? 4 : 14,
    x0 = Math.min(...xs) - pad,
    y0 = -tallest / 2 - pad;
  const high = Math.max(...nodes.map((node) => node.y)) - 2 * y0,
    wide = Math.max(...xs) + pad - x0;
  const edges = g.e.map(([a, b, role, size, of], i) => {
    const points = ways[i].map((j) => [nodes[j].x, nodes[j].y]),
      last = points[points.length - 1],
      half = Math.floor(points.length / 2);
    points[0][1] += tall(a) / 2;
    last[1] -= tall(b) / 2 + (small ? 1 : 5);
    const d = points
      .map(([x, y], k) => {
        if (!k) return `M${x.toFixed(1)} ${y.toFixed(1)}`;
        const [px, py] = points[k - 1],
          middle = ((py + y) / 2).toFixed(1);
        return `C${px.toFixed(1)} ${middle} ${x.toFixed(1)} ${middle} ${x.toFixed(1)} ${y.toFixed(1)}`;
      })
      .join("");
    const mark = marks && marks.e[i],
      { colour } = typeOf(g.v[a]),
      [ex, ey] = last,
      [mx, my] = points[half],
      [sx, sy] = points[0];
    const text = size === of ? `${size}` : `${size} of ${of}`;
    return s(
      "g",
      { class: mark === "same" ? "faded" : null },
      s("path", {
        class: `arrow ${mark || ""}`,
        d,
        stroke: colour,
        "stroke-dasharray": R.roles[role].dashes,
        style: small ? "stroke-width:1.1" : null,
      }),
      !small && s("path", { d: `M${ex - 4} ${ey - 2}L${ex} ${ey + 5}L${ex + 4} ${ey - 2}Z`, fill: colour }),
      mark &&
        mark !== "same" &&
        s(
          "text",
          { class: "flag", x: (points.length > 2 ? mx : (mx + sx) / 2) + 5, y: points.length > 2 ? my : (my + sy) / 2 },
          mark === "changed" ? `≠ ${text}` : `+ ${text}`,
        ),
    );
  });
  const boxes = g.v.map((component, i) => {
    const mark = marks && marks.v[i],
      { x, y } = nodes[i],
      [w, t] = [width(i), tall(i)];
    return s(
      "g",
      { class: mark === "same" ? "faded" : null },
      outline(
        kindOf(component),
        { x, y, w, t },
        { class: `shape ${mark || ""}`, stroke: typeOf(component).colour, style: small ? "stroke-width:1.3" : null },
      ),
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

/**
 * The key of the colours, shapes, lines and signs of a graph.
 * @param {Pick<Graph, "v" | "e">} g
 */
export function graphKey(g) {
  const kinds = new Set(g.v.filter(isNetwork).map(kindOf)),
    types = new Set(g.v.map(typeOf)),
    roles = [...new Set(g.e.map((edge) => edge[2]))].sort().map((role) => R.roles[role]),
    combiners = new Set(g.v.map(combinerOf));
  return key(
    ...[...kinds].map(
      (kind) =>
        /** @type {const} */ ([
          outline(
            kind,
            { x: 11, y: 6, w: 20, t: 13 },
            { class: "shape", stroke: "var(--muted)", style: "stroke-width:1" },
          ),
          `${kind.title} (${kind.sign})`,
        ]),
    ),
    ...[...types].map(
      ({ title: what, colour }) =>
        /** @type {const} */ ([s("line", { x1: 0, x2: 22, y1: 6, y2: 6, stroke: colour, "stroke-width": 3 }), what]),
    ),
    ...roles.map(
      ({ title: what, dashes }) =>
        /** @type {const} */ ([
          s("line", {
            x1: 0,
            x2: 22,
            y1: 6,
            y2: 6,
            stroke: "var(--ink)",
            "stroke-width": 1.6,
            "stroke-dasharray": dashes,
          }),
          what,
        ]),
    ),
    ...[...combiners].map(
      (combiner) =>
        combiner &&
        /** @type {const} */ ([
          s("text", { x: 11, y: 11, "text-anchor": "middle", "font-size": 13 }, combiner.sign),
          combiner.title,
        ]),
    ),
  );
}
