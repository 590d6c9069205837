/* The outlines of components, by Graphviz's names for them. */

/** @import { Kind } from "./wire" */
import { s } from "./dom.js";

/** @typedef {(w: number, t: number, c: number) => string} Outline the path of a box w × t whose corners have size c */

/** @type {Record<string, Outline>} */
const OUTLINES = {
  diagonals: (w, t, c) =>
    `M0 0H${w}V${t}H0ZM0 ${c}L${c} 0M${w - c} 0L${w} ${c}M${w} ${t - c}L${w - c} ${t}M${c} ${t}L0 ${t - c}`,
  box3d: (w, t, c) => `M0 ${c}L${c} 0H${w}V${t - c}L${w - c} ${t}H0ZH${w - c}V${t}M${w - c} ${c}L${w} 0`,
  folder: (w, t, c) => `M0 ${c}H${w - 4 * c}L${w - 3.5 * c} 0H${w - c / 2}L${w} ${c}V${t}H0Z`,
  tab: (w, t, c) => `M0 0H${4 * c}V${c}H${w}V${t}H0ZV${c}H${4 * c}`,
  note: (w, t, c) => `M0 0H${w - c}L${w} ${c}V${t}H0ZM${w - c} 0V${c}H${w}`,
  component: (w, t, c) =>
    `M0 0H${w}V${t}H0ZM${-c / 2} ${t / 4 - c / 2}h${c}v${c}h${-c}ZM${-c / 2} ${(3 * t) / 4 - c / 2}h${c}v${c}h${-c}Z`,
  cylinder: (w, t, c) =>
    `M0 ${c / 2}A${w / 2} ${c / 2} 0 0 1 ${w} ${c / 2}V${t - c / 2}A${w / 2} ${c / 2} 0 0 1 0 ${t - c / 2}Z` +
    `A${w / 2} ${c / 2} 0 0 0 ${w} ${c / 2}`,
  octagon: (w, t, c) => `M${c} 0H${w - c}L${w} ${c}V${t - c}L${w - c} ${t}H${c}L0 ${t - c}V${c}Z`,
  hexagon: (w, t, c) => `M${c} 0H${w - c}L${w} ${t / 2}L${w - c} ${t}H${c}L0 ${t / 2}Z`,
  septagon: (w, t, c) => `M${w / 2} 0L${w - c} ${c / 2}L${w} ${t / 2}L${w - c} ${t}H${c}L0 ${t / 2}L${c} ${c / 2}Z`,
  parallelogram: (w, t, c) => `M${c} 0H${w}L${w - c} ${t}H0Z`,
};

/**
 * The outline of a component around (x, y). A shape without a path here is drawn as a plain or rounded box.
 * @param {Kind} kind
 * @param {{ x: number, y: number, w: number, t: number }} box centre, width and height
 * @param {{ class: string, stroke: string, style?: string | null }} pen
 */
export function outline({ shape, fill }, { x, y, w, t }, pen) {
  const [left, top] = [x - w / 2, y - t / 2];
  const path = OUTLINES[shape];
  if (path)
    return s("path", { ...pen, fill, d: path(w, t, Math.min(7, t / 4)), transform: `translate(${left} ${top})` });
  const rx = shape === "ellipse" ? t / 2 : shape === "rounded" ? Math.min(7, t / 5) : 0;
  return s("rect", { ...pen, fill, x: left, y: top, width: w, height: t, rx });
}
