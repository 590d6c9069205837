/* Two candidates side by side. */

function comparison() {
  const options = () => (R.candidates.length > 400 ? FRONT : R.candidates);
  const inputs = ["a", "b"].map((side) =>
    h("input", {
      id: `pair-${side}`,
      type: "number",
      min: 0,
      max: R.candidates.at(-1)?.n ?? 0,
      list: "numbers",
      style:
        "width:6rem;border:1px solid var(--line);background:var(--paper);border-radius:7px;padding:.25rem .5rem;min-height:2rem",
    }),
  );
  const result = h("div");
  const list = h(
    "datalist",
    { id: "numbers" },
    options().map(({ n }) => h("option", { value: n })),
  );
  inputs.forEach((input) =>
    input.addEventListener("change", () => {
      const [a, b] = inputs.map((one) => +one.value);
      byNumber.has(a) && byNumber.has(b)
        ? compare(a, b, false)
        : result.replaceChildren(h("p", { class: "note" }, `There are candidates 0 to ${R.candidates.at(-1).n}.`));
    }),
  );
  if (R.candidates.length < 2) return $("pair").append(h("p", { class: "note" }, "There are not two candidates yet."));
  $("pair").append(
    h("div", { class: "controls" }, h("label", {}, "candidate", inputs[0]), h("label", {}, "beside", inputs[1]), list),
    result,
  );
  on("compare", (a, b) => {
    inputs[0].value = a;
    inputs[1].value = b;
    result.replaceChildren(sideBySide(byNumber.get(a), byNumber.get(b)));
  });
}

function sideBySide(a, b) {
  const { marksA, marksB, changes } = differences(a, b);
  const rows = SCORES.filter((name) => (a.v && a.v[name] !== undefined) || (b.v && b.v[name] !== undefined)).map(
    (name) => {
      const [x, y] = [a.v && a.v[name], b.v && b.v[name]],
        both = x !== undefined && y !== undefined;
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, title(name)),
        h("td", { class: both && better(name, x, y) ? "best" : null }, number(x)),
        h("td", { class: both && better(name, y, x) ? "best" : null }, number(y)),
        h("td", {}, number(SINGLE[name])),
      );
    },
  );
  const drawing = (one, marks) =>
    h(
      "figure",
      { class: "box" },
      h("figcaption", {}, link(one.n)),
      h(
        "div",
        { class: "drawing" },
        drawGraph(one.g, { marks, name: `graph of candidate ${one.n}, with what differs marked` }),
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
        "the same, faint",
      ],
    ),
    h(
      "div",
      { class: "grid tops" },
      h(
        "div",
        { class: "box" },
        h("h3", {}, "Scores"),
        h(
          "div",
          { class: "scroll", tabindex: 0, role: "region", "aria-label": "scores of both" },
          h(
            "table",
            {},
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                ["validation", String(a.n), String(b.n), "single-task"].map((text) => h("th", { scope: "col" }, text)),
              ),
            ),
            h(
              "tbody",
              {},
              rows,
              h(
                "tr",
                {},
                h("th", { scope: "row" }, "parameters"),
                h("td", {}, a.w ? count(a.w) : "–"),
                h("td", {}, b.w ? count(b.w) : "–"),
                h("td", {}, ""),
              ),
            ),
          ),
        ),
      ),
      h(
        "div",
        { class: "box" },
        h("h3", {}, `From ${a.n} to ${b.n}`),
        changes.length
          ? h(
              "div",
              { class: "scroll", tabindex: 0, role: "region", "aria-label": "what differs" },
              h(
                "table",
                { id: "changes" },
                h(
                  "thead",
                  {},
                  h(
                    "tr",
                    {},
                    ["what", "which", "how"].map((text) => h("th", { scope: "col", class: "left" }, text)),
                  ),
                ),
                h(
                  "tbody",
                  {},
                  changes.map(([what, which, how]) =>
                    h(
                      "tr",
                      {},
                      h("th", { scope: "row" }, what),
                      h("td", { class: "left" }, which),
                      h("td", { class: "left wrap" }, how),
                    ),
                  ),
                ),
              ),
            )
          : h("p", {}, "Nothing differs but the seed."),
      ),
    ),
    h(
      "p",
      { class: "caption" },
      "Networks correspond where they share weights by descent, else, being of one kind and type, where they are most alike in size, layers and neighbours; their names need not agree. Which variables of a source are transported is not compared, but how many are.",
    ),
  );
}
