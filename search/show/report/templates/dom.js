/* Makes elements of the page. */

/** @typedef {string | number | Node | boolean | null | undefined | Child[]} Child */
/** @typedef {Record<string, any>} Attributes */

/**
 * The element with an id. It must exist.
 * @param {string} id
 */
export const $ = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @template {Element & ElementCSSInlineStyle} E
 * @param {E} element
 * @param {Attributes | null} attributes
 * @param {Child[]} children
 * @returns {E}
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || (value === false && !name.startsWith("aria-"))) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value;
    else element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : value);
  }
  /** @type {(string | number | Node | boolean | null | undefined)[]} */
  const flat = /** @type {any[]} */ (children).flat(Infinity);
  for (const child of flat)
    if (child !== null && child !== undefined && typeof child !== "boolean")
      element.append(child instanceof Node ? child : String(child));
  return element;
}
/**
 * An HTML element. Strings among the children become text, never markup.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes | null} [attributes]
 * @param {...Child} children
 */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes || null, children);
/**
 * An SVG element, made like an HTML element by `h`.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes | null} [attributes]
 * @param {...Child} children
 */
export const s = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes || null, children);

/**
 * Makes a screen reader say a text.
 * @param {string} text
 */
export const say = (text) => void ($("said").textContent = text);

/**
 * A table with a header row.
 * @param {Child[]} heads
 * @param {Child} rows
 * @param {Attributes} [attributes]
 * @param {string | null} [headClass]
 */
export const plainTable = (heads, rows, attributes = {}, headClass = null) =>
  h(
    "table",
    attributes,
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        heads.map((text) => h("th", { scope: "col", class: headClass }, text)),
      ),
    ),
    h("tbody", {}, rows),
  );
/**
 * A table with a header row, in a box that scrolls sideways.
 * @param {string} name for screen readers
 * @param {Child[]} heads
 * @param {Child} rows
 * @param {Attributes} [attributes] of the table; `headClass` is the class of the header cells
 */
export const scrollTable = (name, heads, rows, { headClass = null, ...attributes } = {}) =>
  h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": name },
    plainTable(heads, rows, attributes, headClass),
  );
