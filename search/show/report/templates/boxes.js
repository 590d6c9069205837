/* Boxes with a heading. */

/** @import { Child } from "./dom.js" */
import { h } from "./dom.js";

/**
 * @param {string} heading
 * @param {...Child} content
 */
export const box = (heading, ...content) => h("div", { class: "box" }, h("h3", {}, heading), content);
/**
 * A box as wide as the page.
 * @param {string} heading
 * @param {...Child} content
 */
export const wideBox = (heading, ...content) => h("div", { class: "box wide" }, h("h3", {}, heading), content);
