const PAGE = 25;

/** The table of all candidates: sorted, filtered, a page at a time. */
function table() {
  const networks = (one) => one.g.v.filter(([, kind]) => kind !== "in" && kind !== "out");
  const conditioned = conditionedOf();
  const columns = [
    {
      id: "n",
      text: "candidate",
      value: (one) => one.n,
      cell: (one) => [
        h(
          "button",
          { type: "button", class: "link", "aria-label": `open candidate ${one.n}`, onclick: () => open(one.n) },
          one.n,
        ),
        one.k !== undefined &&
          h(
            "span",
            {
              class: "star",
              title: one.k ? "on the front" : "best compromise",
              role: "img",
              "aria-label": one.k ? "on the front" : "best compromise",
            },
            one.k ? " ●" : " ◉",
          ),
      ],
    },
    ...SCORES.map((name) => ({
      id: name,
      text: title(name),
      value: (one) => (one.v ? one.v[name] : undefined),
      cell: (one) => number(one.v && one.v[name]),
      down: R.scores[name].maximise,
      hint: `${R.scores[name].title} of ${R.scores[name].output}`,
    })),
    {
      id: "state",
      text: "state",
      value: (one) => STATES[one.s],
      cell: (one) => h("span", { title: one.f || null, class: one.f ? "bad" : null }, STATES[one.s]),
    },
    { id: "w", text: "parameters", value: (one) => one.w, cell: (one) => (one.w ? count(one.w) : "–") },
    { id: "networks", text: "networks", value: (one) => networks(one).length, cell: (one) => networks(one).length },
    { id: "kinds", text: "kinds", value: kinds, cell: kinds },
    { id: "lr", text: "learning rate", value: (one) => one.lr, cell: (one) => one.lr.toPrecision(2) },
    {
      id: "m",
      text: "samples seen with parents",
      value: (one) => one.m,
      cell: (one) => (one.m === undefined ? "–" : count(one.m)),
      down: true,
      hint: "in its own training and in those of all its ancestors",
    },
    { id: "t", text: "seconds", value: (one) => one.t, cell: (one) => (one.t === undefined ? "–" : one.t.toFixed(1)) },
    {
      id: "p",
      text: "parents",
      value: (one) => (one.p ? one.p[0] : undefined),
      cell: (one) => (one.p ? one.p.join(", ") : "–"),
    },
  ];
  function kinds(one) {
    const counts = {};
    for (const [, kind] of networks(one)) counts[kind] = (counts[kind] || 0) + 1;
    return Object.keys(counts)
      .sort()
      .map((kind) => `${counts[kind]}${kind === "delta" ? "δ" : kind}`)
      .join(" ");
  }
  const text = new Map(
    R.candidates.map((one) => [
      one.n,
      [one.n, STATES[one.s], kinds(one), one.f || "", ...new Set(networks(one).map(([, kind]) => kindTitle(kind)))]
        .join(" ")
        .toLowerCase(),
    ]),
  );
  const view = {
    by: columns[0],
    down: false,
    page: 0,
    words: "",
    state: "",
    front: false,
    beats: false,
    conditioned: false,
  };
  const body = h("tbody"),
    said = h("span", { class: "muted", role: "status" }),
    pages = h("span");
  const heads = columns.map((column) => {
    const button = h(
      "button",
      { type: "button", title: column.hint || null },
      column.text,
      h("span", { "aria-hidden": "true" }),
    );
    button.addEventListener("click", () => {
      view.down = view.by === column ? !view.down : Boolean(column.down);
      view.by = column;
      view.page = 0;
      draw();
    });
    return h("th", { scope: "col", class: column.id === "n" ? "left" : null }, button);
  });
  const held = R.objectives.filter((name) => SINGLE[name] !== undefined);
  const passes = (one) => {
    if (view.words && !view.words.split(/\s+/).every((word) => text.get(one.n).includes(word))) return false;
    if (view.state && one.s !== view.state) return false;
    if (view.front && one.k === undefined) return false;
    if (view.conditioned && !conditioned(one)) return false;
    return !view.beats || (one.s === "c" && held.every((name) => better(name, one.v[name], SINGLE[name])));
  };
  const order = (a, b) => {
    const [x, y] = [view.by.value(a), view.by.value(b)];
    if (x === undefined || y === undefined) return (x === undefined) - (y === undefined) || a.n - b.n;
    const sign = typeof x === "string" ? x.localeCompare(y) : x - y;
    return (view.down ? -sign : sign) || a.n - b.n;
  };
  function row(one) {
    const box = h("input", {
      type: "checkbox",
      "aria-label": `compare candidate ${one.n}`,
      onchange: () => pick(one.n, box),
    });
    box.checked = chosen.pair.includes(one.n);
    return h(
      "tr",
      { class: one.n === chosen.number ? "chosen" : null },
      columns.flatMap((column, i) => [
        h(i ? "td" : "th", { scope: i ? null : "row" }, column.cell(one)),
        i ? null : h("td", {}, box),
      ]),
    );
  }
  function pick(n, box) {
    const pair = chosen.pair.filter((one) => one !== null && one !== n);
    if (box.checked) pair.push(n);
    const [a, b] = pair.slice(-2);
    if (a !== undefined && b !== undefined) compare(a, b, false);
    else chosen.pair = [a ?? null, null];
    say(chosen.pair[1] === null ? "choose one more to compare" : `candidates ${a} and ${b} are compared below`);
    draw();
  }
  function draw() {
    const found = R.candidates.filter(passes).sort(order),
      last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    view.page = Math.min(view.page, last);
    body.replaceChildren(...found.slice(view.page * PAGE, (view.page + 1) * PAGE).map(row));
    if (!found.length) body.append(h("tr", {}, h("td", { colspan: columns.length + 1 }, "No candidate is like that.")));
    heads.forEach((head, i) => {
      const sorted = columns[i] === view.by;
      sorted
        ? head.setAttribute("aria-sort", view.down ? "descending" : "ascending")
        : head.removeAttribute("aria-sort");
      head.querySelector("span").textContent = sorted ? (view.down ? " ▾" : " ▴") : "";
    });
    said.textContent = `${count(found.length)} of ${count(R.candidates.length)} candidates`;
    const turn = (name, by, able) =>
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          disabled: !able,
          "aria-label": `${name} page`,
          onclick: () => ((view.page += by), draw()),
        },
        name,
      );
    pages.replaceChildren(
      ...(last
        ? [turn("Previous", -1, view.page > 0), ` ${view.page + 1} of ${last + 1} `, turn("Next", 1, view.page < last)]
        : []),
    );
    side.disabled = chosen.pair[1] === null;
  }
  const change = (name, value) => ((view[name] = value), (view.page = 0), draw());
  const search = h("input", {
    type: "search",
    id: "filter-words",
    placeholder: "number, kind, failure …",
    oninput: () => change("words", search.value.trim().toLowerCase()),
  });
  const states = h(
    "select",
    { id: "filter-state", onchange: () => change("state", states.value) },
    h("option", { value: "" }, "any"),
    Object.entries(STATES)
      .filter(([code]) => R.candidates.some((one) => one.s === code))
      .map(([code, name]) => h("option", { value: code }, name)),
  );
  const tick = (id, name) => {
    const box = h("input", { type: "checkbox", id: `filter-${id}`, onchange: () => change(id, box.checked) });
    return h("label", {}, box, name);
  };
  const side = h(
    "button",
    { type: "button", class: "quiet", disabled: true, onclick: () => compare(...chosen.pair) },
    "Compare the two chosen",
  );
  $("table").append(
    h(
      "div",
      { class: "controls" },
      h("label", {}, "search", search),
      h("label", {}, "state", states),
      tick("front", "on the front"),
      held.length ? tick("beats", "beat the single-task models") : null,
      R.candidates.some(conditioned) ? tick("conditioned", "samples conditioned") : null,
    ),
    h(
      "div",
      { class: "scroll candidates", tabindex: 0, role: "region", "aria-label": "table of candidates" },
      h(
        "table",
        {},
        h("caption", { class: "unseen" }, "all candidates; the header buttons sort"),
        h("thead", {}, h("tr", {}, heads[0], h("th", { scope: "col" }, "compare"), heads.slice(1))),
        body,
      ),
    ),
    h("div", { class: "controls", style: "margin-top:.7rem" }, said, pages, h("span", { class: "end" }, side)),
  );
  on("open", draw);
  on("compare", draw);
  draw();
}

/** Whether an input reaches a Samples output of a candidate without a latent connection. */
function conditionedOf() {
  const known = new Map();
  return (one) => {
    if (known.has(one.n)) return known.get(one.n);
    const reached = new Set(one.g.v.flatMap(([, kind], i) => (kind === "in" ? [i] : [])));
    for (let before = -1; before !== reached.size;) {
      before = reached.size;
      for (const [a, b, role] of one.g.e) if (role !== 1 && reached.has(a)) reached.add(b);
    }
    const found = one.g.v.some(([, kind, type], i) => kind === "out" && type === "samples" && reached.has(i));
    known.set(one.n, found);
    return found;
  };
}
