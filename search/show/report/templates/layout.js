/* The layout of a graph: layers, order by barycentres, positions (Sugiyama, Tagawa & Toda 1981). */

/** @import { Graph } from "./wire" */
import { OUTPUT } from "./kinds.js";

/** @typedef {{ layer: number, w: number, at: number, x: number, y: number }} Placed */

/**
 * The layer of each component: the length of the longest path from an input. All outputs are in the last layer.
 * @param {Graph} g
 */
function layered(g) {
  const layers = g.v.map(() => 0);
  for (let changed = true, round = 0; changed && round <= g.v.length; round++) {
    changed = false;
    for (const [a, b] of g.e)
      if (layers[b] < layers[a] + 1) {
        layers[b] = layers[a] + 1;
        changed = true;
      }
  }
  const last = Math.max(...layers);
  return layers.map((layer, i) => (g.v[i][1] === OUTPUT ? last : layer));
}

/**
 * The layout of a graph. `nodes` are its components, then the bends of connections that cross layers. `ways` are, for
 * each connection, the nodes that it passes.
 * @param {Graph} g
 * @param {(i: number) => number} width of a component
 * @param {number} gap between neighbours in a layer
 * @param {number} rise the distance between layers
 */
export function layout(g, width, gap, rise) {
  const layers = layered(g);
  /** @type {Placed[]} */
  const nodes = g.v.map((_, i) => ({ layer: layers[i], w: width(i), at: 0, x: 0, y: 0 }));
  /** @type {number[][]} */
  const ways = [];
  g.e.forEach(([a, b]) => {
    const way = [a];
    for (let layer = layers[a] + 1; layer < layers[b]; layer++)
      way.push(nodes.push({ layer, w: gap * 0.6, at: 0, x: 0, y: 0 }) - 1);
    ways.push([...way, b]);
  });
  /** @type {number[][]} */
  const up = nodes.map(() => []);
  /** @type {number[][]} */
  const down = nodes.map(() => []);
  for (const way of ways)
    way.slice(1).forEach((b, i) => {
      up[b].push(way[i]);
      down[way[i]].push(b);
    });
  /** @type {number[][]} */
  const rows = [];
  nodes.forEach((node, i) => (rows[node.layer] = rows[node.layer] || []).push(i));
  /** @param {number[]} row */
  const place = (row) => row.forEach((i, at) => (nodes[i].at = at));
  rows.forEach(place);
  /** @type {(list: number[], of: "at" | "x") => number} */
  const mean = (list, of) => list.reduce((sum, j) => sum + nodes[j][of], 0) / list.length;
  for (let sweep = 0; sweep < 8; sweep++) {
    const [side, order] = sweep % 2 ? [down, [...rows].reverse()] : [up, rows];
    for (const row of order) {
      const key = nodes.map((node, i) => (side[i].length ? mean(side[i], "at") : node.at));
      row.sort((a, b) => key[a] - key[b]);
      place(row);
    }
  }
  rows.forEach((row) => {
    let x = 0;
    for (const i of row) {
      nodes[i].x = x + nodes[i].w / 2;
      x += nodes[i].w + gap;
    }
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
/**
 * Moves the nodes of a row as near as possible to their wished positions. Keeps their order and distances (pool
 * adjacent violators).
 * @param {number[]} row
 * @param {number[]} wish
 * @param {Placed[]} nodes
 * @param {number} gap
 */
function spread(row, wish, nodes, gap) {
  const offsets = [0];
  for (let i = 1; i < row.length; i++) offsets.push(offsets[i - 1] + (nodes[row[i - 1]].w + nodes[row[i]].w) / 2 + gap);
  /** @type {{ sum: number, size: number }[]} */
  const blocks = [];
  row.forEach((_, i) => {
    let block = { sum: wish[i] - offsets[i], size: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.size > block.sum / block.size; last = blocks.at(-1)) {
      block = { sum: last.sum + block.sum, size: last.size + block.size };
      blocks.pop();
    }
    blocks.push(block);
  });
  let i = 0;
  for (const block of blocks)
    for (let k = 0; k < block.size; k++, i++) nodes[row[i]].x = block.sum / block.size + offsets[i];
}
