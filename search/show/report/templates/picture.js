/* A candidate's graph as Graphviz drew it: zoomed, with hints. */

/** The graph, zoomable: by buttons, keys, a pinch or the wheel with Ctrl; dragged when it is larger than its window. */
function graphBox(one, more) {
  const view = h("div", {
    class: "viewport",
    tabindex: 0,
    role: "group",
    "aria-label": `graph of candidate ${one.n}; plus and minus zoom, the arrow keys move`,
  });
  if (more)
    view.insertAdjacentHTML("afterbegin", more.svg); // made by Graphviz when the report was, every name escaped
  else view.append(drawGraph(one.g, { name: `graph of candidate ${one.n}` }));
  const svg = view.firstElementChild;
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `graph of candidate ${one.n}; the table below tells the same`);
  const zoom = zoomable(view, svg);
  if (more) (hints(svg, one), requestAnimationFrame(() => fitText(svg)));
  const path = more ? more.conditioning : [];
  const light = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-pressed": "false",
      onclick: () => {
        const isOn = svg.classList.toggle("lit");
        light.setAttribute("aria-pressed", isOn);
      },
    },
    "Conditioning path",
  );
  path.forEach(([a, b]) => {
    svg
      .querySelectorAll(
        `[data-from="${CSS.escape(a)}"][data-to="${CSS.escape(b)}"],[data-node="${CSS.escape(a)}"],[data-node="${CSS.escape(b)}"]`,
      )
      .forEach((part) => part.classList.add("on"));
  });
  return h(
    "div",
    { class: "box column" },
    h(
      "div",
      { class: "controls" },
      h("h3", { style: "margin:0" }, "Graph"),
      h("button", { type: "button", class: "quiet", "aria-label": "zoom in", onclick: () => zoom(1.4) }, "+"),
      h("button", { type: "button", class: "quiet", "aria-label": "zoom out", onclick: () => zoom(1 / 1.4) }, "−"),
      h("button", { type: "button", class: "quiet", onclick: () => zoom(0) }, "Fit"),
      path.length ? light : null,
    ),
    view,
    graphKey(one.g),
    more
      ? null
      : h(
          "p",
          { class: "caption" },
          one.k === undefined
            ? "Weights of candidates off the front are not kept by default, so curves, predictions and samples are shown for the front alone."
            : "The front is large: the candidates nearest to the best compromise are shown in full, this one is not among them.",
        ),
    more && R.real && Object.keys(R.real).length && !path.length
      ? h(
          "p",
          { class: "caption" },
          "No input reaches the samples when this model generates: they come from noise alone.",
        )
      : null,
    graphTable(one),
  );
}

function graphTable(one) {
  const rows = one.g.v
    .map((_, i) => told(one.g, i))
    .map((part) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, part.name),
        h("td", { class: "left" }, part.kind),
        h("td", { class: "left wrap" }, part.reads.join("; ") + (part.sign ? ` ${part.sign}` : "")),
        h("td", { class: "left wrap" }, part.layers || ""),
        h("td", { class: "left" }, part.gives),
        h("td", { class: "left" }, part.losses.join("; ")),
      ),
    );
  return h(
    "details",
    { style: "margin-top:.7rem" },
    h("summary", {}, "The graph as a table"),
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "the graph as a table" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["component", "kind", "reads", "layers", "gives", "losses"].map((text) =>
              h("th", { scope: "col", class: "left" }, text),
            ),
          ),
        ),
        h("tbody", {}, rows),
      ),
    ),
  );
}

function hints(svg, one) {
  const places = new Map(one.g.v.map(([name], i) => [name, i]));
  const show = (event) => {
    const part = event.target.closest("[data-node],[data-from]");
    if (!part) return noTip();
    tip(
      part.dataset.node
        ? nodeTip(one, places.get(part.dataset.node))
        : edgeTip(one, places.get(part.dataset.from), places.get(part.dataset.to)),
      event.clientX,
      event.clientY,
    );
  };
  svg.addEventListener("pointermove", show);
  svg.addEventListener("pointerleave", noTip);
}

/** Makes the text of a node smaller where this machine's font is wider than the one it was laid out with. */
function fitText(svg) {
  svg.querySelectorAll(".node").forEach((node) => {
    const room = node.firstElementChild.getBBox().width - 6,
      texts = [...node.querySelectorAll("text")];
    const widest = Math.max(...texts.map((text) => text.getComputedTextLength()));
    if (widest > room) texts.forEach((text) => text.setAttribute("font-size", ((12 * room) / widest).toFixed(1)));
  });
}

function nodeTip(one, i) {
  const part = told(one.g, i),
    row = (name, value) =>
      value && value.length ? h("p", {}, h("span", { class: "muted" }, `${name} `), value) : null;
  return h(
    "div",
    {},
    h("h3", {}, part.name),
    h("p", {}, part.kind),
    row("reads", part.reads.join(", ")),
    row("merged by", part.sign),
    row("layers", part.layers),
    row("gives", part.gives),
    row("losses", part.losses.join(", ")),
    part.began ? row("began with weights of", `${part.began[2]} of candidate ${part.began[1]}`) : null,
  );
}

function edgeTip(one, a, b) {
  return h(
    "div",
    {},
    one.g.e
      .filter((edge) => edge[0] === a && edge[1] === b)
      .map(([, , role, size, of]) =>
        h(
          "p",
          {},
          `${one.g.v[a][0]} → ${one.g.v[b][0]}: ${size === of ? `all ${of}` : `${size} of ${of}`} variables`,
          role === 1
            ? `, as μ and log σ² of z ${Math.floor(size / 2)}; cut when generating`
            : role === 2
              ? ", a condition: kept when generating"
              : "",
        ),
      ),
  );
}

/** Makes an SVG zoomable; returns what zooms by a factor, and by 0 shows all. */
function zoomable(view, svg) {
  const whole = svg.getAttribute("viewBox").split(/\s+/).map(Number);
  let box = [...whole],
    held = null;
  const show = () => {
    svg.setAttribute("viewBox", box.map((v) => v.toFixed(1)).join(" "));
    view.classList.toggle("near", box[2] < whole[2] * 0.99);
  };
  const zoom = (by, x = 0.5, y = 0.5) => {
    if (by) {
      const size = Math.max(whole[2] / 12, Math.min(whole[2], box[2] / by)),
        ratio = size / box[2];
      box = [box[0] + box[2] * (1 - ratio) * x, box[1] + box[3] * (1 - ratio) * y, size, box[3] * ratio];
    }
    if (!by || box[2] >= whole[2]) box = [...whole];
    show();
  };
  const move = (dx, dy) => ((box[0] += dx), (box[1] += dy), show());
  view.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const rect = svg.getBoundingClientRect();
      zoom(
        Math.exp(-event.deltaY / 200),
        (event.clientX - rect.left) / rect.width,
        (event.clientY - rect.top) / rect.height,
      );
    },
    { passive: false },
  );
  view.addEventListener(
    "pointerdown",
    (event) => (held = view.classList.contains("near") ? [event.clientX, event.clientY] : null),
  );
  view.addEventListener("pointermove", (event) => {
    if (!held || !event.buttons) return;
    const scale = box[2] / svg.getBoundingClientRect().width;
    move((held[0] - event.clientX) * scale, (held[1] - event.clientY) * scale);
    held = [event.clientX, event.clientY];
  });
  view.addEventListener("dblclick", (event) => {
    const rect = svg.getBoundingClientRect();
    zoom(1.8, (event.clientX - rect.left) / rect.width, (event.clientY - rect.top) / rect.height);
  });
  view.addEventListener("keydown", (event) => {
    const far = box[2] / 10,
      act = {
        "+": () => zoom(1.4),
        "=": () => zoom(1.4),
        "-": () => zoom(1 / 1.4),
        0: () => zoom(0),
        ArrowLeft: () => move(-far, 0),
        ArrowRight: () => move(far, 0),
        ArrowUp: () => move(0, -far),
        ArrowDown: () => move(0, far),
      }[event.key];
    if (act && (!event.key.startsWith("Arrow") || view.classList.contains("near"))) (event.preventDefault(), act());
  });
  return zoom;
}
