/** The boxes that show what came of a candidate's training. */
function panels(one, more) {
  const halves = [
    ...(more.generated || []).map(conditioning),
    ...(more.predicted || []).map((made) => (made.confusion ? confusion(made) : made.labels ? labels(made) : null)),
    more.speed ? cost(one, more) : null,
  ].filter(Boolean);
  if (halves.length % 2) halves.at(-1).classList.add("wide");
  return [
    curves(one, more),
    more.missing ? h("p", { class: "note" }, `Predictions, samples and speed are not shown: ${more.missing}.`) : null,
    ...(more.generated || []).flatMap((made) => [samples(one, made), distribution(one, made)]),
    ...halves,
    ...(more.predicted || []).filter((made) => made.panels).map(truths),
  ].filter(Boolean);
}

const panel = (wide, heading, content) => h("div", { class: `box ${wide}` }, h("h3", {}, heading), content);

const box = (heading, ...content) => panel("", heading, content);

const wideBox = (heading, ...content) => panel("wide", heading, content);

function curves(one, more) {
  if (!more.curves) return null;
  const zip = (held, name) => held.steps.map((step, i) => [step, held.losses[name][i]]);
  const single = (name) =>
    R.singles.map((model) => model.curves).find((held) => held && name !== "total" && held.losses[name]);
  const names = Object.keys(more.curves.losses);
  return wideBox(
    "Learning curves",
    h(
      "div",
      { class: "grid" },
      names.map((name) => {
        const other = single(name),
          text = name === "total" ? "total, weighed by β" : name.replace(":", " of ");
        return h(
          "figure",
          {},
          h("figcaption", {}, text),
          lineChart({
            name: `learning curve: ${text}`,
            log: true,
            lines: [other && { points: zip(other, name), class: "single" }, { points: zip(more.curves, name) }].filter(
              Boolean,
            ),
            wide: 340,
            high: 165,
          }),
        );
      }),
    ),
    key([keyLine(""), `candidate ${one.n}`], names.some(single) && [keyLine("single"), "the single-task model"]),
    h(
      "p",
      { class: "caption" },
      "The mean of each loss over the last steps, by training step, on the training split. Axes that span more than a factor of ten are logarithmic.",
      one.p ? " This candidate began with its parents' weights." : "",
    ),
  );
}

/** Size and speed beside the single-task models, alone and together. */
function cost(one, more) {
  const models = R.singles.filter((single) => !single.failure),
    all = models.reduce((sum, single) => sum + single.parameters, 0);
  const timed = models.length > 0 && models.every((single) => single.speed);
  const together = timed ? 1 / models.reduce((sum, single) => sum + 1 / single.speed, 0) : null;
  const row = (name, parameters, speed, cls = "") =>
    h(
      "tr",
      {},
      h("th", { scope: "row", class: `wrap ${cls}` }, name),
      h("td", {}, count(parameters)),
      h("td", {}, speed ? count(speed) : "–"),
    );
  return box(
    "Size and speed",
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "size and speed" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["model", "parameters", "inferences per second"].map((text) => h("th", { scope: "col" }, text)),
          ),
        ),
        h(
          "tbody",
          {},
          row(`candidate ${one.n}`, one.w, more.speed, "best"),
          models.length ? row("the single-task models, one after the other", all, together) : null,
          models.map((single) => row(`single-task ${single.output}`, single.parameters, single.speed)),
        ),
      ),
    ),
    h(
      "p",
      { class: "caption" },
      "All outputs of a row, measured on one thread in batches of 256 while this page was made: the fastest batch counts, but another machine has other figures.",
    ),
  );
}
