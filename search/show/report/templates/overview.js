/* The overview of the search. */

/** @import { Step } from "./wire" */
import { key, keyLine, lineChart } from "./charts.js";
import { link } from "./choice.js";
import { FRONT, R, SINGLE } from "./data.js";
import { $, h, scrollTable } from "./dom.js";
import { brief, count, duration } from "./figures.js";
import { beats, bestOf, goal, scoreText, title, valueText, verdict } from "./scores.js";

export function overview() {
  const { complete, pruned, failed, running } = R.states;
  const held = R.objectives.filter((name) => SINGLE[name] !== undefined);
  const all = held.length ? R.candidates.filter((one) => beats(one, held)).length : 0;
  /**
   * @param {string} name
   * @param {string} value
   * @param {string} more
   */
  const figure = (name, value, more) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value, more && h("small", {}, more)));
  const left = [
    pruned && `${count(pruned)} stopped early`,
    `${count(failed)} failed`,
    running && `${count(running)} unfinished`,
  ].filter(Boolean);
  $("figures").append(
    h(
      "dl",
      { class: "figures" },
      figure("candidates", count(R.candidates.length), left.join(", ")),
      figure("on the front", count(R.front), `of ${count(complete)} complete`),
      held.length
        ? figure(
            "beat every baseline",
            count(all),
            held.length > 1 ? `in all ${held.length} objectives` : "in the objective",
          )
        : null,
      figure("samples seen", brief(R.samples), "by all candidates"),
      R.wall === null
        ? null
        : figure(
            "time",
            duration(R.wall),
            `from first start to last end; ${duration(R.seconds)} of training and scoring`,
          ),
    ),
  );
  $("bests").append(bests());
  $("growth").append(growth());
}

function bests() {
  const rows = R.objectives.map((name) => {
    const best = bestOf(
      R.candidates.filter((one) => one.s === "c"),
      name,
    );
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row", class: "wrap" },
        title(name),
        h("br"),
        h("small", { class: "muted" }, `${R.scores[name].title}, ${goal(name)}`),
      ),
      h("td", { class: "best" }, best ? scoreText(best, name) : "–"),
      h("td", {}, best ? link(best.n) : "–"),
      h("td", {}, valueText(name, SINGLE[name])),
      h("td", {}, best ? verdict(best, name) : "–"),
    );
  });
  const knee = FRONT[0];
  return h(
    "div",
    {},
    scrollTable("the best of each objective", ["objective", "best", "candidate", "best baseline", "compared"], rows),
    knee
      ? h(
          "p",
          { class: "caption" },
          "The best compromise is ",
          link(knee.n),
          ": the candidate on the front that is nearest to the best values of all objectives.",
        )
      : h("p", { class: "note" }, "No candidate is complete yet, so there is no front."),
    R.baselines.length ? baselines() : null,
  );
}

/** What each baseline reaches. */
function baselines() {
  return scrollTable(
    "the baselines",
    ["baseline", ...R.objectives.map(title), "samples seen"],
    R.baselines.map((row) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, row.title),
        R.objectives.map((name) => h("td", {}, valueText(name, row.scores[name]))),
        h("td", {}, count(row.samples)),
      ),
    ),
  );
}
function growth() {
  const { spent, best, hypervolume } = R.progress;
  const total = spent["candidates ended"].length;
  if (total < 2 || !Object.values(best).some((steps) => steps.length)) return "";
  const choice = h(
    "select",
    { id: "spent" },
    Object.keys(spent).map((name) => h("option", {}, name)),
  );
  const box = h("div", { class: "grid four" });
  const draw = () => {
    const x = spent[choice.value],
      wide = matchMedia("(max-width: 720px)").matches ? 340 : 236;
    /**
     * @param {Step[]} points
     * @returns {[number, number][]}
     */
    const steps = (points) => {
      /** @type {[number, number][]} */
      const made = points.map(([place, value]) => [x[place], value]);
      const last = made.at(-1);
      return last ? [...made, [x[total - 1], last[1]]] : [];
    };
    box.replaceChildren(
      ...R.objectives.map((name) =>
        h(
          "figure",
          { class: "box" },
          h("h3", {}, `Best ${title(name)}`),
          lineChart({
            name: `the best ${name} so far, by ${choice.value}`,
            lines: [{ points: steps(best[name]), step: true }],
            wide,
            high: 160,
            level: SINGLE[name],
            xName: choice.value,
          }),
        ),
      ),
      (hypervolume &&
        h(
          "figure",
          { class: "box" },
          h("h3", {}, "Hypervolume of the front"),
          lineChart({
            name: `the hypervolume of the front, by ${choice.value}`,
            lines: [{ points: steps(hypervolume), step: true }],
            wide,
            high: 160,
            xName: choice.value,
          }),
        )) ||
        "",
    );
  };
  choice.addEventListener("change", draw);
  draw();
  return h(
    "div",
    { class: "later" },
    h("div", { class: "controls" }, h("label", {}, "Progress of the search, by", choice)),
    box,
    key([keyLine(""), "the best so far"], R.singles.length && [keyLine("single"), "the best baseline"]),
    hypervolume &&
      h(
        "p",
        { class: "caption" },
        "Hypervolume: take the box from the value without learning to the best value found in each objective. The hypervolume is the share of this box that the front dominates. If the value without learning is not known, or no candidate is better, the value that three in four candidates reach is used instead.",
      ),
  );
}
