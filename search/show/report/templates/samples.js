/* The samples of a candidate. */

/** @import { Candidate, Generated, Shown } from "./wire" */
import { box, wideBox } from "./boxes.js";
import { key, keyLine, matrix, ticks } from "./charts.js";
import { FRONT, R, detailOf } from "./data.js";
import { h, s } from "./dom.js";

/**
 * A picture of samples by class, or lines if they are not images.
 * @param {Generated} made
 */
export function samples(made) {
  const real = R.real[made.name],
    conditioned = Boolean(made.conditions);
  /** @type {[text: string, shown: Shown][]} */
  const shown = [["generated", made.shown]];
  if (made.conditions) shown.unshift(["conditions", made.conditions]);
  if (real) shown.push(["real", real.shown]);
  const about = [
    made.classes.length
      ? "Each row is a class. The judge decides the class of a generated sample. If a row is empty, the class was not generated."
      : "",
    made.inputs
      ? `The samples are conditioned on ${made.inputs.join(", ")}.`
      : "The samples are generated from noise only.",
    conditioned && made.shown.image ? "A generated sample has the same place as its condition on the left." : "",
  ];
  const rows = made.shown.rows ?? 0;
  /** @param {string} where */
  const names = (where) =>
    made.classes.length
      ? h(
          "div",
          { class: `labels ${where}`, style: `grid-template-rows:repeat(${rows},1fr)` },
          made.classes.slice(0, rows).map((name) => h("span", {}, name)),
        )
      : null;
  if (!made.shown.image)
    return wideBox(
      `Samples of ${made.name}`,
      lineSamples(shown, made.classes),
      h(
        "p",
        { class: "caption" },
        about.join(" "),
        " Each line is a sample, drawn over its variables in standardised units. All panels have the same scale.",
      ),
    );
  return wideBox(
    `Samples of ${made.name}`,
    h(
      "div",
      { class: "samples", style: `--figures:${shown.length}` },
      names("aside"),
      shown.map(([text, held]) =>
        h(
          "figure",
          {},
          h("figcaption", {}, text),
          h(
            "div",
            { class: "rows" },
            names("inside"),
            h("img", { src: held.image, alt: `${text}: ${held.rows} rows of ${held.columns} images of ${made.name}` }),
          ),
        ),
      ),
    ),
    h("p", { class: "caption" }, about.join(" ")),
  );
}

/**
 * Samples as lines over their variables: a row of panels for each class, columns for generated and real samples.
 * @param {[text: string, shown: Shown][]} shown
 * @param {string[]} classes
 */
function lineSamples(shown, classes) {
  const parts = shown.map(([text, { lines = [], names: variables = [] }]) => ({ text, lines, variables })),
    all = parts.flatMap(({ lines }) => lines.flat(2)),
    size = Math.max(...parts.map(({ lines }) => (lines.flat()[0] || []).length));
  const rows = classes.length ? classes.slice(0, parts[0].lines.length) : [""],
    low = all.reduce((a, b) => Math.min(a, b), Infinity),
    high = all.reduce((a, b) => Math.max(a, b), -Infinity);
  /** @param {number} i */
  const X = (i) => 4 + (i / Math.max(1, size - 1)) * 292;
  /** @param {number} v */
  const Y = (v) => 66 - ((v - low) / (high - low || 1)) * 62;
  const [{ variables }] = parts,
    names = variables.length === size && size <= 16 ? variables : [];
  /** @type {(lines: number[][][], k: number) => number[][]} */
  const ofClass = (lines, k) => (classes.length ? lines[k] || [] : lines.flat());
  return h(
    "div",
    {},
    h(
      "div",
      { class: "samples lines", style: `--figures:${shown.length}` },
      h("span"),
      parts.map(({ text }) => h("figcaption", {}, text)),
      rows.map((name, k) => [
        h("span", { class: "muted" }, name),
        parts.map(({ text, lines }) =>
          s(
            "svg",
            {
              class: "chart",
              viewBox: "0 0 300 70",
              preserveAspectRatio: "none",
              role: "img",
              "aria-label": `${text} ${name}: ${ofClass(lines, k).length} samples`,
            },
            s("line", { class: "axis", x1: 4, x2: 296, y1: 68, y2: 68, "vector-effect": "non-scaling-stroke" }),
            ofClass(lines, k).map((row) =>
              s("path", {
                d: row.map((v, i) => `${i ? "L" : "M"}${X(i).toFixed(1)} ${Y(v).toFixed(1)}`).join(""),
                class: "sample",
                "vector-effect": "non-scaling-stroke",
              }),
            ),
          ),
        ),
      ]),
    ),
    names.length ? h("p", { class: "caption" }, "From left to right: ", names.join(", "), ".") : null,
  );
}

/**
 * The shares of the classes among generated samples, in parallel coordinates: of this candidate, and of the rest of the
 * front.
 * @param {Candidate} one
 * @param {Generated} made
 */
export function distribution(one, made) {
  const shares = made.shares;
  if (!shares) return null;
  const others = FRONT.filter((other) => other !== one)
    .map((other) => detailOf(other.n))
    .flatMap((more) => more?.generated ?? [])
    .flatMap((other) => (other.name === made.name && other.shares ? [other.shares] : []));
  const real = R.real[made.name]?.shares,
    wide = 900,
    high = 250,
    left = 46,
    bottom = 34,
    top = 12;
  const most = Math.max(0.05, ...shares, ...others.flat(), ...(real || []));
  /** @param {number} i */
  const X = (i) => left + 24 + (i / Math.max(1, shares.length - 1)) * (wide - left - 60);
  /** @param {number} v */
  const Y = (v) => high - bottom - (v / most) * (high - bottom - top);
  /**
   * @param {number[]} values
   * @param {string} cls
   */
  const path = (values, cls) =>
    s("path", {
      class: `line ${cls}`,
      d: values.map((v, i) => `${i ? "L" : "M"}${X(i).toFixed(1)} ${Y(v).toFixed(1)}`).join(""),
    });
  const few = made.classes.length <= 20;
  return wideBox(
    `Classes among samples of ${made.name}`,
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "distribution of classes" },
      s(
        "svg",
        {
          class: "chart",
          style: "min-width:34rem",
          viewBox: `0 0 ${wide} ${high}`,
          role: "img",
          "aria-label": `share of each class among the samples: ${shares.map((v, i) => `${made.classes[i]} ${(v * 100).toFixed(0)} %`).join(", ")}`,
        },
        ticks(0, most, 4).map((v) =>
          s("text", { x: left, y: Y(v) + 4, "text-anchor": "end" }, `${+(v * 100).toFixed(1)} %`),
        ),
        made.classes.map((name, i) => [
          s("line", { class: "axis", x1: X(i), x2: X(i), y1: top, y2: high - bottom }),
          few &&
            s(
              "text",
              { x: X(i), y: high - bottom + 18, "text-anchor": "middle", style: "font-size:11px" },
              name.length > 12 ? `${name.slice(0, 11)}…` : name,
            ),
        ]),
        others.map((values) => path(values, "other")),
        real && path(real, "real"),
        path(shares, ""),
        shares.map((v, i) => s("circle", { cx: X(i), cy: Y(v), r: 3.2, style: "fill:var(--accent)" })),
      ),
    ),
    key(
      [keyLine(""), `candidate ${one.n}`],
      real && [keyLine("real"), "real samples"],
      others.length > 0 && [keyLine("other"), "the rest of the front"],
    ),
    h(
      "p",
      { class: "caption" },
      "The share of each class among 1,000 generated samples, labelled by the judge. The closer to the line of the real samples, the better.",
    ),
  );
}

/**
 * How often a sample has the class of its condition.
 * @param {Generated} made
 */
export function conditioning(made) {
  if (!made.matrix) return null;
  const total = made.matrix.flat().reduce((a, b) => a + b, 0),
    kept = made.matrix.reduce((sum, row, i) => sum + row[i], 0);
  return box(
    `From condition to sample of ${made.name}`,
    matrix(made.matrix, made.classes, made.classes, "condition ↓  sample →", "classes of conditions and samples"),
    h(
      "p",
      { class: "caption" },
      `The judge labels each condition and the sample generated from it. ${((100 * kept) / total).toFixed(1)} % of the labels agree; by chance ${(100 / made.classes.length).toFixed(0)} % would.`,
    ),
  );
}
