/* Which choices mattered. */

function importance() {
  const made = R.importance;
  if (!made.enough)
    return $("importance").append(
      h(
        "p",
        { class: "note" },
        `That takes at least ${made.needed} complete candidates; this run has ${made.candidates}.`,
      ),
    );
  const most = Math.max(
    0.01,
    ...Object.values(made.objectives).flatMap(({ choices }) => choices.map(([, mean, deviation]) => mean + deviation)),
  );
  const X = (v) => Math.max(0, v / most) * 100;
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
      `Forests of trees were taught to foretell how candidates rank from the choices that made them, and tried on candidates that they had not seen${made.of > made.candidates ? ` (${count(made.candidates)} complete ones)` : ""}. A bar is how much of that skill is lost when one choice is hidden; the line is ± one standard deviation over five folds. “More → better” says how the two went together, not which caused which.`,
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
            `R² of ranks on candidates held back: ${r2.toFixed(2)} ± ${deviation.toFixed(2)}`,
          ),
          choices.length
            ? h("ul", { class: "bars" }, choices.map(row(name)))
            : h("p", {}, "The choices recorded here do not foretell this score reliably, so none is named."),
        ),
      ),
    ),
    h(
      "p",
      { class: "caption" },
      "Read it with care: a search does not try choices evenly, related choices share their credit, and where weights are inherited later candidates have learnt for longer. A pale bar, whose line reaches zero, may be chance.",
    ),
  );
}
function sign(name, rho) {
  if (Math.abs(rho) < 0.2) return "";
  return rho > 0 === R.scores[name].maximise ? "more → better" : "more → worse";
}
