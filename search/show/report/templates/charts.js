/* Axes, lines, keys, matrices and colours for several parts of the page. */

/** @import { Attributes, Child } from "./dom.js" */
import { h, s, scrollTable } from "./dom.js";
import { brief } from "./figures.js";
import { isDark } from "./theme.js";

/**
 * About `wanted` round ticks within a range.
 * @param {number} low
 * @param {number} high
 */
export function ticks(low, high, wanted = 5) {
  const raw = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5].find((one) => one * power >= raw) ?? 10) * power;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    found.push(+(i * step).toPrecision(12));
  return found;
}
/**
 * @param {number} low
 * @param {number} high
 */
function logTicks(low, high) {
  /** @type {number[]} */
  const found = [];
  for (const factors of [[1], [1, 3], [1, 2, 5]]) {
    found.length = 0;
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      found.push(
        ...factors
          .map((factor) => +(factor * 10 ** power).toPrecision(3))
          .filter((tick) => tick >= low && tick <= high),
      );
    }
    if (found.length > 2) break;
  }
  return found;
}
/** @param {number} value */
const tickLabel = (value) => {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1e4) return brief(value);
  return Math.abs(value) < 1e-4
    ? value.toExponential(0).replace("e", "·10^").replace("+", "")
    : String(+value.toPrecision(4));
};
/**
 * The label of a tick; exponents are superscripts.
 * @param {number} value
 * @param {import("./dom.js").Attributes} attributes
 */
export function tickText(value, attributes) {
  const [front, power] = tickLabel(value).split("·10^");
  if (power === undefined) return s("text", attributes, front);
  return s(
    "text",
    attributes,
    `${front}·10`,
    s("tspan", { dy: "-0.45em", "font-size": "75%" }, power.replace("-", "−")),
  );
}

/** @typedef {{ points: [x: number, y: number][], class?: string, step?: boolean, style?: string }} Line */

/**
 * Axes and lines in an SVG.
 * @param {object} options
 * @param {string} options.name for screen readers
 * @param {Line[]} options.lines
 * @param {number} [options.level] the y value of a horizontal line
 * @param {boolean} [options.log] whether the y axis may be logarithmic
 * @param {[low: number, high: number]} [options.range] the ends of the y axis; by default those of the lines
 * @param {number[]} [options.marks] the values with a tick on the y axis; by default round ones
 * @param {number} [options.wide]
 * @param {number} [options.high]
 * @param {string} [options.xName]
 */
export function lineChart({ name, lines, level, log = false, range, marks, wide = 340, high = 190, xName = "" }) {
  const all = lines.flatMap((line) => line.points);
  if (!all.length) return h("p", { class: "muted" }, "no data");
  const left = 50,
    right = 12,
    top = 12,
    bottom = xName ? 38 : 24;
  const xs = all.map((p) => p[0]),
    ys = all.map((p) => p[1]);
  if (level !== undefined) ys.push(level);
  const isLog = log && Math.min(...ys) > 0 && Math.max(...ys) > 10 * Math.min(...ys);
  /** @type {(v: number) => number} */
  const f = isLog ? Math.log10 : (v) => v;
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  let [y0, y1] = [f(Math.min(...ys)), f(Math.max(...ys))];
  const air = (y1 - y0) * 0.06 || Math.abs(y1) * 0.05 || 1;
  [y0, y1] = range || [y0 - air, y1 + air];
  /** @param {number} v */
  const X = (v) => left + ((v - x0) / (x1 - x0 || 1)) * (wide - left - right);
  /** @param {number} v */
  const Y = (v) => high - bottom - ((f(v) - y0) / (y1 - y0)) * (high - top - bottom);
  const yTicks = marks ? marks : isLog ? logTicks(10 ** y0, 10 ** y1) : ticks(y0, y1, 4);
  /** @param {Line} line */
  const path = (line) =>
    line.points
      .map(([x, y], i) =>
        i
          ? line.step
            ? `H${X(x).toFixed(1)}V${Y(y).toFixed(1)}`
            : `L${X(x).toFixed(1)} ${Y(y).toFixed(1)}`
          : `M${X(x).toFixed(1)} ${Y(y).toFixed(1)}`,
      )
      .join("");
  return s(
    "svg",
    { class: "chart", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": name },
    yTicks.map((v) => [
      s("line", { class: "gridline", x1: left, x2: wide - right, y1: Y(v), y2: Y(v) }),
      tickText(v, { x: left - 6, y: Y(v) + 4, "text-anchor": "end" }),
    ]),
    ticks(x0, x1, 4).map((v) => tickText(v, { x: X(v), y: high - bottom + 16, "text-anchor": "middle" })),
    s("line", { class: "axis", x1: left, x2: wide - right, y1: high - bottom, y2: high - bottom }),
    xName && s("text", { x: (left + wide - right) / 2, y: high - 4, "text-anchor": "middle" }, xName),
    level !== undefined && s("line", { class: "line single", x1: left, x2: wide - right, y1: Y(level), y2: Y(level) }),
    lines.map((line) => s("path", { class: `line ${line.class || ""}`, style: line.style, d: path(line) })),
  );
}

/** @typedef {readonly [sample: import("./dom.js").Child, text: string]} KeyEntry the sample fits into 22 × 12 */

/**
 * A key: what the marks mean.
 * @param {...(KeyEntry | false | null | undefined | 0)} entries
 */
export function key(...entries) {
  return h(
    "ul",
    { class: "key" },
    entries
      .filter((entry) => entry !== null && typeof entry === "object")
      .map(([sample, text]) => h("li", {}, s("svg", { width: 22, height: 12, "aria-hidden": "true" }, sample), text)),
  );
}
/** @param {string} cls */
export const keyLine = (cls) => s("line", { class: `line ${cls}`, x1: 0, x2: 22, y1: 6, y2: 6 });

/**
 * A table of counts whose cells are shaded by their share of the row.
 * @param {number[][]} counts
 * @param {string[]} rows
 * @param {string[]} columns
 * @param {string} corner the header of the first column, which says what rows and columns are
 * @param {string} caption for screen readers
 */
export function matrix(counts, rows, columns, corner, caption) {
  /** @param {number} share */
  const shade = (share) => `background:color-mix(in srgb, var(--accent) ${Math.round(share * 46)}%, transparent)`;
  return scrollTable(
    caption,
    [corner, columns.map((name) => h("span", {}, name))].flat(),
    counts.map((row, i) => {
      const sum = row.reduce((a, b) => a + b, 0) || 1;
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, rows[i]),
        row.map((value) => h("td", { style: shade(value / sum) }, value ? String(value) : "")),
      );
    }),
    { class: "matrix" },
  );
}

/* Viridis (van der Walt & Smith 2015), by linear interpolation, without the end that is like the page's background. */
const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
/** @param {number} share */
export function viridis(share) {
  const [first, last] = isDark() ? [0.28, 1] : [0, 0.94];
  const at = (first + (last - first) * Math.max(0, Math.min(1, share))) * (VIRIDIS.length - 1),
    i = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const [a, b] = [VIRIDIS[i], VIRIDIS[i + 1]].map((hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16)));
  return `rgb(${a.map((v, k) => Math.round(v + (b[k] - v) * (at - i))).join(",")})`;
}
