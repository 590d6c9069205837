/* The trace of a candidate: which networks its losses fight over, and their gradients over the training. */

/** @import { Candidate, Traced, TracedGroup } from "./wire" */
import { wideBox } from "./boxes.js";
import { key, lineChart } from "./charts.js";
import { h, s, scrollTable } from "./dom.js";
import { count } from "./figures.js";
import { fitText, zoomable } from "./picture.js";

const COLOURED = 6,
  CONFLICT = 90,
  MOST_PAIRS = 6;
const DASHES = ["", "6 3", "2 2", "8 3 2 3"];

/** @param {number} loss */
const ink = (loss) => `stroke:var(--loss-${loss % COLOURED})`;

/**
 * The line at the angle above which two losses are in conflict.
 * @param {number[]} steps
 * @returns {import("./charts.js").Line}
 */
const level = (steps) => ({
  points: [
    [steps[0], CONFLICT],
    [steps[steps.length - 1], CONFLICT],
  ],
  class: "level",
});

/**
 * The graph with a matrix of angles in each network that losses share.
 * @param {Candidate} one
 * @param {Traced} traced
 */
export function conflictBox(one, traced) {
  const view = h("div", {
    class: "viewport tall",
    tabindex: 0,
    role: "group",
    "aria-label": `conflicts in the graph of candidate ${one.n}; plus and minus zoom, the arrow keys move`,
  });
  view.insertAdjacentHTML("afterbegin", traced.svg); // drawn by Graphviz when the report was written; all names are escaped
  const svg = /** @type {SVGSVGElement} */ (view.firstElementChild);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `conflicts in the graph of candidate ${one.n}; the table below has the same angles`);
  const zoom = zoomable(view, svg);
  requestAnimationFrame(() => fitText(svg));
  /**
   * @param {string} text
   * @param {string} name
   * @param {number} by
   */
  const button = (text, name, by) =>
    h("button", { type: "button", class: "quiet", "aria-label": name, onclick: () => zoom(by) }, text);
  return wideBox(
    "Which networks the losses fight over",
    h(
      "p",
      { class: "about" },
      "Each network that several losses train has a matrix: the mean angle between the gradients of two losses. " +
        "Above 90° a step for one loss makes the other worse.",
    ),
    h(
      "div",
      { class: "controls" },
      button("+", "zoom in", 1.4),
      button("−", "zoom out", 1 / 1.4),
      button("Fit", "fit the picture", 0),
    ),
    view,
    key(
      ...traced.losses.map(
        ([letter, name]) =>
          /** @type {const} */ ([
            s("text", { x: 11, y: 11, "text-anchor": "middle", "font-size": 13, "font-weight": 700 }, letter),
            name,
          ]),
      ),
    ),
    key(
      ...traced.levels.map(
        ([fill, text]) =>
          /** @type {const} */ ([
            s("rect", { x: 0, y: 0, width: 22, height: 12, fill, stroke: "var(--muted)", "stroke-width": 0.6 }),
            text,
          ]),
      ),
    ),
    recording(traced),
    conflictTable(traced),
  );
}

/** @param {Traced} traced */
function recording(traced) {
  const spacing = traced.every === 1 ? "every step" : `one of ${traced.every} steps`;
  return h(
    "p",
    { class: "caption" },
    `Recorded by valp train --trace in ${count(traced.records)} steps (${spacing}); losses balanced by ${traced.balance}. `,
    traced.inherited
      ? "The traced training started from scratch, while this candidate started with weights of its parents. "
      : "",
    "Gradients are those of the step's batch, so angles are noisier for small batches.",
  );
}

/** @param {Traced} traced */
function conflictTable(traced) {
  if (!traced.conflicts.length) return null;
  const rows = traced.conflicts.map(([network, i, j, angle, share]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, network),
      h("td", { class: "left" }, `${traced.losses[i][0]}–${traced.losses[j][0]}`),
      h("td", { class: "left wrap" }, `${traced.losses[i][1]}, ${traced.losses[j][1]}`),
      h("td", {}, `${Math.round(angle)}°`),
      h("td", {}, `${Math.round(share * 100)}%`),
    ),
  );
  return h(
    "details",
    { class: "later" },
    h("summary", {}, "The angles as a table"),
    scrollTable("angles between losses", ["network", "pair", "losses", "mean angle", "steps in conflict"], rows, {
      headClass: "left",
    }),
  );
}

/**
 * The curves of the gradients in each group of networks that losses share.
 * @param {Traced} traced
 */
export function gradientBox(traced) {
  if (!traced.groups.length) return null;
  const shown = [...new Set(traced.groups.flatMap((group) => group.losses))].sort((a, b) => a - b);
  return wideBox(
    "Gradients over the training",
    h(
      "p",
      { class: "about" },
      "Networks that the same losses train are one group. The step goes against the direction that the balancing " +
        "method makes from the gradients of the losses.",
    ),
    h(
      "div",
      { class: "traced" },
      traced.groups.map((group) => [h("h4", {}, group.networks.join(", ")), charts(traced, group)]),
    ),
    key(
      ...shown.map(
        (loss) =>
          /** @type {const} */ ([
            s("line", { class: "line gradient", style: ink(loss), x1: 0, x2: 22, y1: 6, y2: 6 }),
            traced.losses[loss].join("  "),
          ]),
      ),
      [s("line", { class: "line direction", x1: 0, x2: 22, y1: 6, y2: 6 }), "the direction of the step"],
    ),
    h(
      "p",
      { class: "caption" },
      "By training step; each point is the mean over some recorded steps. A line between two losses has the colour of " +
        "the first. Angles above the line at 90° are conflicts. The share is that of the length of a weighted gradient. Axes that span more than a factor of ten are logarithmic.",
      traced.more ? ` ${traced.more} groups with smaller angles are not shown.` : "",
    ),
  );
}

/**
 * @param {Traced} traced
 * @param {TracedGroup} group
 */
function charts(traced, group) {
  const where = group.networks.join(", ");
  /**
   * @param {(number | null)[]} values
   * @param {Partial<import("./charts.js").Line>} look
   * @returns {import("./charts.js").Line}
   */
  const line = (values, look) => ({
    points: traced.steps.flatMap((step, i) => {
      const value = values[i];
      return value === null ? [] : [/** @type {[number, number]} */ ([step, value])];
    }),
    class: "gradient",
    ...look,
  });
  /** @param {(number | null)[][]} columns */
  const ofLosses = (columns) => columns.map((values, i) => line(values, { style: ink(group.losses[i]) }));
  const pairs = group.pairs
    .slice(0, MOST_PAIRS)
    .map((pair, i) => ({
      pair,
      look: { style: `${ink(pair[0])};stroke-dasharray:${dashes(group, pair)}` },
      values: group.between[i],
    }));
  /**
   * @param {string} caption
   * @param {import("./charts.js").Line[]} lines
   * @param {"length" | "angle" | "share"} what
   * @param {import("./dom.js").Child} [below]
   */
  const chart = (caption, lines, what, below) =>
    h(
      "figure",
      {},
      h("figcaption", {}, caption),
      lineChart({
        name: `${caption} in ${where}`,
        lines: what === "angle" ? [level(traced.steps), ...lines] : lines,
        log: what === "length",
        range: what === "angle" ? [0, 180] : undefined,
        marks: what === "angle" ? [0, 45, CONFLICT, 135, 180] : undefined,
        wide: 280,
        high: 165,
      }),
      below,
    );
  return h(
    "div",
    { class: "grid four" },
    chart(
      "length of the gradients",
      [...ofLosses(group.lengths), line(group.direction, { class: "direction" })],
      "length",
    ),
    chart("angle to the direction of the step", ofLosses(group.toward), "angle"),
    chart(
      "angle between two losses",
      pairs.map(({ values, look }) => line(values, look)),
      "angle",
      key(
        ...pairs.map(
          ({ pair, look }) =>
            /** @type {const} */ ([
              s("line", { class: "line gradient", style: look.style, x1: 0, x2: 22, y1: 6, y2: 6 }),
              pair.map((loss) => traced.losses[loss][0]).join("–"),
            ]),
        ),
      ),
    ),
    chart("share of the losses in the direction", ofLosses(group.shares), "share"),
  );
}

/**
 * The dashes of a pair: different for all pairs with the same first loss.
 * @param {TracedGroup} group
 * @param {[number, number]} pair
 */
function dashes(group, [i, j]) {
  const rank = group.pairs.filter(([one, other]) => one === i && other < j).length;
  return DASHES[rank % DASHES.length] || "none";
}
