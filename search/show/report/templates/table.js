/* The table of all candidates, with sorting, filters and pages. */

/** @import { Child } from "./dom.js" */
/** @import { Candidate } from "./wire" */
import { chosen, compare, on, open } from "./choice.js";
import { R, SCORES, SINGLE, STATES } from "./data.js";
import { $, h, say } from "./dom.js";
import { count, counted } from "./figures.js";
import { kindCounts, kindOf, networksOf } from "./kinds.js";
import { beats, directionOf, inFull, merit, scoreOf, scoreText, title } from "./scores.js";

const PAGE = 25;

/**
 * @typedef {object} Column
 * @property {string} id
 * @property {string} text
 * @property {(one: Candidate) => string | number | undefined} value the value to sort by
 * @property {(one: Candidate) => Child} cell
 * @property {boolean} [down] whether the first click sorts the largest first
 * @property {string} [hint]
 */

export function table() {
  /** @type {Column} */
  const balance = { id: "b", text: "losses balanced by", value: (one) => one.b, cell: (one) => one.b ?? "–" };
  /** @type {Column[]} */
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
      value: (/** @type {Candidate} */ one) => {
        const value = scoreOf(one, name);
        return value !== undefined && directionOf(name) === "target" ? merit(name, value) : value;
      },
      cell: (/** @type {Candidate} */ one) => scoreText(one, name),
      down: directionOf(name) !== "minimise",
      hint: inFull(name),
    })),
    {
      id: "state",
      text: "state",
      value: (one) => STATES[one.s],
      cell: (one) => h("span", { title: one.f || null, class: one.f ? "bad" : null }, STATES[one.s]),
    },
    { id: "networks", text: "networks", value: (one) => networksOf(one).length, cell: (one) => networksOf(one).length },
    { id: "kinds", text: "kinds", value: kindCounts, cell: kindCounts },
    ...(R.candidates.some((one) => one.b) ? [balance] : []),
    { id: "lr", text: "learning rate", value: (one) => one.lr, cell: (one) => one.lr.toPrecision(2) },
    {
      id: "m",
      text: "samples seen with parents",
      value: (one) => one.m,
      cell: (one) => counted(one.m),
      down: true,
      hint: "samples of its own training and of the trainings of all its ancestors",
    },
    { id: "t", text: "seconds", value: (one) => one.t, cell: (one) => (one.t === undefined ? "–" : one.t.toFixed(1)) },
    {
      id: "p",
      text: "parents",
      value: (one) => (one.p ? one.p[0] : undefined),
      cell: (one) => (one.p ? one.p.join(", ") : "–"),
    },
  ];
  const text = new Map(
    R.candidates.map((one) => [
      one.n,
      [
        one.n,
        STATES[one.s],
        kindCounts(one),
        one.f || "",
        one.b || "",
        ...new Set(networksOf(one).map((node) => kindOf(node).title)),
      ]
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
  const judged = R.objectives.filter((name) => SINGLE[name] !== undefined);
  /** @param {Candidate} one */
  const passes = (one) => {
    if (view.words && !view.words.split(/\s+/).every((word) => text.get(one.n)?.includes(word))) return false;
    if (view.state && one.s !== view.state) return false;
    if (view.front && one.k === undefined) return false;
    if (view.conditioned && !one.c) return false;
    return !view.beats || beats(one, judged);
  };
  /**
   * @param {Candidate} a
   * @param {Candidate} b
   */
  const order = (a, b) => {
    const [x, y] = [view.by.value(a), view.by.value(b)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined) || a.n - b.n;
    const rise = typeof x === "string" ? x.localeCompare(String(y)) : x - Number(y);
    return (view.down ? -rise : rise) || a.n - b.n;
  };
  /** @param {Candidate} one */
  function row(one) {
    const tick = h("input", {
      type: "checkbox",
      "aria-label": `compare candidate ${one.n}`,
      onchange: () => pick(one.n, tick.checked),
    });
    tick.checked = chosen.pair.includes(one.n);
    return h(
      "tr",
      { class: one.n === chosen.number ? "chosen" : null },
      columns.flatMap((column, i) => [
        h(i ? "td" : "th", { scope: i ? null : "row" }, column.cell(one)),
        i ? null : h("td", {}, tick),
      ]),
    );
  }
  /**
   * Adds a candidate to the comparison, or removes it. A third one replaces the first.
   * @param {number} n
   * @param {boolean} taken
   */
  function pick(n, taken) {
    const pair = chosen.pair.filter((one) => one !== null && one !== n);
    if (taken) pair.push(n);
    const [a = null, b = null] = pair.slice(-2);
    if (a !== null && b !== null) compare(a, b, false);
    else chosen.pair = [a, null];
    say(b === null ? "select one more candidate to compare" : `candidates ${a} and ${b} are compared below`);
    draw();
  }
  const side = h(
    "button",
    {
      type: "button",
      class: "quiet",
      disabled: true,
      onclick: () => {
        const [a, b] = chosen.pair;
        if (a !== null && b !== null) compare(a, b);
      },
    },
    "Compare the selected two",
  );
  function draw() {
    const found = R.candidates.filter(passes).sort(order),
      last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    view.page = Math.min(view.page, last);
    body.replaceChildren(...found.slice(view.page * PAGE, (view.page + 1) * PAGE).map(row));
    if (!found.length) body.append(h("tr", {}, h("td", { colspan: columns.length + 1 }, "No candidate matches.")));
    heads.forEach((head, i) => {
      const sorted = columns[i] === view.by;
      if (sorted) head.setAttribute("aria-sort", view.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
      /** @type {Element} */ (head.querySelector("span")).textContent = sorted ? (view.down ? " ▾" : " ▴") : "";
    });
    said.textContent = `${count(found.length)} of ${count(R.candidates.length)} candidates`;
    /**
     * @param {string} name
     * @param {number} by
     * @param {boolean} able
     */
    const turn = (name, by, able) =>
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          disabled: !able,
          "aria-label": `${name} page`,
          onclick: () => {
            view.page += by;
            draw();
          },
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
  /** @param {Partial<typeof view>} wanted */
  const change = (wanted) => {
    Object.assign(view, wanted, { page: 0 });
    draw();
  };
  const search = h("input", {
    type: "search",
    id: "filter-words",
    placeholder: "number, kind, failure …",
    oninput: () => change({ words: search.value.trim().toLowerCase() }),
  });
  const states = h(
    "select",
    { id: "filter-state", onchange: () => change({ state: states.value }) },
    h("option", { value: "" }, "any"),
    Object.entries(STATES)
      .filter(([code]) => R.candidates.some((one) => one.s === code))
      .map(([code, name]) => h("option", { value: code }, name)),
  );
  /**
   * @param {"front" | "beats" | "conditioned"} id
   * @param {string} name
   */
  const filter = (id, name) => {
    const box = h("input", { type: "checkbox", id: `filter-${id}`, onchange: () => change({ [id]: box.checked }) });
    return h("label", {}, box, name);
  };
  $("table").append(
    h(
      "div",
      { class: "controls" },
      h("label", {}, "search", search),
      h("label", {}, "state", states),
      filter("front", "on the front"),
      judged.length ? filter("beats", "beat every baseline") : null,
      R.candidates.some((one) => one.c) ? filter("conditioned", "samples conditioned") : null,
    ),
    h(
      "div",
      { class: "scroll candidates", tabindex: 0, role: "region", "aria-label": "table of candidates" },
      h(
        "table",
        {},
        h("caption", { class: "unseen" }, "all candidates; the buttons in the header sort the table"),
        h("thead", {}, h("tr", {}, heads[0], h("th", { scope: "col" }, "compare"), heads.slice(1))),
        body,
      ),
    ),
    h("div", { class: "controls below" }, said, pages, h("span", { class: "end" }, side)),
  );
  on("open", draw);
  on("compare", draw);
  draw();
}
