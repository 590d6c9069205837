/* Two candidates side by side. */

/** @import { Marks } from "./graph.js" */
/** @import { Candidate } from "./wire" */
import { box } from "./boxes.js";
import { key } from "./charts.js";
import { compare, link, on } from "./choice.js";
import { FRONT, R, SCORES, SINGLE, byNumber } from "./data.js";
import { differences } from "./differences.js";
import { $, h, s, scrollTable } from "./dom.js";
import { counted } from "./figures.js";
import { drawGraph, graphKey } from "./graph.js";
import { better, scoreOf, title, valueText } from "./scores.js";

export function comparison() {
  const last = R.candidates.at(-1);
  if (!last || R.candidates.length < 2)
    return void $("pair").append(h("p", { class: "note" }, "There are fewer than two candidates."));
  const options = R.candidates.length > 400 ? FRONT : R.candidates;
  const inputs = ["a", "b"].map((side) =>
    h("input", { id: `pair-${side}`, type: "number", min: 0, max: last.n, list: "numbers" }),
  );
  const result = h("div");
  const list = h(
    "datalist",
    { id: "numbers" },
    options.map(({ n }) => h("option", { value: n })),
  );
  inputs.forEach((input) =>
    input.addEventListener("change", () => {
      const [a, b] = inputs.map((one) => +one.value);
      if (byNumber.has(a) && byNumber.has(b)) compare(a, b, false);
      else result.replaceChildren(h("p", { class: "note" }, `Candidates are numbered from 0 to ${last.n}.`));
    }),
  );
  $("pair").append(
    h("div", { class: "controls" }, h("label", {}, "candidate", inputs[0]), h("label", {}, "and", inputs[1]), list),
    result,
  );
  on("compare", (a, b) => {
    const [first, second] = [byNumber.get(a), byNumber.get(b)];
    if (!first || !second) return;
    inputs[0].value = String(a);
    inputs[1].value = String(b);
    result.replaceChildren(sideBySide(first, second));
  });
}

/**
 * @param {Candidate} a
 * @param {Candidate} b
 */
function sideBySide(a, b) {
  const { marksA, marksB, changes } = differences(a, b);
  const rows = SCORES.filter((name) => scoreOf(a, name) !== undefined || scoreOf(b, name) !== undefined).map((name) => {
    const [x, y] = [scoreOf(a, name), scoreOf(b, name)],
      both = x !== undefined && y !== undefined;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, title(name)),
      h("td", { class: both && better(name, x, y) ? "best" : null }, valueText(name, x)),
      h("td", { class: both && better(name, y, x) ? "best" : null }, valueText(name, y)),
      h("td", {}, valueText(name, SINGLE[name])),
    );
  });
  /**
   * @param {Candidate} one
   * @param {Marks} marks
   */
  const drawing = (one, marks) =>
    h(
      "figure",
      { class: "box" },
      h("figcaption", {}, link(one.n)),
      h(
        "div",
        { class: "drawing" },
        drawGraph(one.g, { marks, name: `graph of candidate ${one.n}, with the differences marked` }),
      ),
    );
  return h(
    "div",
    {},
    h("div", { class: "sides" }, drawing(a, marksA), drawing(b, marksB)),
    graphKey({ v: [...a.g.v, ...b.g.v], e: [...a.g.e, ...b.g.e] }),
    key(
      [
        s("rect", {
          x: 1,
          y: 1,
          width: 20,
          height: 10,
          fill: "none",
          stroke: "var(--ink)",
          class: "shape new",
          rx: 2,
          style: "stroke-width:3",
        }),
        "+ only here",
      ],
      [
        s("rect", {
          x: 1,
          y: 1,
          width: 20,
          height: 10,
          fill: "none",
          stroke: "var(--ink)",
          class: "shape changed",
          rx: 2,
          style: "stroke-width:2.4",
        }),
        "≠ changed",
      ],
      [
        s("rect", { x: 1, y: 1, width: 20, height: 10, fill: "none", stroke: "var(--ink)", class: "faded", rx: 2 }),
        "faint: the same",
      ],
    ),
    h(
      "div",
      { class: "grid tops" },
      box(
        "Scores",
        scrollTable(
          "scores of both candidates",
          ["validation", String(a.n), String(b.n), "best baseline"],
          [
            rows,
            h(
              "tr",
              {},
              h("th", { scope: "row" }, "parameters"),
              h("td", {}, counted(a.w)),
              h("td", {}, counted(b.w)),
              h("td", {}, ""),
            ),
          ],
        ),
      ),
      box(
        `From ${a.n} to ${b.n}`,
        changes.length
          ? scrollTable(
              "differences",
              ["part", "name", "change"],
              changes.map(([what, which, how]) =>
                h(
                  "tr",
                  {},
                  h("th", { scope: "row" }, what),
                  h("td", { class: "left" }, which),
                  h("td", { class: "left wrap" }, how),
                ),
              ),
              { id: "changes", headClass: "left" },
            )
          : h("p", {}, "Only the seed differs."),
      ),
    ),
    h(
      "p",
      { class: "caption" },
      "Two networks are matched if one inherited the other's weights, or both inherited the same weights. Other networks are matched with the most similar one of the same kind and type, by size, layers and neighbours. Names do not matter. For partial connections only the number of variables is compared.",
    ),
  );
}
