/* Scores: which value is better, and how it is displayed. A score that was not measured is absent. */

/** @import { Candidate } from "./wire" */
import { R, SINGLE } from "./data.js";
import { h } from "./dom.js";
import { counted, number } from "./figures.js";

/**
 * A candidate's score, undefined if it was not measured.
 * @param {Candidate} one
 * @param {string} name
 */
export const scoreOf = (one, name) => one.v?.[name] ?? undefined;
/**
 * @param {number | null | undefined} target
 * @returns {target is number}
 */
const hasTarget = (target) => target !== null && target !== undefined;
/**
 * Which values of a score are better: those near a target, larger ones or smaller ones.
 * @param {string} name
 */
export function directionOf(name) {
  const { target, maximise } = R.scores[name];
  return hasTarget(target) ? "target" : maximise ? "maximise" : "minimise";
}
/**
 * A value as a number of which more is better.
 * @param {string} name
 * @param {number} value
 */
export function merit(name, value) {
  const { target, maximise } = R.scores[name];
  if (hasTarget(target)) return -Math.abs(value - target);
  return maximise ? value : -value;
}
/**
 * Whether a is better than b. Any value is better than an absent one.
 * @param {string} name
 * @param {number | undefined} a
 * @param {number | undefined} b
 */
export function better(name, a, b) {
  if (a === undefined) return false;
  return b === undefined || merit(name, a) > merit(name, b);
}
/**
 * The candidate with the best value of a score, undefined if none has one.
 * @param {Candidate[]} among
 * @param {string} name
 * @returns {Candidate | undefined}
 */
export function bestOf(among, name) {
  const having = among.filter((one) => scoreOf(one, name) !== undefined);
  return having.reduce((a, b) => (better(name, scoreOf(b, name), scoreOf(a, name)) ? b : a), having[0]);
}
/** @param {string} name */
function arrow(name) {
  const { target, maximise } = R.scores[name];
  return hasTarget(target) ? `→ ${number(target)}` : maximise ? "↑" : "↓";
}
/** @param {string} name */
export function goal(name) {
  const { target, maximise } = R.scores[name];
  return hasTarget(target) ? `best at ${number(target)}` : maximise ? "more is better" : "less is better";
}
/** @param {string} name */
export const title = (name) => (R.objectives.includes(name) ? `${name} ${arrow(name)}` : name);
/**
 * The description of a score.
 * @param {string} name
 */
export function inFull(name) {
  const { title: what, output, unit } = R.scores[name];
  return `${what}${output ? ` of ${output}` : ""}${unit ? `, in ${unit}` : ""}`;
}
/**
 * A value of a score as text; – if it is absent.
 * @param {string} name
 * @param {number | undefined} value
 */
export const valueText = (name, value) => (R.scores[name].whole ? counted(value) : number(value));
/**
 * A candidate's score as text.
 * @param {Candidate} one
 * @param {string} name
 */
export const scoreText = (one, name) => valueText(name, scoreOf(one, name));

/** A 95% confidence interval is an estimate ± this many standard errors. */
const NORMAL = 1.96;
/**
 * How a candidate's score compares with the best baseline's: 1 if it is better by more than chance, -1 if it is worse
 * by more than chance, 0 if there is no clear difference, undefined if one of them is absent.
 * @param {Candidate} one
 * @param {string} name
 */
function compared(one, name) {
  const value = scoreOf(one, name),
    base = SINGLE[name];
  if (base === undefined || value === undefined) return undefined;
  const gain = merit(name, value) - merit(name, base),
    error = one.e?.[name],
    margin = R.margin[name];
  if (margin === undefined) return Math.sign(gain); // a score without errors, such as a count
  if (margin === null || error === undefined) return 0;
  return Math.abs(gain) > NORMAL * Math.hypot(error, margin) ? Math.sign(gain) : 0;
}
/**
 * Whether a candidate is better than the best baseline in all of these scores, each time by more than chance.
 * @param {Candidate} one
 * @param {string[]} names
 */
export const beats = (one, names) => one.s === "c" && names.every((name) => compared(one, name) === 1);
/**
 * How a candidate's score compares with the best baseline's, in words and not only by colour.
 * @param {Candidate} one
 * @param {string} name
 */
export function verdict(one, name) {
  const sign = compared(one, name);
  if (sign === undefined) return h("span", { class: "muted" }, "–");
  if (sign === 0) return h("span", { class: "muted" }, "equal ≈");
  return h("span", { class: sign > 0 ? "good" : "bad" }, sign > 0 ? "better ✓" : "worse");
}
