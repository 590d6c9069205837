/* The axes of the Pareto plot in two or three dimensions, and its legend. */

/** @import { Child } from "./dom.js" */
/** @import { Candidate, Scores, State } from "./wire" */
import { key, tickText, ticks, viridis } from "./charts.js";
import { SINGLE } from "./data.js";
import { h, s } from "./dom.js";
import { better, directionOf, goal, scoreOf, title, valueText } from "./scores.js";

/** @typedef {[low: number, high: number]} Range */
/** @typedef {[x: number, y: number, depth: number]} Place */
/** @typedef {{ of: (scores: Scores) => string, name: string, low: number, high: number }} Tint */

/**
 * A score that is present: the plot shows only candidates that have the scores of all axes.
 * @param {Scores} scores
 * @param {string} name
 */
const valueOf = (scores, name) => /** @type {number} */ (scores[name]);
/**
 * @param {(number | undefined)[]} values
 * @returns {number[]}
 */
const present = (values) => values.filter((value) => value !== undefined);

/** @param {number[]} values */
const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);

/**
 * The range of an axis: of all candidates, or if `near`, of the front and the middle of the other candidates.
 * @param {Candidate[]} dots
 * @param {string} name
 * @param {boolean} near
 * @returns {Range}
 */
export function rangeOf(dots, name, near) {
  const values = present(dots.map((one) => scoreOf(one, name))).sort((a, b) => a - b);
  const wanted = present(dots.filter((one) => one.k !== undefined).map((one) => scoreOf(one, name)));
  const single = present([SINGLE[name]]);
  wanted.push(...single);
  let all = [...values, ...single];
  if (near && wanted.length > 1) {
    const [low, high] = [Math.min(...wanted), Math.max(...wanted)],
      far = (high - low) * 0.8;
    const middle = values.slice(Math.floor(values.length * 0.2), Math.ceil(values.length * 0.8));
    all = [low, high, ...middle.filter((v) => v > low - far && v < high + far)];
  }
  if (!all.length) return [0, 1];
  const [a, b] = [least(all), -least(all.map((v) => -v))],
    air = (b - a) * 0.07 || Math.abs(a) * 0.05 || 1;
  return [a - air, b + air];
}

/**
 * Colours for the values of a score; grey if it is absent.
 * @param {Candidate[]} inside
 * @param {string} name
 * @returns {Tint | null}
 */
export function tintOf(inside, name) {
  const values = present(inside.map((one) => scoreOf(one, name)));
  if (!values.length) return null;
  const [low, high] = [least(values), -least(values.map((v) => -v))];
  /** @param {Scores} scores */
  const of = (scores) => {
    const value = scores[name];
    return value === undefined ? "var(--dot)" : viridis((value - low) / (high - low || 1));
  };
  return { of, name, low, high };
}

/**
 * The range of an axis, in coordinates, in which values are better than the best baseline's.
 * @param {string} name
 * @param {(v: number) => number} scale
 * @param {Range} range of values
 * @returns {Range | null} null if the score has a target, or no baseline has a value
 */
function betterSide(name, scale, range) {
  const single = SINGLE[name],
    direction = directionOf(name);
  if (single === undefined || direction === "target") return null;
  const [a, b] = [scale(single), scale(direction === "maximise" ? range[1] : range[0])];
  return [Math.min(a, b), Math.max(a, b)];
}

/**
 * @param {number} x
 * @param {number} y
 */
const diamond = (x, y) =>
  s("path", { class: "diamond", d: `M${x} ${y - 8}L${x + 8} ${y}L${x} ${y + 8}L${x - 8} ${y}Z` });

/**
 * The frame with two axes.
 * @param {string[]} names
 * @param {Range[]} ranges
 * @param {number} wide
 * @param {number} high
 */
export function flatFrame([xName, yName], [[x0, x1], [y0, y1]], wide, high) {
  const left = wide < 500 ? 64 : 78,
    right = 16,
    top = 16,
    bottom = 46;
  /** @param {number} v */
  const X = (v) => left + ((v - x0) / (x1 - x0)) * (wide - left - right);
  /** @param {number} v */
  const Y = (v) => high - bottom - ((v - y0) / (y1 - y0)) * (high - top - bottom);
  const [sx, sy] = [SINGLE[xName], SINGLE[yName]];
  /** @type {Child[]} */
  const back = [
    ticks(x0, x1, wide < 500 ? 4 : 7).map((v) => [
      s("line", { class: "gridline", x1: X(v), x2: X(v), y1: top, y2: high - bottom }),
      tickText(v, { x: X(v), y: high - bottom + 17, "text-anchor": "middle", class: "tick" }),
    ]),
    ticks(y0, y1, 6).map((v) => [
      s("line", { class: "gridline", x1: left, x2: wide - right, y1: Y(v), y2: Y(v) }),
      tickText(v, { x: left - 7, y: Y(v) + 4, "text-anchor": "end", class: "tick" }),
    ]),
  ];
  const [across, upward] = [betterSide(xName, X, [x0, x1]), betterSide(yName, Y, [y0, y1])];
  if (across && upward)
    back.push(
      s("rect", {
        class: "better",
        x: across[0],
        y: upward[0],
        width: across[1] - across[0],
        height: upward[1] - upward[0],
      }),
    );
  if (sx !== undefined)
    back.push(s("line", { class: "single dashed", x1: X(sx), x2: X(sx), y1: top, y2: high - bottom }));
  if (sy !== undefined)
    back.push(s("line", { class: "single dashed", x1: left, x2: wide - right, y1: Y(sy), y2: Y(sy) }));
  back.push(
    s(
      "text",
      { x: (left + wide - right) / 2, y: high - 6, "text-anchor": "middle", class: "axisname" },
      `${xName} (${goal(xName)})`,
    ),
    s(
      "text",
      {
        transform: `translate(12 ${(top + high - bottom) / 2}) rotate(-90)`,
        "text-anchor": "middle",
        class: "axisname",
      },
      `${yName} (${goal(yName)})`,
    ),
  );
  const front = sx !== undefined && sy !== undefined ? [diamond(X(sx), Y(sy))] : [];
  /** @type {(scores: Scores) => Place} */
  const place = (scores) => [X(valueOf(scores, xName)), Y(valueOf(scores, yName)), 0];
  return { back, front, place, drop: null };
}

/**
 * The frame with three axes, in parallel projection.
 * @param {string[]} names
 * @param {Range[]} ranges
 * @param {[yaw: number, pitch: number]} turn
 * @param {number} wide
 * @param {number} high
 */
export function solidFrame(names, ranges, [yaw, pitch], wide, high) {
  const size = Math.min(wide * 0.26, high * 0.28),
    [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  /** @type {(at: number[]) => Place} */
  const project = ([x, y, z]) => {
    const [a, b] = [x * cy - y * sy, x * sy + y * cy]; // rotated about the vertical axis, then tilted
    return [wide / 2 + a * size * 1.1, high / 2 - (z * cp - b * sp) * size, -(b * cp + z * sp)];
  };
  /** @type {(v: number, i: number) => number} */
  const unit = (v, i) => ((v - ranges[i][0]) / (ranges[i][1] - ranges[i][0])) * 2 - 1;
  /** @param {Scores} scores */
  const place = (scores) => project(names.map((name, i) => unit(valueOf(scores, name), i)));
  /** @type {(a: number[], b: number[], cls: string) => SVGElement} */
  const line = (a, b, cls) => {
    const [p, q] = [project(a), project(b)];
    return s("line", { class: cls, x1: p[0], y1: p[1], x2: q[0], y2: q[1] });
  };
  /** @type {Child[]} */
  const back = [];
  for (let axis = 0; axis < 3; axis++) {
    const [u, v] = [0, 1, 2].filter((i) => i !== axis);
    for (const [a, b] of [
      [-1, -1],
      [-1, 1],
      [1, -1],
      [1, 1],
    ]) {
      /** @type {[number[], number[]]} */
      const [from, to] = [[], []];
      from[axis] = -1;
      to[axis] = 1;
      from[u] = to[u] = a;
      from[v] = to[v] = b;
      back.push(line(from, to, a === -1 && b === -1 ? "axis strong" : "axis"));
    }
    const at = [-1, -1, -1];
    ticks(ranges[axis][0], ranges[axis][1], 3).forEach((value) => {
      at[axis] = unit(value, axis);
      const [x, y] = project(at.map((w, i) => (i === axis ? w : w * 1.1)));
      back.push(tickText(value, { x, y: y + 4, "text-anchor": "middle", class: "tick" }));
    });
    const [x, y] = project([0, 1, 2].map((i) => (i === axis ? 1.25 : -1.1)));
    back.push(s("text", { x, y: y + 4, "text-anchor": "middle", class: "axisname" }, title(names[axis])));
  }
  const front = [],
    singles = present(names.map((name) => SINGLE[name]));
  if (singles.length === names.length) {
    const where = singles.map(unit);
    if (where.every((v) => Math.abs(v) <= 1)) {
      const [x, y] = project(where);
      front.push(line(where, [where[0], where[1], -1], "single dashed"), diamond(x, y));
    }
  }
  /** @param {Scores} scores */
  const drop = (scores) => {
    const at = names.map((name, i) => unit(valueOf(scores, name), i));
    return line(at, [at[0], at[1], -1], "drop");
  };
  return { back, front, place, drop };
}

/**
 * The front of two objectives as a staircase.
 * @param {{ one: Candidate, at: Place }[]} order
 * @param {string[]} names
 */
export function stairs(order, [xName, yName]) {
  const sorted = [...order].sort((a, b) =>
    better(xName, scoreOf(a.one, xName), scoreOf(b.one, xName))
      ? -1
      : Number(better(xName, scoreOf(b.one, xName), scoreOf(a.one, xName))),
  );
  /** @type {{ one: Candidate, at: Place }[]} */
  const kept = [];
  for (const entry of sorted) {
    const last = kept.at(-1);
    if (!last || better(yName, scoreOf(entry.one, yName), scoreOf(last.one, yName))) kept.push(entry);
  }
  if (kept.length < 2) return null;
  return s("path", {
    class: "stairs",
    d: kept.map(({ at }, i) => (i ? `H${at[0]}V${at[1]}` : `M${at[0]} ${at[1]}`)).join(""),
  });
}

/**
 * What the marks of the plot mean.
 * @param {string[]} names
 * @param {Tint | null} tint
 * @param {Candidate[]} inside
 */
export function legendOf(names, tint, inside) {
  /** @param {State} state */
  const has = (state) => inside.some((one) => one.s === state && one.k === undefined);
  const singles = names.filter((name) => SINGLE[name] !== undefined),
    plain = tint ? "fill:var(--muted)" : null;
  return h(
    "div",
    {},
    key(
      [s("circle", { class: "member", cx: 11, cy: 6, r: 5.5, style: plain }), "on the front"],
      [
        [
          s("circle", { class: "member", cx: 11, cy: 6, r: 4, style: plain }),
          s("circle", { class: "knee", cx: 11, cy: 6, r: 6.5 }),
        ],
        "best compromise",
      ],
      has("c") && [s("circle", { class: "dot", cx: 11, cy: 6, r: 3 }), "other candidates"],
      has("p") && [s("path", { class: "stopped", d: "M8 6h6M11 3v6" }), "stopped early"],
      singles.length === names.length && [
        s("path", { class: "diamond", d: "M11 0l6 6l-6 6l-6-6z" }),
        "the best baselines together",
      ],
      names.length === 2 &&
        singles.length && [
          s("line", { class: "single dashed", x1: 0, x2: 22, y1: 6, y2: 6 }),
          "the best baseline's score",
        ],
      names.length === 2 &&
        singles.length === 2 &&
        names.every((name) => directionOf(name) !== "target") && [
          s("rect", { class: "better", x: 0, y: 0, width: 22, height: 12, style: "opacity:.25" }),
          "better than both",
        ],
    ),
    tint
      ? h(
          "div",
          { class: "key" },
          h("span", {}, `colour: ${tint.name}`),
          h("span", {}, valueText(tint.name, tint.low)),
          s(
            "svg",
            { width: 120, height: 12, "aria-hidden": "true" },
            [...Array(24)].map((_, i) => s("rect", { x: i * 5, y: 0, width: 5.5, height: 12, fill: viridis(i / 23) })),
          ),
          h("span", {}, `${valueText(tint.name, tint.high)} (${goal(tint.name)})`),
        )
      : null,
  );
}
