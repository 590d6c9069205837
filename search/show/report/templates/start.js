/* Starts the page. */

import { compare, open } from "./choice.js";
import { comparison } from "./compare.js";
import { copy } from "./copy.js";
import { FRONT, R, byNumber } from "./data.js";
import { detail, rival } from "./detail.js";
import { $, h } from "./dom.js";
import { importance } from "./importance.js";
import { overview } from "./overview.js";
import { pareto } from "./pareto.js";
import { bestOf } from "./scores.js";
import { table } from "./table.js";
import { theme } from "./theme.js";
import { noTip, scrollTip } from "./tip.js";

theme();
overview();
pareto();
table();
detail();
comparison();
importance();
document.querySelectorAll("button[data-copy]").forEach((button) => {
  if (!(button instanceof HTMLElement) || !button.dataset.copy) return;
  const code = $(button.dataset.copy);
  button.addEventListener("click", () => copy(code.textContent, button, code));
});
addEventListener("scroll", scrollTip, { passive: true });
addEventListener("keydown", (event) => event.key === "Escape" && noTip());

/** The candidate in the address of the page. */
function asked() {
  const found = /^#candidate-(\d+)$/.exec(location.hash);
  return found ? byNumber.get(+found[1]) : undefined;
}
const first = asked() || FRONT[0] || R.candidates[0];
if (first) {
  open(first.n, Boolean(asked()));
  const best = bestOf(FRONT, R.objectives[0]),
    other = best && best !== first ? best : rival(first);
  if (other) compare(first.n, other.n, false);
} else {
  $("detail").append(h("p", { class: "note" }, "The run has no candidate yet."));
}
addEventListener("hashchange", () => {
  const found = asked();
  if (found) open(found.n);
});
document.documentElement.dataset.ready = "yes";
