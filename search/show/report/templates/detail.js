/* A candidate: its scores, and how it was made. */

const held = new Map();

/** What the page holds of a candidate beyond its row; read when it is first asked for. */
function detailOf(n) {
  if (!held.has(n)) held.set(n, $(`detail-${n}`) ? JSON.parse($(`detail-${n}`).textContent) : null);
  return held.get(n);
}

function detail() {
  on("open", (n) => {
    const one = byNumber.get(n),
      more = detailOf(n);
    $("candidate-title").textContent = `Candidate ${n}`;
    $("detail").replaceChildren(
      ...[
        heading(one),
        h("div", { class: "abreast" }, graphBox(one, more), h("div", {}, scores(one), facts(one))),
        more && h("div", { class: "flow" }, panels(one, more)),
      ].filter(Boolean),
    );
  });
}

function heading(one) {
  const at = FRONT.indexOf(one),
    step = (by) => FRONT[(at + by + FRONT.length) % FRONT.length];
  const badge = (text, cls = "") => h("span", { class: `badge ${cls}` }, text);
  const place =
    one.k === 0
      ? badge("best compromise", "on")
      : one.k !== undefined
        ? badge("on the front", "on")
        : one.s === "c"
          ? badge("dominated")
          : badge(STATES[one.s], "warn");
  const others = h(
    "select",
    { id: "open-other" },
    R.candidates.length <= 400
      ? R.candidates.map(({ n }) => h("option", { value: n }, n))
      : FRONT.map(({ n }) => h("option", { value: n }, n)),
    R.candidates.length > 400 && one.k === undefined && h("option", { value: one.n }, one.n),
  );
  others.value = one.n;
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
      { class: "controls", style: "margin:0 0 0 auto" },
      h("label", {}, "show", others),
      at >= 0 && FRONT.length > 1
        ? [
            h("button", { type: "button", class: "quiet", onclick: () => open(step(-1).n, false) }, "‹ front"),
            h("button", { type: "button", class: "quiet", onclick: () => open(step(1).n, false) }, "front ›"),
          ]
        : null,
      R.candidates.length > 1
        ? h(
            "button",
            { type: "button", class: "quiet", onclick: () => compare(one.n, rival(one).n) },
            `Compare with ${rival(one).n}`,
          )
        : null,
    ),
  );
}

/** Whom one compares a candidate with first: its parent, else the best compromise, else any other. */
function rival(one) {
  const parent = one.p && byNumber.get(one.p[0]);
  return parent || FRONT.find((other) => other !== one) || R.candidates.find((other) => other !== one);
}

function scores(one) {
  if (!one.v)
    return h(
      "div",
      { class: "box" },
      h("h3", {}, "Scores"),
      h("p", {}, one.f ? `It failed: ${one.f}` : "It has none yet."),
    );
  const rows = SCORES.filter((name) => one.v[name] !== undefined).map((name) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", title: R.scores[name].title }, title(name)),
      h("td", { class: R.objectives.includes(name) ? "best" : null }, number(one.v[name])),
      h("td", {}, number(SINGLE[name])),
      h("td", {}, verdict(name, one.v[name])),
    ),
  );
  return h(
    "div",
    { class: "box" },
    h("h3", {}, "Scores"),
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "scores" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["validation", "this", "single-task", "beside it"].map((text) => h("th", { scope: "col" }, text)),
          ),
        ),
        h("tbody", {}, rows),
      ),
    ),
    h(
      "p",
      { class: "caption" },
      one.s === "p" ? "It was stopped early: scores of an unfinished training. " : "",
      "Objectives are bold, with the direction that is better.",
      longer(one),
    ),
  );
}

/** A bred candidate has had more than the single-task models beside it; null for any other. */
function longer(one) {
  const least = Math.min(...R.singles.map((single) => single.samples));
  if (!R.singles.length || one.m === undefined || one.m <= least) return null;
  return ` It has seen ${count(one.m)} samples with its ancestors, each single-task model ${count(least)}.`;
}

function facts(one) {
  const networks = one.g.v.filter(([, kind]) => kind !== "in" && kind !== "out").length;
  const own = one.p && one.m !== undefined;
  const rows = [
    ["networks", networks],
    ["connections", one.g.e.length],
    ["parameters", one.w ? count(one.w) : "–"],
    ["samples seen", one.m === undefined ? "–" : `${count(one.m)}${own ? " with its parents" : ""}`],
    ["learning rate", one.lr.toPrecision(3)],
    ["seconds", one.t === undefined ? "–" : one.t.toFixed(1)],
  ];
  return h(
    "div",
    { class: "box" },
    h("h3", {}, "How it was made"),
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
