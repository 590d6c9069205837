/* The names and looks of components and connections, which all come from the page's data. */

/** @import { Candidate, Component, Graph } from "./wire" */
import { R } from "./data.js";

/** The places of inputs and outputs in `R.kinds`. */
export const INPUT = 0;
export const OUTPUT = 1;
/** The place of latent connections in `R.roles`. */
export const LATENT = 1;

/** @param {Component} component */
export const isNetwork = ([, kind]) => kind !== INPUT && kind !== OUTPUT;
/** @param {Candidate} one */
export const networksOf = (one) => one.g.v.filter(isNetwork);
/** @param {Component} component */
export const kindOf = ([, kind]) => R.kinds[kind];
/** @param {Component} component */
export const typeOf = ([, , type]) => R.types[type];
/** @param {Component} component */
export const combinerOf = ([, , , , , combiner]) =>
  combiner === undefined || combiner === null ? null : R.combiners[combiner];

/**
 * How many networks of each kind a candidate has: `2g 1δ`.
 * @param {Candidate} one
 */
export function kindCounts(one) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const [, kind] of networksOf(one)) counts.set(kind, (counts.get(kind) || 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([kind, n]) => `${n}${R.kinds[kind].sign}`)
    .join(" ");
}

/**
 * What a component is, reads and produces, for tips and the table of a graph.
 * @param {Graph} g
 * @param {number} i
 */
export function described(g, i) {
  const component = g.v[i],
    [name, , , shape, layers] = component;
  const reads = g.e
    .filter((edge) => edge[1] === i)
    .map(
      ([a, , role, size, of]) =>
        `${g.v[a][0]}${size === of ? "" : ` (${size} of ${of})`}${role ? `, ${R.roles[role].name}` : ""}`,
    );
  const losses = g.l
    .filter((loss) => loss[1] === name)
    .map(([code, , truth, beta]) => `β ${beta} · ${code}${truth && truth !== name ? ` to ${truth}` : ""}`);
  return {
    name,
    kind: kindOf(component).title,
    reads,
    sign: combinerOf(component)?.sign ?? "",
    layers: layers || "",
    produces: `${typeOf(component).title} ${shape}`,
    losses,
    inherited: (g.i || []).find(([at]) => at === i),
  };
}
