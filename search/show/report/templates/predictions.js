/* What a candidate predicts. */

function confusion(made) {
  const total = made.confusion.flat().reduce((a, b) => a + b, 0),
    right = made.confusion.reduce((sum, row, i) => sum + row[i], 0);
  return box(
    `Confusion matrix of ${made.name}`,
    made.classes.length <= 40
      ? matrix(made.confusion, made.classes, made.classes, "true ↓  predicted →", `confusion matrix of ${made.name}`)
      : worst(made),
    h(
      "p",
      { class: "caption" },
      `${((100 * right) / total).toFixed(1)} % of ${count(total)} validation rows are on the diagonal. Shades are shares of a row.`,
    ),
  );
}

/** Of very many classes the pairs that are taken for each other most often. */
function worst(made) {
  const pairs = made.confusion
    .flatMap((row, i) => row.map((n, j) => [n, i, j]))
    .filter(([n, i, j]) => i !== j && n)
    .sort((a, b) => b[0] - a[0])
    .slice(0, 20);
  return h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["true", "predicted as", "rows"].map((text) => h("th", { scope: "col" }, text)),
      ),
    ),
    h(
      "tbody",
      {},
      pairs.map(([n, i, j]) =>
        h("tr", {}, h("th", { scope: "row" }, made.classes[i]), h("td", {}, made.classes[j]), h("td", {}, n)),
      ),
    ),
  );
}

function labels(made) {
  const percent = (a, b) => (b ? `${((100 * a) / b).toFixed(1)} %` : "–");
  return box(
    `Labels of ${made.name}`,
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": `labels of ${made.name}` },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["label", "right", "found, of those that have it", "true, of those said to", "rows that have it"].map(
              (text) => h("th", { scope: "col" }, text),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          made.labels.map(([name, tp, fp, fn, tn]) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, name),
              h("td", {}, percent(tp + tn, tp + fp + fn + tn)),
              h("td", {}, percent(tp, tp + fn)),
              h("td", {}, percent(tp, tp + fp)),
              h("td", {}, count(tp + fn)),
            ),
          ),
        ),
      ),
    ),
  );
}

function truths(made) {
  const draw = ({ title: name, range: [low, high], cells, outside }) => {
    const bins = 32,
      most = Math.max(...cells.map((cell) => cell[2])),
      left = 44,
      side = 236,
      X = (v) => left + ((v - low) / (high - low)) * side,
      Y = (v) => 8 + side - ((v - low) / (high - low)) * side,
      size = side / bins;
    return h(
      "figure",
      {},
      h("figcaption", {}, name, outside ? ` (${count(outside)} values outside)` : null),
      s(
        "svg",
        {
          class: "chart",
          viewBox: "0 0 290 282",
          style: "max-width:24rem",
          role: "img",
          "aria-label": `true beside predicted ${name}`,
        },
        s("rect", { x: left, y: 8, width: side, height: side, fill: "none", class: "axis" }),
        cells.map(([i, j, n]) =>
          s("rect", {
            class: "cell",
            x: (left + i * size).toFixed(1),
            y: (8 + side - (j + 1) * size).toFixed(1),
            width: (size + 0.2).toFixed(1),
            height: (size + 0.2).toFixed(1),
            opacity: (0.12 + 0.88 * (Math.log1p(n) / Math.log1p(most))).toFixed(2),
          }),
        ),
        s("line", { class: "single dashed", x1: X(low), y1: Y(low), x2: X(high), y2: Y(high) }),
        ticks(low, high, 4).map((v) => [
          tickText(v, { x: X(v), y: side + 24, "text-anchor": "middle" }),
          tickText(v, { x: left - 5, y: Y(v) + 4, "text-anchor": "end" }),
        ]),
        s("text", { x: left + side / 2, y: 279, "text-anchor": "middle" }, "true"),
        s("text", { transform: `translate(9 ${8 + side / 2}) rotate(-90)`, "text-anchor": "middle" }, "predicted"),
      ),
    );
  };
  return wideBox(
    `Predicted and true: ${made.name}`,
    h(
      "div",
      { class: "grid" },
      made.panels.map(draw),
      made.r2.length > 1
        ? h("figure", {}, h("figcaption", {}, "R² of each variable"), bars(made.r2, made.names))
        : null,
    ),
    h(
      "p",
      { class: "caption" },
      `Darker: more rows, on a logarithmic scale. On the dashed line a prediction is right.${made.panels.some((panel) => panel.title === "all variables") ? " “All variables” is in the model's units." : ""}`,
    ),
  );
}

function bars(values, names) {
  const wide = 290,
    high = 230,
    left = 34,
    low = Math.min(0, ...values.map((v) => Math.max(v, -1))),
    high1 = Math.max(1, ...values),
    Y = (v) => 10 + ((high1 - Math.max(v, -1)) / (high1 - low)) * 190,
    step = (wide - left) / values.length;
  return s(
    "svg",
    {
      class: "chart",
      viewBox: `0 0 ${wide} ${high}`,
      style: "max-width:24rem",
      role: "img",
      "aria-label": `R² by variable: ${values
        .slice(0, 40)
        .map((v, i) => `${names[i]} ${v}`)
        .join(", ")}`,
    },
    ticks(low, high1, 4).map((v) => [
      s("line", { class: "gridline", x1: left, x2: wide, y1: Y(v), y2: Y(v) }),
      s("text", { x: left - 5, y: Y(v) + 4, "text-anchor": "end" }, String(v)),
    ]),
    values.map((v, i) =>
      s("rect", {
        class: "cell",
        opacity: 0.75,
        x: left + i * step + step * 0.12,
        width: step * 0.76,
        y: Math.min(Y(0), Y(v)),
        height: Math.max(0.5, Math.abs(Y(v) - Y(0))),
      }),
    ),
    s("text", { x: (left + wide) / 2, y: 224, "text-anchor": "middle" }, "variable"),
  );
}
