/* The section on the choices that mattered. */

/** @import { Choice } from "./wire" */
import { R } from "./data.js";
import { $, h, s } from "./dom.js";
import { count } from "./figures.js";
import { directionOf, title } from "./scores.js";

export function importance() {
  const made = R.importance;
  if (!made.objectives)
    return void $("importance").append(
      h(
        "p",
        { class: "note" },
        `This needs at least ${made.needed} complete candidates; the run has ${made.candidates}.`,
      ),
    );
  const most = Math.max(
    0.01,
    ...Object.values(made.objectives).flatMap(({ choices }) => choices.map(([, mean, deviation]) => mean + deviation)),
  );
  /** @param {number} v */
  const X = (v) => Math.max(0, v / most) * 100;
  /** @type {(name: string) => (choice: Choice) => HTMLElement} */
  const row =
    (name) =>
    ([text, mean, deviation, rho]) =>
      h(
        "li",
        { class: mean <= deviation ? "doubtful" : null },
        h("span", { class: "what" }, text, " ", h("small", { class: "muted" }, sign(name, rho))),
        s(
          "svg",
          {
            viewBox: "0 0 100 18",
            preserveAspectRatio: "none",
            role: "img",
            "aria-label": `${text}: ${mean} ± ${deviation}`,
          },
          s("rect", { x: 0, y: 3, width: X(mean), height: 12, rx: 0.5 }),
          s("line", {
            x1: X(mean - deviation),
            x2: X(mean + deviation),
            y1: 9,
            y2: 9,
            "vector-effect": "non-scaling-stroke",
          }),
        ),
      );
  $("importance").append(
    h(
      "p",
      { class: "about" },
      `Random forests predict the rank of a candidate from the choices behind it. They are tested on held-out candidates${(made.of ?? 0) > made.candidates ? ` (${count(made.candidates)} complete ones in all)` : ""}. A bar shows how much R² falls if one choice is permuted. Its line is ± one standard deviation over five folds. “More → better” is a correlation, not a cause.`,
    ),
    h(
      "div",
      { class: "grid" },
      Object.entries(made.objectives).map(([name, { r2, deviation, choices }]) =>
        h(
          "div",
          { class: "box" },
          h("h3", {}, title(name)),
          h(
            "p",
            { class: "caption", style: "margin-top:0" },
            `R² of ranks on held-out candidates: ${r2.toFixed(2)} ± ${deviation.toFixed(2)}`,
          ),
          choices.length
            ? h("ul", { class: "bars" }, choices.map(row(name)))
            : h("p", {}, "The recorded choices do not predict this score reliably, so none is shown."),
        ),
      ),
    ),
    h(
      "p",
      { class: "caption" },
      "Read this with care. A search does not try all choices equally often. Related choices share their importance. If weights are inherited, later candidates have been trained for longer. A pale bar, whose line reaches zero, may be chance.",
    ),
  );
}
/**
 * @param {string} name
 * @param {number} rho
 */
function sign(name, rho) {
  if (Math.abs(rho) < 0.2) return "";
  const direction = directionOf(name);
  if (direction === "target") return rho > 0 ? "more → more" : "more → less";
  return rho > 0 === (direction === "maximise") ? "more → better" : "more → worse";
}
