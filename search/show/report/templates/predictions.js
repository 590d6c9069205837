/* The predictions of a candidate. */

/** @import { Panel, Predicted } from "./wire" */
import { box, wideBox } from "./boxes.js";
import { matrix, tickText, ticks } from "./charts.js";
import { h, plainTable, s, scrollTable } from "./dom.js";
import { count } from "./figures.js";

/**
 * The confusion matrix of an output; null if it has no classes.
 * @param {Predicted} made
 */
export function confusion({ name, classes, confusion: counts }) {
  if (!counts || !classes) return null;
  const total = counts.flat().reduce((a, b) => a + b, 0),
    right = counts.reduce((sum, row, i) => sum + row[i], 0);
  return box(
    `Confusion matrix of ${name}`,
    classes.length <= 40
      ? matrix(counts, classes, classes, "true ↓  predicted →", `confusion matrix of ${name}`)
      : worst(counts, classes),
    h(
      "p",
      { class: "caption" },
      `${((100 * right) / total).toFixed(1)} % of ${count(total)} validation rows are predicted correctly (on the diagonal). The shade of a cell is its share of the row.`,
    ),
  );
}

/**
 * The pairs of classes that are confused most often.
 * @param {number[][]} counts
 * @param {string[]} classes
 */
function worst(counts, classes) {
  const pairs = counts
    .flatMap((row, i) => row.map((n, j) => [n, i, j]))
    .filter(([n, i, j]) => i !== j && n)
    .sort((a, b) => b[0] - a[0])
    .slice(0, 20);
  return plainTable(
    ["true", "predicted as", "rows"],
    pairs.map(([n, i, j]) =>
      h("tr", {}, h("th", { scope: "row" }, classes[i]), h("td", {}, classes[j]), h("td", {}, n)),
    ),
  );
}

/**
 * How well each label of an output is predicted; null if it has none.
 * @param {Predicted} made
 */
export function labels(made) {
  if (!made.labels) return null;
  /**
   * @param {number} a
   * @param {number} b
   */
  const percent = (a, b) => (b ? `${((100 * a) / b).toFixed(1)} %` : "–");
  return box(
    `Labels of ${made.name}`,
    scrollTable(
      `labels of ${made.name}`,
      ["label", "correct", "recall", "precision", "rows with it"],
      made.labels.map(([name, tp, fp, fn, tn]) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, name),
          h("td", {}, percent(tp + tn, tp + fp + fn + tn)),
          h("td", {}, percent(tp, tp + fn)),
          h("td", {}, percent(tp, tp + fp)),
          h("td", {}, count(tp + fn)),
        ),
      ),
    ),
  );
}

/**
 * Plots of an output's predicted and true values; null if they are not numbers.
 * @param {Predicted} made
 */
export function truths(made) {
  const { panels, r2 = [], names = [] } = made;
  if (!panels) return null;
  /** @param {Panel} panel */
  const draw = ({ title: name, range: [low, high], cells, outside }) => {
    const bins = 32,
      most = Math.max(...cells.map((cell) => cell[2])),
      left = 44,
      side = 236,
      size = side / bins;
    /** @param {number} v */
    const X = (v) => left + ((v - low) / (high - low)) * side;
    /** @param {number} v */
    const Y = (v) => 8 + side - ((v - low) / (high - low)) * side;
    return h(
      "figure",
      {},
      h("figcaption", {}, name, outside ? ` (${count(outside)} values outside)` : null),
      s(
        "svg",
        {
          class: "chart",
          viewBox: "0 0 290 282",
          style: "max-width:24rem",
          role: "img",
          "aria-label": `true and predicted ${name}`,
        },
        s("rect", { x: left, y: 8, width: side, height: side, fill: "none", class: "axis" }),
        cells.map(([i, j, n]) =>
          s("rect", {
            class: "cell",
            x: (left + i * size).toFixed(1),
            y: (8 + side - (j + 1) * size).toFixed(1),
            width: (size + 0.2).toFixed(1),
            height: (size + 0.2).toFixed(1),
            opacity: (0.12 + 0.88 * (Math.log1p(n) / Math.log1p(most))).toFixed(2),
          }),
        ),
        s("line", { class: "single dashed", x1: X(low), y1: Y(low), x2: X(high), y2: Y(high) }),
        ticks(low, high, 4).map((v) => [
          tickText(v, { x: X(v), y: side + 24, "text-anchor": "middle" }),
          tickText(v, { x: left - 5, y: Y(v) + 4, "text-anchor": "end" }),
        ]),
        s("text", { x: left + side / 2, y: 279, "text-anchor": "middle" }, "true"),
        s("text", { transform: `translate(9 ${8 + side / 2}) rotate(-90)`, "text-anchor": "middle" }, "predicted"),
      ),
    );
  };
  return wideBox(
    `Predicted and true: ${made.name}`,
    h(
      "div",
      { class: "grid" },
      panels.map(draw),
      r2.length > 1 ? h("figure", {}, h("figcaption", {}, "R² of each variable"), bars(r2, names)) : null,
    ),
    h(
      "p",
      { class: "caption" },
      `Darker means more rows, on a logarithmic scale. Predictions on the dashed line are exact.${panels.some((panel) => panel.title === "all variables") ? " “All variables” is in standardised units." : ""}`,
    ),
  );
}

/**
 * @param {number[]} values
 * @param {string[]} names
 */
function bars(values, names) {
  const wide = 290,
    high = 230,
    left = 34,
    low = Math.min(0, ...values.map((v) => Math.max(v, -1))),
    top = Math.max(1, ...values),
    step = (wide - left) / values.length;
  /** @param {number} v */
  const Y = (v) => 10 + ((top - Math.max(v, -1)) / (top - low)) * 190;
  return s(
    "svg",
    {
      class: "chart",
      viewBox: `0 0 ${wide} ${high}`,
      style: "max-width:24rem",
      role: "img",
      "aria-label": `R² by variable: ${values
        .slice(0, 40)
        .map((v, i) => `${names[i]} ${v}`)
        .join(", ")}`,
    },
    ticks(low, top, 4).map((v) => [
      s("line", { class: "gridline", x1: left, x2: wide, y1: Y(v), y2: Y(v) }),
      s("text", { x: left - 5, y: Y(v) + 4, "text-anchor": "end" }, String(v)),
    ]),
    values.map((v, i) =>
      s("rect", {
        class: "cell",
        opacity: 0.75,
        x: left + i * step + step * 0.12,
        width: step * 0.76,
        y: Math.min(Y(0), Y(v)),
        height: Math.max(0.5, Math.abs(Y(v) - Y(0))),
      }),
    ),
    s("text", { x: (left + wide) / 2, y: 224, "text-anchor": "middle" }, "variable"),
  );
}
