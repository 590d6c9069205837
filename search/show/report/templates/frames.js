/* The frames of the Pareto plot: flat, or in space. */

/** The values of an axis: of all candidates, or of the front and the middle of the others. */
function rangeOf(dots, name, near) {
  const values = dots
    .map((one) => one.v[name])
    .filter((value) => value !== undefined)
    .sort((a, b) => a - b);
  const wanted = dots.filter((one) => one.k !== undefined).map((one) => one.v[name]);
  if (SINGLE[name] !== undefined) wanted.push(SINGLE[name]);
  const [low, high] =
    near && wanted.length > 1 ? [Math.min(...wanted), Math.max(...wanted)] : [values[0], values.at(-1)];
  const all =
    near && wanted.length > 1
      ? [
          low,
          high,
          ...values
            .slice(Math.floor(values.length * 0.2), Math.ceil(values.length * 0.8))
            .filter((v) => v > low - (high - low) * 0.8 && v < high + (high - low) * 0.8),
        ]
      : [low, high, ...(SINGLE[name] === undefined ? [] : [SINGLE[name]])];
  const [a, b] = [Math.min(...all), Math.max(...all)],
    air = (b - a) * 0.07 || Math.abs(a) * 0.05 || 1;
  return [a - air, b + air];
}

function tintOf(inside, name) {
  const values = inside.map((one) => one.v[name]).filter((value) => value !== undefined);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const made = (held) => viridis((held[name] - low) / (high - low || 1));
  return { of: made, name, low, high };
}

function flatFrame([xName, yName], [[x0, x1], [y0, y1]], wide, high) {
  const left = wide < 500 ? 64 : 78,
    right = 16,
    top = 16,
    bottom = 46;
  const X = (v) => left + ((v - x0) / (x1 - x0)) * (wide - left - right),
    Y = (v) => high - bottom - ((v - y0) / (y1 - y0)) * (high - top - bottom);
  const [sx, sy] = [SINGLE[xName], SINGLE[yName]];
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
  if (sx !== undefined && sy !== undefined) {
    const [bx, by] = [
      R.scores[xName].maximise ? [X(sx), wide - right] : [left, X(sx)],
      R.scores[yName].maximise ? [top, Y(sy)] : [Y(sy), high - bottom],
    ];
    back.push(
      s("rect", {
        class: "better",
        x: bx[0],
        y: by[0],
        width: Math.max(0, bx[1] - bx[0]),
        height: Math.max(0, by[1] - by[0]),
      }),
    );
  }
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
  return { back, front, place: (scores) => [X(scores[xName]), Y(scores[yName]), 0] };
}

const diamond = (x, y) =>
  s("path", { class: "diamond", d: `M${x} ${y - 8}L${x + 8} ${y}L${x} ${y + 8}L${x - 8} ${y}Z` });

/** Three axes in parallel projection; `turn`: the angles, by which dragging turns it. */
function solidFrame(names, ranges, [yaw, pitch], wide, high) {
  const size = Math.min(wide * 0.26, high * 0.28),
    [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const project = ([x, y, z]) => {
    const [a, b] = [x * cy - y * sy, x * sy + y * cy]; // turned about the upright axis, then tilted
    return [wide / 2 + a * size * 1.1, high / 2 - (z * cp - b * sp) * size, -(b * cp + z * sp)];
  };
  const unit = (v, i) => ((v - ranges[i][0]) / (ranges[i][1] - ranges[i][0])) * 2 - 1;
  const place = (scores) => project(names.map((name, i) => unit(scores[name], i)));
  const line = (a, b, cls) => {
    const [p, q] = [project(a), project(b)];
    return s("line", { class: cls, x1: p[0], y1: p[1], x2: q[0], y2: q[1] });
  };
  const back = [];
  for (let axis = 0; axis < 3; axis++) {
    const [u, v] = [0, 1, 2].filter((i) => i !== axis);
    for (const [a, b] of [
      [-1, -1],
      [-1, 1],
      [1, -1],
      [1, 1],
    ]) {
      const [from, to] = [[], []];
      ((from[axis] = -1), (to[axis] = 1), (from[u] = to[u] = a), (from[v] = to[v] = b));
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
  const front = [];
  if (names.every((name) => SINGLE[name] !== undefined)) {
    const where = names.map((name, i) => unit(SINGLE[name], i));
    if (where.every((v) => Math.abs(v) <= 1))
      front.push(line(where, [where[0], where[1], -1], "single dashed"), diamond(...project(where).slice(0, 2)));
  }
  const drop = (scores) => {
    const at = names.map((name, i) => unit(scores[name], i));
    return line(at, [at[0], at[1], -1], "drop");
  };
  return { back, front, place, drop };
}

/** The front of the two scores alone. */
function stairs(order, [xName, yName]) {
  const sorted = [...order].sort((a, b) => (better(xName, a.one.v[xName], b.one.v[xName]) ? -1 : 1));
  const kept = [];
  for (const entry of sorted)
    if (!kept.length || better(yName, entry.one.v[yName], kept.at(-1).one.v[yName])) kept.push(entry);
  if (kept.length < 2) return null;
  return s("path", {
    class: "stairs",
    d: kept
      .map(({ at }, i) => (i ? `V${at[1]}H${at[0]}` : `M${at[0]} ${at[1]}`))
      .join("")
      .replace(/V([\d.-]+)H([\d.-]+)/g, "H$2V$1"),
  });
}

function legendOf(names, tint, inside) {
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
        "the single-task models taken together",
      ],
      names.length === 2 &&
        singles.length && [
          s("line", { class: "single dashed", x1: 0, x2: 22, y1: 6, y2: 6 }),
          "a single-task model's score",
        ],
      names.length === 2 &&
        singles.length === 2 && [
          s("rect", { class: "better", x: 0, y: 0, width: 22, height: 12, style: "opacity:.25" }),
          "better than both",
        ],
    ),
    tint
      ? h(
          "div",
          { class: "key" },
          h("span", {}, `colour: ${tint.name}`),
          h("span", {}, number(tint.low)),
          s(
            "svg",
            { width: 120, height: 12, "aria-hidden": "true" },
            [...Array(24)].map((_, i) => s("rect", { x: i * 5, y: 0, width: 5.5, height: 12, fill: viridis(i / 23) })),
          ),
          h("span", {}, `${number(tint.high)} (${goal(tint.name)})`),
        )
      : null,
  );
}
