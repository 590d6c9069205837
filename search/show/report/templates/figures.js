/* Numbers as text. */

/** @param {number} value */
export const count = (value) => Math.round(value).toLocaleString("en");
/**
 * A score as `valp best` prints it: four significant digits; – if it is absent.
 * @param {number | null | undefined} value
 * @returns {string}
 */
export function number(value) {
  if (value === undefined || value === null) return "–";
  if (value === 0) return "0";
  if (value < 0) return `−${number(-value)}`;
  if (value >= 0.1) return value >= 1e5 ? value.toExponential(2) : value.toFixed(3);
  return value < 1e-4 ? value.toExponential(2) : String(+value.toPrecision(4));
}
/**
 * @param {number} value
 * @returns {string}
 */
export function brief(value) {
  if (value < 0) return `−${brief(-value)}`;
  if (value >= 1e9) return (value / 1e9).toFixed(1) + " G";
  if (value >= 1e6) return (value / 1e6).toFixed(1) + " M";
  return value >= 1e4 ? Math.round(value / 1e3) + " k" : count(value);
}
/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
/**
 * A count as text; – if it is absent.
 * @param {number | null | undefined} value
 */
export const counted = (value) => (value === undefined || value === null ? "–" : count(value));
