/* The light and the dark theme. */

import { emit } from "./choice.js";
import { $ } from "./dom.js";

const dusk = matchMedia("(prefers-color-scheme: dark)");
export const isDark = () => (document.documentElement.dataset.theme || (dusk.matches ? "dark" : "light")) === "dark";
export function theme() {
  const button = $("theme");
  const show = () => {
    emit("theme");
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `${button.textContent} colours`);
  };
  try {
    const kept = localStorage.getItem("valp-theme");
    if (kept) document.documentElement.dataset.theme = kept;
  } catch {
    // A file may have no storage.
  }
  button.addEventListener("click", () => {
    const wanted = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = wanted;
    try {
      localStorage.setItem("valp-theme", wanted);
    } catch {
      // A file may have no storage.
    }
    show();
  });
  dusk.addEventListener("change", show);
  show();
}
