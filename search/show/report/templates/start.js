theme();
overview();
pareto();
table();
detail();
comparison();
importance();
document
  .querySelectorAll("[data-copy]")
  .forEach((button) =>
    button.addEventListener("click", () => copy($(button.dataset.copy).textContent, button, $(button.dataset.copy))),
  );
addEventListener("scroll", scrollTip, { passive: true });
addEventListener("keydown", (event) => event.key === "Escape" && noTip());

const asked = /^#candidate-(\d+)$/.exec(location.hash);
const first = asked && byNumber.has(+asked[1]) ? byNumber.get(+asked[1]) : FRONT[0] || R.candidates[0];
if (first) {
  open(first.n, Boolean(asked));
  const best = FRONT.reduce(
    (a, b) => (a && !better(R.objectives[0], b.v[R.objectives[0]], a.v[R.objectives[0]]) ? a : b),
    null,
  );
  if (R.candidates.length > 1) compare(first.n, (best && best !== first ? best : rival(first)).n, false);
} else {
  $("detail").append(h("p", { class: "note" }, "The run has no candidate yet."));
}
addEventListener("hashchange", () => {
  const found = /^#candidate-(\d+)$/.exec(location.hash);
  if (found) open(+found[1]);
});
document.documentElement.dataset.ready = "yes";
