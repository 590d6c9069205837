/* What a candidate generates. */

/** A picture of samples by class, or lines where they are no images. */
function samples(one, made) {
  const real = R.real[made.name],
    conditioned = Boolean(made.conditions);
  const left = conditioned ? ["what conditions them", made.conditions] : null;
  const shown = [left, ["generated", made.shown], real && ["real, of the class", real.shown]].filter(Boolean);
  const about = [
    made.classes.length
      ? "Rows: the class that the judge sees in a generated sample, or that a real one has; where nothing is, the class was not generated."
      : "",
    made.inputs ? `The samples follow ${made.inputs.join(", ")}.` : "The samples come from noise alone.",
    conditioned && made.shown.image ? "Each generated sample stands where its condition stands on the left." : "",
  ];
  const rows = made.shown.rows,
    names = (where) =>
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
        " Each line is a sample over its variables, in the model's units; all panels have the same scale.",
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

/** Samples as lines over their variables: a row of panels for each class, a column for what is generated and what is real. */
function lineSamples(shown, classes) {
  const all = shown.flatMap(([, held]) => held.lines.flat(2)),
    size = Math.max(...shown.map(([, held]) => (held.lines.flat()[0] || []).length));
  const rows = classes.length ? classes.slice(0, shown[0][1].lines.length) : [""],
    low = all.reduce((a, b) => Math.min(a, b), Infinity),
    high = all.reduce((a, b) => Math.max(a, b), -Infinity);
  const X = (i) => 4 + (i / Math.max(1, size - 1)) * 292,
    Y = (v) => 66 - ((v - low) / (high - low || 1)) * 62;
  const names = shown[0][1].names.length === size && size <= 16 ? shown[0][1].names : [];
  const lines = (held, k) => (classes.length ? held.lines[k] || [] : held.lines.flat());
  return h(
    "div",
    {},
    h(
      "div",
      { class: "samples lines", style: `--figures:${shown.length}` },
      h("span"),
      shown.map(([text]) => h("figcaption", {}, text)),
      rows.map((name, k) => [
        h("span", { class: "muted" }, name),
        shown.map(([text, held]) =>
          s(
            "svg",
            {
              class: "chart",
              viewBox: "0 0 300 70",
              preserveAspectRatio: "none",
              role: "img",
              "aria-label": `${text} ${name}: ${lines(held, k).length} samples`,
            },
            s("line", { class: "axis", x1: 4, x2: 296, y1: 68, y2: 68, "vector-effect": "non-scaling-stroke" }),
            lines(held, k).map((row) =>
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

/** The shares of the classes among generated samples in parallel coordinates, this candidate's beside all the front's. */
function distribution(one, made) {
  if (!made.shares) return null;
  const others = FRONT.filter((other) => other !== one)
    .map((other) => detailOf(other.n))
    .filter(Boolean)
    .flatMap((held) =>
      (held.generated || []).filter((other) => other.name === made.name && other.shares).map((other) => other.shares),
    );
  const real = R.real[made.name] && R.real[made.name].shares,
    wide = 900,
    high = 250,
    left = 46,
    bottom = 34,
    top = 12;
  const most = Math.max(0.05, ...made.shares, ...others.flat(), ...(real || [])),
    X = (i) => left + 24 + (i / Math.max(1, made.shares.length - 1)) * (wide - left - 60),
    Y = (v) => high - bottom - (v / most) * (high - bottom - top);
  const path = (shares, cls) =>
    s("path", {
      class: `line ${cls}`,
      d: shares.map((v, i) => `${i ? "L" : "M"}${X(i).toFixed(1)} ${Y(v).toFixed(1)}`).join(""),
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
          "aria-label": `share of each class among the samples: ${made.shares.map((v, i) => `${made.classes[i]} ${(v * 100).toFixed(0)} %`).join(", ")}`,
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
        others.map((shares) => path(shares, "other")),
        real && path(real, "real"),
        path(made.shares, ""),
        made.shares.map((v, i) => s("circle", { cx: X(i), cy: Y(v), r: 3.2, style: "fill:var(--accent)" })),
      ),
    ),
    key(
      [keyLine(""), `candidate ${one.n}`],
      real && [keyLine("real"), "real samples"],
      others.length && [keyLine("other"), "the rest of the front"],
    ),
    h(
      "p",
      { class: "caption" },
      "The share of each class, by the judge, among 1,000 generated samples. A line that follows the real one leaves no class out.",
    ),
  );
}

function conditioning(made) {
  if (!made.matrix) return null;
  const total = made.matrix.flat().reduce((a, b) => a + b, 0),
    kept = made.matrix.reduce((sum, row, i) => sum + row[i], 0);
  return box(
    `From condition to sample of ${made.name}`,
    matrix(made.matrix, made.classes, made.classes, "condition ↓  sample →", "classes of conditions and samples"),
    h(
      "p",
      { class: "caption" },
      `The judge's class of what conditions a sample, and of the sample: ${((100 * kept) / total).toFixed(1)} % are the same; by chance it would be ${(100 / made.classes.length).toFixed(0)} %.`,
    ),
  );
}
