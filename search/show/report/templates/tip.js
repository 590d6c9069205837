/* The tip: a box next to the element under the pointer or with the keyboard's focus. */

import { $ } from "./dom.js";

/** @type {Element | null} the focused element that the tip belongs to */
let tipped = null;

/**
 * Shows the tip near a point of the window.
 * @param {Node} content
 * @param {number} x
 * @param {number} y
 */
export function tip(content, x, y) {
  $("tip").replaceChildren(content);
  $("tip").hidden = false;
  tipped = null;
  placeTip(x, y);
}
/**
 * Shows the tip next to an element, and keeps it there when the page scrolls.
 * @param {Node} content
 * @param {Element} element
 */
export function tipAt(content, element) {
  const { right, top } = element.getBoundingClientRect();
  tip(content, right, top);
  tipped = element;
}
/**
 * @param {number} x
 * @param {number} y
 */
function placeTip(x, y) {
  const place = $("tip");
  const { width, height } = place.getBoundingClientRect();
  const left = x + 18 + width > innerWidth ? Math.max(6, x - width - 18) : x + 18;
  place.style.left = `${left}px`;
  place.style.top = `${Math.max(6, Math.min(y - height / 2, innerHeight - height - 6))}px`;
}
export function noTip() {
  $("tip").hidden = true;
  tipped = null;
}
export function scrollTip() {
  if (!tipped) return noTip();
  const { right, top } = tipped.getBoundingClientRect();
  placeTip(right, top);
}
