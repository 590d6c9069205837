/* The panels on a candidate's training, predictions, samples and cost. */

/** @import { Candidate, Curves, Detail } from "./wire" */
import { box, wideBox } from "./boxes.js";
import { key, keyLine, lineChart } from "./charts.js";
import { conflictBox, gradientBox } from "./conflicts.js";
import { R } from "./data.js";
import { h, scrollTable } from "./dom.js";
import { counted } from "./figures.js";
import { confusion, labels, truths } from "./predictions.js";
import { conditioning, distribution, samples } from "./samples.js";

/**
 * @param {Candidate} one
 * @param {Detail} more
 */
export function panels(one, more) {
  const halves = [
    ...(more.generated || []).map(conditioning),
    ...(more.predicted || []).map((made) => confusion(made) || labels(made)),
    more.speed ? cost(one, more.speed) : null,
  ].filter((half) => half !== null);
  if (halves.length % 2) halves.at(-1)?.classList.add("wide");
  return [
    curves(one, more),
    ...(more.traced ? [conflictBox(one, more.traced), gradientBox(more.traced)] : []),
    more.missing ? h("p", { class: "note" }, `Predictions, samples and speed are not shown: ${more.missing}.`) : null,
    ...(more.generated || []).flatMap((made) => [samples(made), distribution(one, made)]),
    ...halves,
    ...(more.predicted || []).map(truths),
  ];
}

/**
 * @param {Candidate} one
 * @param {Detail} more
 */
function curves(one, more) {
  const own = more.curves;
  if (!own) return null;
  /** @type {(held: Curves, name: string) => [number, number][]} */
  const zip = (held, name) => held.steps.map((step, i) => [step, held.losses[name][i]]);
  /** @param {string} name */
  const single = (name) =>
    R.singles.map((model) => model.curves).find((held) => held && name !== "total" && held.losses[name]);
  const names = Object.keys(own.losses);
  return wideBox(
    "Learning curves",
    h(
      "div",
      { class: "grid" },
      names.map((name) => {
        const other = single(name),
          text = name === "total" ? "total, weighted by β" : name.replace(":", " of ");
        return h(
          "figure",
          {},
          h("figcaption", {}, text),
          lineChart({
            name: `learning curve: ${text}`,
            log: true,
            lines: [...(other ? [{ points: zip(other, name), class: "single" }] : []), { points: zip(own, name) }],
            wide: 340,
            high: 165,
          }),
        );
      }),
    ),
    key([keyLine(""), `candidate ${one.n}`], names.some(single) && [keyLine("single"), "the single-task network"]),
    h(
      "p",
      { class: "caption" },
      "Each loss by training step, as a mean over the last steps, on the training split. Axes that span more than a factor of ten are logarithmic.",
      one.p ? " This candidate started with weights of its parents." : "",
    ),
  );
}

/**
 * Size and speed, compared with each single-task network and with all of them together.
 * @param {Candidate} one
 * @param {number} speed in inferences per second
 */
function cost(one, speed) {
  const models = R.singles.filter((single) => !single.failure),
    all = models.reduce((sum, single) => sum + single.parameters, 0);
  const speeds = models.map((single) => single.speed || 0);
  const together = speeds.length && speeds.every(Boolean) ? 1 / speeds.reduce((sum, each) => sum + 1 / each, 0) : null;
  /**
   * @param {string} name
   * @param {number | undefined} parameters
   * @param {number | null | undefined} each
   * @param {string} [cls]
   */
  const row = (name, parameters, each, cls = "") =>
    h(
      "tr",
      {},
      h("th", { scope: "row", class: `wrap ${cls}` }, name),
      h("td", {}, counted(parameters)),
      h("td", {}, counted(each)),
    );
  return box(
    "Size and speed",
    scrollTable(
      "size and speed",
      ["model", "parameters", "inferences per second"],
      [
        row(`candidate ${one.n}`, one.w, speed, "best"),
        models.length ? row("the single-task networks, one after the other", all, together) : null,
        models.map((single) => row(`single-task ${single.output}`, single.parameters, single.speed)),
      ],
    ),
    h(
      "p",
      { class: "caption" },
      "Speed counts all outputs of a row. It was measured on one thread in batches of 256 while this page was made; the fastest batch counts. It depends on the machine.",
    ),
  );
}
