/* Which candidates are open or compared. Parts of the page listen for changes. */

import { byNumber } from "./data.js";
import { $, h, say } from "./dom.js";

/** @typedef {{ open: [number], compare: [number, number], theme: [] }} Events */

/** @type {{ [E in keyof Events]: ((...values: Events[E]) => void)[] }} */
const listeners = { open: [], compare: [], theme: [] };
/**
 * @template {keyof Events} E
 * @param {E} event
 * @param {(...values: Events[E]) => void} act
 */
export const on = (event, act) => void listeners[event].push(act);
/**
 * @template {keyof Events} E
 * @param {E} event
 * @param {Events[E]} values
 */
export const emit = (event, ...values) => listeners[event].forEach((act) => act(...values));

/** @type {{ number: number | null, pair: [number | null, number | null] }} */
export const chosen = { number: null, pair: [null, null] };
const calm = matchMedia("(prefers-reduced-motion: reduce)");
/** @param {string} id */
function go(id) {
  $(id).scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
  $(`${id}-title`)?.focus({ preventScroll: true });
}
/**
 * Opens a candidate.
 * @param {number} n
 * @param {boolean} [jump] whether to scroll to it
 */
export function open(n, jump = true) {
  if (!byNumber.has(n)) return;
  chosen.number = n;
  emit("open", n);
  if (!jump) return;
  try {
    history.replaceState(null, "", `#candidate-${n}`);
  } catch {
    // Some browsers do not allow this for files.
  }
  say(`showing candidate ${n}`);
  go("candidate");
}
/**
 * Shows two candidates side by side.
 * @param {number} a
 * @param {number} b
 * @param {boolean} [jump] whether to scroll to them
 */
export function compare(a, b, jump = true) {
  chosen.pair = [a, b];
  emit("compare", a, b);
  if (jump) go("compare");
}
/**
 * A button that opens a candidate.
 * @param {number} n
 * @param {string | number} [text]
 */
export const link = (n, text = `candidate ${n}`) =>
  h("button", { type: "button", class: "link", onclick: () => open(n) }, text);
