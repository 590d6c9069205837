/* The page's data. */

/** @import { Candidate, Detail, Summary } from "./wire" */

/** @type {Summary} */
export const R = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("data")).textContent);
export const SCORES = Object.keys(R.scores);
export const byNumber = new Map(R.candidates.map((one) => [one.n, one]));
export const FRONT = R.candidates
  .filter((one) => one.k !== undefined)
  .sort((a, b) => /** @type {number} */ (a.k) - /** @type {number} */ (b.k));
/** The best scores of the baselines. */
export const SINGLE = R.single;
export const STATES = { c: "complete", p: "stopped early", f: "failed", r: "unfinished" };

/** @type {Map<number, Detail | null>} */
const details = new Map();

/**
 * The details of a candidate, parsed when they are first needed; null if the page has none.
 * @param {number} n
 */
export function detailOf(n) {
  let found = details.get(n);
  if (found === undefined) {
    const text = document.getElementById(`detail-${n}`)?.textContent;
    found = text ? /** @type {Detail} */ (JSON.parse(text)) : null;
    details.set(n, found);
  }
  return found;
}
