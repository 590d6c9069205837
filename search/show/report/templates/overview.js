/* The search at a glance. */

function overview() {
  const { complete, pruned, failed, running } = R.states;
  const wins = (one) =>
    R.objectives.filter((name) => SINGLE[name] !== undefined && one.v && better(name, one.v[name], SINGLE[name]))
      .length;
  const held = R.objectives.filter((name) => SINGLE[name] !== undefined).length;
  const all = R.candidates.filter((one) => one.s === "c" && held && wins(one) === held).length;
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
      held
        ? figure(
            "beat every single-task model",
            count(all),
            held > 1 ? `in all ${held} objectives` : "in the objective",
          )
        : null,
      figure("samples seen", brief(R.samples), "by all candidates"),
      R.wall === null
        ? null
        : figure("time", duration(R.wall), `first start to last end; ${duration(R.seconds)} of training and scoring`),
    ),
  );
  $("bests").append(bests());
  $("growth").append(growth());
}

function bests() {
  const rows = R.objectives.map((name) => {
    const done = R.candidates.filter((one) => one.s === "c");
    const best = done.reduce((a, b) => (a && !better(name, b.v[name], a.v[name]) ? a : b), null);
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
      h("td", { class: "best" }, best ? number(best.v[name]) : "–"),
      h("td", {}, best ? link(best.n) : "–"),
      h("td", {}, number(SINGLE[name])),
      h("td", {}, best ? verdict(name, best.v[name]) : "–"),
    );
  });
  const knee = FRONT[0];
  return h(
    "div",
    {},
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "the best of each objective" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["objective", "best", "candidate", "single-task model", "beside it"].map((text) =>
              h("th", { scope: "col" }, text),
            ),
          ),
        ),
        h("tbody", {}, rows),
      ),
    ),
    knee
      ? h(
          "p",
          { class: "caption" },
          "The best compromise is ",
          link(knee.n),
          ": of the front it is nearest to having every best value at once.",
        )
      : h("p", { class: "note" }, "No candidate is complete yet, so there is no front."),
  );
}
const link = (n, text) =>
  h("button", { type: "button", class: "link", onclick: () => open(n) }, text || `candidate ${n}`);

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
    const x = spent[choice.value];
    const steps = (points) => {
      const made = points.map(([place, value]) => [x[place], value]);
      return made.length ? [...made, [x[total - 1], made.at(-1)[1]]] : [];
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
            wide: 236,
            high: 160,
            level: SINGLE[name] === undefined ? null : { value: SINGLE[name] },
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
            wide: 236,
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
    { style: "margin-top:1.6rem" },
    h("div", { class: "controls" }, h("label", {}, "The search as it went on, by", choice)),
    box,
    key(
      [keyLine(""), "the best so far"],
      R.singles.length && [keyLine("single"), "the single-task model of the same budget"],
    ),
    hypervolume &&
      h(
        "p",
        { class: "caption" },
        "Hypervolume: the share that the front dominates of the box between, in each objective, what is had without learning (where that is not known or nobody is better, the value that three candidates in four reach) and the best value found.",
      ),
  );
}
