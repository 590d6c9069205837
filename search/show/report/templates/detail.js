/* The section on one candidate: its scores, and how it was made. */

/** @import { Candidate } from "./wire" */
import { box } from "./boxes.js";
import { compare, link, on, open } from "./choice.js";
import { commandLine } from "./copy.js";
import { FRONT, R, SCORES, SINGLE, STATES, byNumber, detailOf } from "./data.js";
import { $, h, scrollTable } from "./dom.js";
import { count, counted } from "./figures.js";
import { networksOf } from "./kinds.js";
import { panels } from "./panels.js";
import { graphBox } from "./picture.js";
import { scoreOf, scoreText, title, valueText, verdict } from "./scores.js";

export function detail() {
  on("open", (n) => {
    const one = byNumber.get(n),
      more = detailOf(n);
    if (!one) return;
    $("candidate-title").textContent = `Candidate ${n}`;
    $("detail").replaceChildren(
      heading(one),
      h("div", { class: "abreast" }, graphBox(one, more), h("div", {}, scores(one, more?.remarks ?? []), facts(one))),
      more ? h("div", { class: "flow" }, panels(one, more)) : "",
    );
  });
}

/** @param {Candidate} one */
function heading(one) {
  const at = FRONT.indexOf(one);
  /** @param {number} by */
  const step = (by) => FRONT[(at + by + FRONT.length) % FRONT.length];
  /**
   * @param {string} text
   * @param {string} [cls]
   */
  const badge = (text, cls = "") => h("span", { class: `badge ${cls}` }, text);
  const place =
    one.k === 0
      ? badge("best compromise", "on")
      : one.k !== undefined
        ? badge("on the front", "on")
        : one.s === "c"
          ? badge("dominated")
          : badge(STATES[one.s], "warn");
  const other = rival(one);
  const others = h(
    "select",
    { id: "open-other" },
    R.candidates.length <= 400
      ? R.candidates.map(({ n }) => h("option", { value: n }, n))
      : FRONT.map(({ n }) => h("option", { value: n }, n)),
    R.candidates.length > 400 && one.k === undefined && h("option", { value: one.n }, one.n),
  );
  others.value = String(one.n);
  others.addEventListener("change", () => open(+others.value, false));
  return h(
    "div",
    { class: "heading" },
    place,
    one.p
      ? h(
          "span",
          {},
          "bred from ",
          one.p.map((parent, i) => [i ? " and " : "", link(parent, parent)]),
        )
      : null,
    h(
      "span",
      { class: "controls end" },
      h("label", {}, "show", others),
      at >= 0 && FRONT.length > 1
        ? [
            h("button", { type: "button", class: "quiet", onclick: () => open(step(-1).n, false) }, "‹ front"),
            h("button", { type: "button", class: "quiet", onclick: () => open(step(1).n, false) }, "front ›"),
          ]
        : null,
      other &&
        h(
          "button",
          { type: "button", class: "quiet", onclick: () => compare(one.n, other.n) },
          `Compare with ${other.n}`,
        ),
    ),
  );
}

/**
 * The default candidate to compare with: its parent, else the best compromise, else any other.
 * @param {Candidate} one
 */
export function rival(one) {
  const parent = one.p && byNumber.get(one.p[0]);
  return parent || FRONT.find((other) => other !== one) || R.candidates.find((other) => other !== one);
}

/**
 * @param {Candidate} one
 * @param {string[]} remarks
 */
function scores(one, remarks) {
  if (!one.v) return box("Scores", h("p", {}, one.f ? `It failed: ${one.f}` : "It has no scores yet."));
  const rows = SCORES.filter((name) => R.objectives.includes(name) || scoreOf(one, name) !== undefined).map((name) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", title: R.scores[name].title }, title(name)),
      h("td", { class: R.objectives.includes(name) ? "best" : null }, scoreText(one, name)),
      h("td", {}, valueText(name, SINGLE[name])),
      h("td", {}, verdict(one, name)),
    ),
  );
  return box(
    "Scores",
    scrollTable("scores", ["validation", "this", "best baseline", "compared"], rows),
    remarks.map((remark) => h("p", { class: "note" }, remark)),
    h(
      "p",
      { class: "caption" },
      one.s === "p" ? "Its training was stopped early; these are the scores at that point. " : "",
      "Objectives are bold; the arrow shows which direction is better. A score is better or worse than the best " +
        "baseline if the difference is larger than chance on these rows (95%), otherwise equal.",
      longer(one),
    ),
  );
}

/**
 * A sentence if a candidate has had more training than every single-task network, else null.
 * @param {Candidate} one
 */
function longer(one) {
  const most = Math.max(...R.baselines.map((row) => row.samples));
  if (!R.singles.length || one.m === undefined || one.m <= most) return null;
  return ` With its ancestors, it has seen ${count(one.m)} samples; no single-task network has seen more than ${count(most)}.`;
}

/** @param {Candidate} one */
function facts(one) {
  const own = one.p && one.m !== undefined;
  const rows = [
    ["networks", networksOf(one).length],
    ["connections", one.g.e.length],
    ["parameters", counted(one.w)],
    ["samples seen", one.m === undefined ? "–" : `${count(one.m)}${own ? " with its parents" : ""}`],
    ["learning rate", one.lr.toPrecision(3)],
    ...(one.b ? [["losses balanced by", one.b]] : []),
    ["seconds", one.t === undefined ? "–" : one.t.toFixed(1)],
  ];
  return box(
    "How it was made",
    h(
      "table",
      { class: "facts" },
      h(
        "tbody",
        {},
        rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))),
      ),
    ),
    h(
      "div",
      { class: "commands", style: "margin-top:.8rem" },
      commandLine(`valp show ${R.run} ${one.n}${R.where}`),
      one.k !== undefined ? commandLine(`valp export ${R.run} ${one.n} -o ${R.model}${R.where}`) : null,
    ),
  );
}
