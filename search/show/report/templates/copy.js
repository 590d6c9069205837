/* Commands that can be copied. */

import { h, say } from "./dom.js";

/**
 * A command with a button that copies it.
 * @param {string} text
 */
export function commandLine(text) {
  const code = h("code", {}, text),
    button = h("button", { type: "button", class: "quiet", onclick: () => copy(text, button, code) }, "Copy");
  return h("div", { class: "command" }, code, button);
}
/**
 * @param {string} text
 * @param {HTMLElement} button
 * @param {Node} code
 */
export async function copy(text, button, code) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  } catch {
    getSelection()?.selectAllChildren(code); // no clipboard for files in this browser: select the text instead
    say("the command is selected");
  }
}
