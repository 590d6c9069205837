"use strict";
/* What the page holds, and what every part of it uses. */

const R = JSON.parse(document.getElementById("data").textContent);
const SCORES = Object.keys(R.scores);
const byNumber = new Map(R.candidates.map((one) => [one.n, one]));
const FRONT = R.candidates.filter((one) => one.k !== undefined).sort((a, b) => a.k - b.k);
const SINGLE = Object.assign({}, ...R.singles.map((single) => single.scores));
const STATES = { c: "complete", p: "stopped early", f: "failed", r: "unfinished" };
const TYPES = { numeric: "Numeric", discrete: "Discrete", samples: "Samples", features: "Features" };
const ROLES = ["data", "latent", "condition"];

const $ = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || (value === false && !name.startsWith("aria-"))) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value;
    else element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : value);
  }
  for (const child of children.flat(Infinity))
    if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}
/** An HTML element; strings among the children become text, never markup. */
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
/** An SVG element, likewise. */
const s = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const count = (value) => Math.round(value).toLocaleString("en");
/** A score as `valp best` prints it: four significant digits. */
function number(value) {
  if (value === undefined || value === null) return "–";
  if (value === 0) return "0";
  if (value < 0) return `−${number(-value)}`;
  if (Math.abs(value) >= 0.1) return Math.abs(value) >= 1e5 ? value.toExponential(2) : value.toFixed(3);
  return Math.abs(value) < 1e-4 ? value.toExponential(2) : String(+value.toPrecision(4));
}
function brief(value) {
  if (value < 0) return `−${brief(-value)}`;
  if (value >= 1e9) return (value / 1e9).toFixed(1) + " G";
  if (value >= 1e6) return (value / 1e6).toFixed(1) + " M";
  return value >= 1e4 ? Math.round(value / 1e3) + " k" : count(value);
}
function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
const better = (name, a, b) => (R.scores[name].maximise ? a > b : a < b);
const arrow = (name) => (R.scores[name].maximise ? "↑" : "↓");
const goal = (name) => (R.scores[name].maximise ? "more is better" : "less is better");
const title = (name) => (R.objectives.includes(name) ? `${name} ${arrow(name)}` : name);
const say = (text) => ($("said").textContent = text);

/** Beside a single-task model's score: which is better, in words and not by colour alone. */
function verdict(name, value) {
  const single = SINGLE[name];
  if (single === undefined || value === undefined) return h("span", { class: "muted" }, "–");
  if (value === single) return h("span", { class: "muted" }, "the same");
  const wins = better(name, value, single);
  return h("span", { class: wins ? "good" : "bad" }, wins ? "better ✓" : "worse");
}

const listeners = {};
const on = (event, act) => (listeners[event] = listeners[event] || []).push(act);
const emit = (event, ...values) => (listeners[event] || []).forEach((act) => act(...values));

const chosen = { number: null, pair: [null, null] };
const calm = matchMedia("(prefers-reduced-motion: reduce)");
function go(id) {
  $(id).scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
  const heading = $(`${id}-title`);
  if (heading) heading.focus({ preventScroll: true });
}
/** Opens a candidate; `jump` scrolls to it. */
function open(n, jump = true) {
  if (!byNumber.has(n)) return;
  chosen.number = n;
  emit("open", n);
  if (!jump) return;
  try {
    history.replaceState(null, "", `#candidate-${n}`);
  } catch {} // some browsers refuse that for files
  say(`candidate ${n} is open`);
  go("candidate");
}
function compare(a, b, jump = true) {
  chosen.pair = [a, b];
  emit("compare", a, b);
  if (jump) go("compare");
}

let tipped = null; // the element with the keyboard's focus that the tip belongs to, if it does
/** Shows the tip near a place of the window. */
function tip(content, x, y) {
  $("tip").replaceChildren(content);
  $("tip").hidden = false;
  tipped = null;
  placeTip(x, y);
}
/** Shows the tip beside an element, with which it scrolls. */
function tipAt(content, element) {
  const { right, top } = element.getBoundingClientRect();
  tip(content, right, top);
  tipped = element;
}
function placeTip(x, y) {
  const box = $("tip");
  const { width, height } = box.getBoundingClientRect();
  const left = x + 18 + width > innerWidth ? Math.max(6, x - width - 18) : x + 18;
  box.style.left = `${left}px`;
  box.style.top = `${Math.max(6, Math.min(y - height / 2, innerHeight - height - 6))}px`;
}
function noTip() {
  $("tip").hidden = true;
  tipped = null;
}
function scrollTip() {
  if (!tipped) return noTip();
  const { right, top } = tipped.getBoundingClientRect();
  placeTip(right, top);
}

const dusk = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme || (dusk.matches ? "dark" : "light")) === "dark";
function theme() {
  const button = $("theme");
  const show = () => {
    emit("theme");
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-pressed", isDark());
    button.setAttribute("aria-label", "Dark colours");
  };
  try {
    const kept = localStorage.getItem("valp-theme");
    if (kept) document.documentElement.dataset.theme = kept;
  } catch {} // a file may have no storage
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("valp-theme", document.documentElement.dataset.theme);
    } catch {}
    show();
  });
  dusk.addEventListener("change", show);
  show();
}

/** A command with a button that copies it. */
function commandLine(text) {
  const code = h("code", {}, text);
  return h(
    "div",
    { class: "command" },
    code,
    h("button", { type: "button", class: "quiet", onclick: (event) => copy(text, event.target, code) }, "Copy"),
  );
}
async function copy(text, button, code) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  } catch {
    getSelection().selectAllChildren(code); // no clipboard for files here: it is marked, ready to be copied
    say("marked");
  }
}
