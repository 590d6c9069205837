/* A candidate's graph as drawn by Graphviz, with tips and zoom. */

/** @import { Candidate, Detail } from "./wire" */
import { R } from "./data.js";
import { h, scrollTable } from "./dom.js";
import { drawGraph, graphKey } from "./graph.js";
import { LATENT, described } from "./kinds.js";
import { noTip, tip } from "./tip.js";

/**
 * The box with the graph. Buttons, keys, a pinch or Ctrl and the wheel zoom it. If it is larger than its box, it can be
 * dragged.
 * @param {Candidate} one
 * @param {Detail | null} more
 */
export function graphBox(one, more) {
  const view = h("div", {
    class: "viewport",
    tabindex: 0,
    role: "group",
    "aria-label": `graph of candidate ${one.n}; plus and minus zoom, the arrow keys move`,
  });
  if (more)
    view.insertAdjacentHTML("afterbegin", more.svg); // drawn by Graphviz when the report was written; all names are escaped
  else view.append(drawGraph(one.g, { name: `graph of candidate ${one.n}` }));
  const svg = /** @type {SVGSVGElement} */ (view.firstElementChild);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `graph of candidate ${one.n}; the table below has the same content`);
  const zoom = zoomable(view, svg);
  if (more) {
    tips(svg, one);
    requestAnimationFrame(() => fitText(svg));
  }
  const path = more ? more.conditioning : [];
  const light = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-pressed": "false",
      onclick: () => {
        const isOn = svg.classList.toggle("lit");
        light.setAttribute("aria-pressed", String(isOn));
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
      h("h3", {}, "Graph"),
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
            ? "Only candidates on the front have curves, predictions and samples here, because by default a run keeps only their weights."
            : "The front is large, so only the candidates nearest to the best compromise have curves, predictions and samples here.",
        ),
    more && R.real && Object.keys(R.real).length && !path.length
      ? h(
          "p",
          { class: "caption" },
          "No input conditions the samples of this model: it generates them from noise only.",
        )
      : null,
    graphTable(one),
  );
}

/** @param {Candidate} one */
function graphTable(one) {
  const rows = one.g.v
    .map((_, i) => described(one.g, i))
    .map((part) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, part.name),
        h("td", { class: "left" }, part.kind),
        h("td", { class: "left wrap" }, part.reads.join("; ") + (part.sign ? ` ${part.sign}` : "")),
        h("td", { class: "left wrap" }, part.layers),
        h("td", { class: "left" }, part.produces),
        h("td", { class: "left" }, part.losses.join("; ")),
      ),
    );
  return h(
    "details",
    { class: "later" },
    h("summary", {}, "The graph as a table"),
    scrollTable("the graph as a table", ["component", "kind", "reads", "layers", "produces", "losses"], rows, {
      headClass: "left",
    }),
  );
}

/**
 * @param {SVGSVGElement} svg
 * @param {Candidate} one
 */
function tips(svg, one) {
  /** @type {Map<string | undefined, number>} */
  const places = new Map(one.g.v.map(([name], i) => [name, i]));
  /** @param {PointerEvent} event */
  const show = (event) => {
    /** @type {SVGElement | null} */
    const part = /** @type {Element} */ (event.target).closest("[data-node],[data-from]");
    if (!part) return noTip();
    const { node, from, to } = part.dataset,
      [i, a, b] = [places.get(node), places.get(from), places.get(to)];
    if (i !== undefined) tip(nodeTip(one, i), event.clientX, event.clientY);
    else if (a !== undefined && b !== undefined) tip(edgeTip(one, a, b), event.clientX, event.clientY);
  };
  svg.addEventListener("pointermove", show);
  svg.addEventListener("pointerleave", noTip);
}

/**
 * Makes the text of a node smaller if the browser's font is wider than the one of the layout.
 * @param {SVGSVGElement} svg
 */
export function fitText(svg) {
  svg.querySelectorAll(".node").forEach((node) => {
    const room = /** @type {SVGGraphicsElement} */ (node.firstElementChild).getBBox().width - 6,
      texts = [...node.querySelectorAll("text")];
    const widest = Math.max(...texts.map((text) => text.getComputedTextLength()));
    if (widest > room) texts.forEach((text) => text.setAttribute("font-size", ((12 * room) / widest).toFixed(1)));
  });
}

/**
 * @param {Candidate} one
 * @param {number} i
 */
function nodeTip(one, i) {
  const part = described(one.g, i);
  /**
   * @param {string} name
   * @param {string} value
   */
  const row = (name, value) => (value ? h("p", {}, h("span", { class: "muted" }, `${name} `), value) : null);
  return h(
    "div",
    {},
    h("h3", {}, part.name),
    h("p", {}, part.kind),
    row("reads", part.reads.join(", ")),
    row("merged by", part.sign),
    row("layers", part.layers),
    row("produces", part.produces),
    row("losses", part.losses.join(", ")),
    part.inherited ? row("started with weights of", `${part.inherited[2]} of candidate ${part.inherited[1]}`) : null,
  );
}

/**
 * @param {Candidate} one
 * @param {number} a
 * @param {number} b
 */
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
          role ? `, ${R.roles[role].title}` : "",
          role === LATENT ? ` (z has ${Math.floor(size / 2)})` : "",
        ),
      ),
  );
}

/**
 * Makes an SVG zoomable. Returns a function that zooms by a factor; 0 shows the whole SVG.
 * @param {HTMLElement} view
 * @param {SVGSVGElement} svg
 */
export function zoomable(view, svg) {
  const whole = (svg.getAttribute("viewBox") ?? "0 0 1 1").split(/\s+/).map(Number);
  let box = [...whole];
  /** @type {[number, number] | null} */
  let held = null;
  const show = () => {
    svg.setAttribute("viewBox", box.map((v) => v.toFixed(1)).join(" "));
    view.classList.toggle("near", box[2] < whole[2] * 0.99);
  };
  /**
   * @param {number} by
   * @param {number} [x]
   * @param {number} [y]
   */
  const zoom = (by, x = 0.5, y = 0.5) => {
    if (by) {
      const size = Math.max(whole[2] / 12, Math.min(whole[2], box[2] / by)),
        ratio = size / box[2];
      box = [box[0] + box[2] * (1 - ratio) * x, box[1] + box[3] * (1 - ratio) * y, size, box[3] * ratio];
    }
    if (!by || box[2] >= whole[2]) box = [...whole];
    show();
  };
  /**
   * @param {number} dx
   * @param {number} dy
   */
  const move = (dx, dy) => {
    box[0] += dx;
    box[1] += dy;
    show();
  };
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
    const far = box[2] / 10;
    /** @type {Record<string, () => void>} */
    const acts = {
      "+": () => zoom(1.4),
      "=": () => zoom(1.4),
      "-": () => zoom(1 / 1.4),
      0: () => zoom(0),
      ArrowLeft: () => move(-far, 0),
      ArrowRight: () => move(far, 0),
      ArrowUp: () => move(0, -far),
      ArrowDown: () => move(0, far),
    };
    const act = acts[event.key];
    if (!act || (event.key.startsWith("Arrow") && !view.classList.contains("near"))) return;
    event.preventDefault();
    act();
  });
  return zoom;
}
