/* The Pareto plot: two scores as axes, and a third as colour or as the third axis of a plot that can be rotated. */

/** @import { Place, Tint } from "./frames.js" */
/** @import { Candidate, Scores } from "./wire" */
import { chosen, on, open } from "./choice.js";
import { R, SCORES, SINGLE } from "./data.js";
import { $, h, plainTable, s } from "./dom.js";
import { count, counted } from "./figures.js";
import { flatFrame, legendOf, rangeOf, solidFrame, stairs, tintOf } from "./frames.js";
import { drawGraph } from "./graph.js";
import { networksOf } from "./kinds.js";
import { scoreOf, scoreText, title, valueText } from "./scores.js";
import { noTip, tip, tipAt } from "./tip.js";

/** @typedef {Candidate & { v: Scores }} Dot a candidate with scores */

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

export function pareto() {
  const dots = /** @type {Dot[]} */ (R.candidates.filter((one) => one.v));
  if (!dots.length) return void $("pareto").append(h("p", { class: "note" }, "No candidate has scores yet."));
  const view = {
    axes: [
      R.objectives[0],
      R.objectives[1] || SCORES.find((name) => name !== R.objectives[0]) || R.objectives[0],
      R.objectives[2] || "",
    ],
    solid: false,
    near: true,
    turn: /** @type {[number, number]} */ ([-0.65, 0.45]),
  };
  const box = h("div", { class: "plot" }),
    legend = h("div"),
    outside = h("p", { class: "caption" });
  /**
   * @param {number} at
   * @param {string} text
   */
  const select = (at, text) => {
    const made = h(
      "select",
      { id: `axis-${at}` },
      at === 2 && h("option", { value: "" }, "none"),
      SCORES.map((name) => h("option", { value: name }, title(name))),
    );
    made.value = view.axes[at];
    made.addEventListener("change", () => {
      view.axes[at] = made.value;
      draw();
    });
    return h("label", {}, text, made);
  };
  /**
   * @param {string} text
   * @param {"solid" | "near"} what
   */
  const toggle = (text, what) => {
    const button = h("button", { type: "button", class: "quiet", "aria-pressed": view[what] }, text);
    button.addEventListener("click", () => {
      view[what] = !view[what];
      button.setAttribute("aria-pressed", String(view[what]));
      draw();
    });
    return button;
  };
  const solid = toggle("In 3-D", "solid");
  $("pareto").append(
    h(
      "div",
      { class: "controls" },
      select(0, "across"),
      select(1, "up"),
      select(2, "third"),
      solid,
      toggle("Near the front", "near"),
    ),
    h("div", { class: "box" }, box, legend),
    outside,
  );

  /** @type {{ one: Dot, at: Place }[]} */
  let placed = [];
  const marker = s("circle", { class: "marked", r: 11 });
  /** Moves the ring to the candidate that is open. */
  function mark() {
    const found = placed.find(({ one }) => one.n === chosen.number);
    marker.style.display = found ? "" : "none";
    if (!found) return;
    marker.setAttribute("cx", String(found.at[0]));
    marker.setAttribute("cy", String(found.at[1]));
  }
  function draw() {
    solid.disabled = !view.axes[2];
    const names = view.solid && view.axes[2] ? view.axes : view.axes.slice(0, 2);
    const ranges = names.map((name) => rangeOf(dots, name, view.near));
    const inside = dots.filter((one) =>
      names.every((name, i) => {
        const value = scoreOf(one, name);
        return value !== undefined && value >= ranges[i][0] && value <= ranges[i][1];
      }),
    );
    const tint = view.axes[2] && !view.solid ? tintOf(inside, view.axes[2]) : null;
    const wide = Math.max(320, Math.min(1100, box.clientWidth || 1000)),
      high = Math.round(Math.max(300, Math.min(560, wide * 0.62)));
    const frame =
      names.length === 3 ? solidFrame(names, ranges, view.turn, wide, high) : flatFrame(names, ranges, wide, high);
    const drawn = inside.map((one) => ({ one, at: frame.place(one.v) })).sort((a, b) => a.at[2] - b.at[2]);
    placed = drawn;
    const { drop } = frame;
    const order = drawn.filter(({ one }) => one.k !== undefined).sort((a, b) => a.at[0] - b.at[0]);
    const members = order.map(({ one, at }, i) => member(one, at, tint, i, order));
    box.classList.toggle("solid", view.solid);
    box.replaceChildren(
      s(
        "svg",
        {
          width: "100%",
          height: high,
          viewBox: `0 0 ${wide} ${high}`,
          role: "group",
          "aria-label": `Pareto plot of ${names.join(", ")}; the arrow keys move along the front, Enter opens a candidate`,
        },
        frame.back,
        drop && order.map(({ one }) => drop(one.v)),
        drawn
          .filter(({ one }) => one.k === undefined)
          .map(({ one, at }) =>
            one.s === "p"
              ? s("path", { class: "stopped", d: `M${at[0] - 3} ${at[1]}h6M${at[0]} ${at[1] - 3}v6` })
              : s("circle", {
                  class: "dot",
                  cx: at[0].toFixed(1),
                  cy: at[1].toFixed(1),
                  r: 3,
                  style: tint ? `stroke:${tint.of(one.v)}` : null,
                }),
          ),
        names.length === 2 &&
          R.objectives.length === 2 &&
          names.every((name) => R.objectives.includes(name)) &&
          stairs(order, names),
        members,
        frame.front,
        marker,
      ),
    );
    mark();
    /**
     * @param {string} name
     * @param {number} by
     */
    const turn = (name, by) => {
      const act = () => {
        view.turn[0] += by;
        draw();
      };
      return h("button", { type: "button", class: "quiet", onclick: act }, name);
    };
    legend.replaceChildren(
      legendOf(names, tint, inside),
      names.length === 3
        ? h(
            "div",
            { class: "controls", style: "margin:.6rem 0 0" },
            turn("Turn left", -0.3),
            turn("Turn right", 0.3),
            h("span", { class: "muted" }, "or drag the plot"),
          )
        : "",
    );
    const measured = dots.filter((one) => names.every((name) => scoreOf(one, name) !== undefined)).length,
      gone = measured - inside.length;
    outside.textContent = [
      gone &&
        `${count(gone)} of ${count(measured)} candidates are outside the plot. Switch off “Near the front” to see all.`,
      measured < dots.length &&
        `Candidates without a value of ${names.join(" or of ")} are not drawn: ${count(dots.length - measured)}.`,
    ]
      .filter(Boolean)
      .join(" ");
  }

  /**
   * A candidate on the front, as a button.
   * @param {Dot} one
   * @param {Place} at
   * @param {Tint | null} tint
   * @param {number} i its place in `order`
   * @param {unknown[]} order
   */
  function member(one, [x, y], tint, i, order) {
    const scores = R.objectives.map((name) => `${name} ${scoreText(one, name)}`).join(", ");
    const point = s(
      "g",
      {
        role: "button",
        tabindex: i ? -1 : 0,
        "aria-label": `candidate ${one.n}${one.k ? "" : ", best compromise"}: ${scores}`,
        "data-number": one.n,
      },
      s("circle", {
        class: "member",
        cx: x.toFixed(1),
        cy: y.toFixed(1),
        r: 6.5,
        style: tint ? `fill:${tint.of(one.v)}` : null,
      }),
      one.k === 0 && s("circle", { class: "knee", cx: x, cy: y, r: 10.5 }),
    );
    point.addEventListener("focus", () => {
      if (point.matches(":focus-visible")) tipAt(card(one), point);
    });
    point.addEventListener("blur", noTip);
    point.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        noTip();
        open(one.n);
      }
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      const others = [.../** @type {NodeListOf<SVGElement>} */ (box.querySelectorAll("g[data-number]"))],
        next = others[(i + step + order.length) % order.length];
      others.forEach((other) => other.setAttribute("tabindex", other === next ? "0" : "-1"));
      next.focus();
    });
    return point;
  }

  /**
   * The candidate under the pointer.
   * @param {MouseEvent} event
   */
  function nearest(event) {
    const svg = /** @type {SVGSVGElement} */ (box.querySelector("svg")),
      rect = svg.getBoundingClientRect(),
      scale = svg.viewBox.baseVal.width / rect.width;
    const [x, y] = [(event.clientX - rect.left) * scale, (event.clientY - rect.top) * scale];
    /** @type {Dot | null} */
    let found = null;
    let closest = 18;
    for (const { one, at } of placed) {
      const far = Math.hypot(at[0] - x, at[1] - y) - (one.k === undefined ? 0 : 5);
      if (far <= closest) [closest, found] = [far, one];
    }
    return found;
  }
  /** @type {{ x: number, y: number, moved: boolean } | null} */
  let held = null;
  box.addEventListener(
    "pointerdown",
    (event) => (held = view.solid ? { x: event.clientX, y: event.clientY, moved: false } : null),
  );
  addEventListener("pointerup", () => setTimeout(() => (held = null)));
  box.addEventListener("pointermove", (event) => {
    if (held) {
      const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
      if (Math.hypot(dx, dy) < 4 && !held.moved) return;
      Object.assign(held, { x: event.clientX, y: event.clientY, moved: true });
      view.turn = [view.turn[0] + dx / 160, Math.max(-1.4, Math.min(1.4, view.turn[1] + dy / 160))];
      noTip();
      requestAnimationFrame(draw);
      return;
    }
    const one = nearest(event);
    box.style.cursor = one ? "pointer" : "";
    if (one) tip(card(one), event.clientX, event.clientY);
    else noTip();
  });
  box.addEventListener("pointerleave", noTip);
  box.addEventListener("click", (event) => {
    const one = held && held.moved ? null : nearest(event);
    if (!one) return;
    noTip();
    open(one.n);
  });
  on("open", mark);
  on("theme", draw);
  let due = 0;
  addEventListener("resize", () => {
    clearTimeout(due);
    due = setTimeout(draw, 120);
  });
  draw();
}

/**
 * The tip of a candidate: its graph, and its scores compared with those of the best baselines.
 * @param {Dot} one
 */
function card(one) {
  const names = SCORES.filter((name) => R.objectives.includes(name) || scoreOf(one, name) !== undefined);
  return h(
    "div",
    {},
    h(
      "h3",
      {},
      `Candidate ${one.n}`,
      one.k === 0
        ? " · best compromise"
        : one.k !== undefined
          ? " · on the front"
          : one.s === "p"
            ? " · stopped early"
            : "",
    ),
    drawGraph(one.g, { small: true, name: `graph of candidate ${one.n}` }),
    plainTable(
      ["", "this", "best baseline"],
      names.map((name) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, title(name)),
          h("td", { class: R.objectives.includes(name) ? "best" : null }, scoreText(one, name)),
          h("td", { class: "muted" }, valueText(name, SINGLE[name])),
        ),
      ),
    ),
    h("p", { class: "muted" }, `${counted(one.w)} parameters, ${networksOf(one).length} networks`),
  );
}
