// Keys, rows as they are recorded, the brush, the reader's time zone. Everything here has a link or a form as well.

const HELP = [
  ["j k", "next, previous event"], ["Enter", "open it"], ["/", "search"], ["[ ]", "earlier, later"],
  ["+ -", "closer, wider"], [".", "now"], ["s", "suspects at this moment"], ["n p", "newer, older"],
  ["w", "why this thing"], ["g t", "timeline"], ["g l", "list"], ["g s", "suspects"], ["g k", "stacks"],
  ["y", "copy the address"], ["Esc", "back, or close this"], ["?", "these keys"],
];
const PAGES = { t: "/", l: "/list", s: "/suspects", k: "/stacks" };
const KEYS_OFF = "tfevent-keys-off";

const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function remembered(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}

// --- time zone -------------------------------------------------------------------------------------------------------

function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const pair = `tfevent-zone=${zone}`;
  if (!/^[\w+/-]+$/.test(zone ?? "") || document.cookie.split("; ").includes(pair)) return;
  document.cookie = `${pair}; path=/; samesite=strict; max-age=31536000`;
  const shown = find(".tz")?.textContent ?? zone; // a page without times has none
  if (document.cookie.split("; ").includes(pair) && shown.split(",")[0] !== zone) location.reload();
}

// --- keys ------------------------------------------------------------------------------------------------------------

let begun = "";

function isTyping(event) {
  const where = event.target;
  return event.ctrlKey || event.metaKey || event.altKey || event.isComposing
    || where.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(where.tagName);
}

function step(by) {
  const rows = findAll(".ev");
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("at"));
  const next = Math.min(rows.length - 1, Math.max(0, at + by));
  rows[at]?.classList.remove("at");
  rows[next].classList.add("at");
  find(".ev-title", rows[next]).focus({ preventScroll: true });
  rows[next].scrollIntoView({ block: "nearest" });
}

function follow(selector) {
  const link = find(selector);
  if (link) link.click();
  return Boolean(link);
}

const ACTIONS = {
  j: () => step(1),
  k: () => step(-1),
  Enter: () => follow(".ev.at .ev-title"),
  "/": () => { const field = find('.find input'); field.focus(); field.select(); },
  "[": () => follow('[data-key="["]') || follow('a[rel="next"]'),
  "]": () => follow('[data-key="]"]') || follow('a[rel="prev"]'),
  "+": () => follow('[data-key="+"]'),
  "-": () => follow('[data-key="-"]'),
  ".": () => follow('[data-key="."]'),
  s: () => follow('[data-key="s"]') || location.assign("/suspects"),
  n: () => follow('[data-key="n"]') || follow('a[rel="prev"]'),
  p: () => follow('[data-key="p"]') || follow('a[rel="next"]'),
  w: () => follow('[data-key="w"]'),
  y: () => navigator.clipboard?.writeText(location.href),
  Escape: () => history.length > 1 && history.back(),
  "?": () => showHelp(),
};

function onKey(event) {
  if (event.key === "Escape" && (find("dialog[open]") || isTyping(event))) {
    if (isTyping(event)) event.target.blur();
    return;
  }
  if (isTyping(event) || find("dialog[open]")) return;
  if (event.key !== "?" && remembered(KEYS_OFF)) return;
  if (event.key === "Enter" && event.target.closest?.("a, button")) return; // the browser's own
  if (begun === "g" && PAGES[event.key]) {
    begun = "";
    location.assign(PAGES[event.key]);
    return;
  }
  begun = event.key === "g" ? "g" : "";
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function showHelp() {
  const dialog = element("dialog", "", { class: "help", "aria-label": "Keys" });
  dialog.append(element("h2", "Keys"));
  const list = element("dl");
  for (const [keys, words] of HELP) {
    const term = element("dt");
    for (const key of keys.split(" ")) term.append(element("kbd", key), " ");
    list.append(term, element("dd", words));
  }
  const off = element("input", "", { type: "checkbox", id: "keys-off" });
  off.checked = !remembered(KEYS_OFF);
  off.addEventListener("change", () => {
    try {
      if (off.checked) localStorage.removeItem(KEYS_OFF); else localStorage.setItem(KEYS_OFF, "yes");
    } catch { /* not kept: for this page only */ }
  });
  const label = element("label", " Keys are on", { for: "keys-off" });
  label.prepend(off);
  const close = element("button", "Close");
  close.addEventListener("click", () => dialog.close());
  dialog.append(list, label, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// --- the page as it is now, parsed by the browser without a script of it being run -------------------------------------

function fetched() {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.onload = () => (request.status === 200 ? resolve(request.response) : reject(new Error(request.status)));
    request.onerror = () => reject(new Error("no answer"));
    request.send();
  });
}

async function refresh() {
  const part = find("#live-part");
  const focused = part.contains(document.activeElement) && document.activeElement.getAttribute("href");
  const marked = find(".ev.at .ev-title", part)?.getAttribute("href");
  const answer = await fetched();
  const fresh = find("#live-part", answer);
  if (!fresh) return;
  document.title = answer.title;
  part.replaceWith(document.adoptNode(fresh));
  brush();
  const by = (href) => findAll("a", fresh).find((link) => link.getAttribute("href") === href);
  if (marked) by(marked)?.closest(".ev")?.classList.add("at");
  if (focused) by(focused)?.focus({ preventScroll: true });
}

// --- live ------------------------------------------------------------------------------------------------------------

let stream = null;

function say(words, isLive = false) {
  const place = find(".source");
  let shown = find(".live-words", place);
  if (!shown) {
    shown = element("span", "", { class: "live-words", role: "status" });
    place.prepend(shown);
  }
  if (shown.textContent !== words) shown.textContent = words;
  shown.classList.toggle("live", isLive);
}

function outcomes(within) { // of each row, by the address of its event
  return new Map(findAll("main .ev", within).map((row) => [
    find(".ev-title", row).getAttribute("href"), find(".out", row).textContent,
  ]));
}

async function compare() { // rows do not move under the reader's eyes: a line says what is newer with these filters
  const [shown, fresh] = [outcomes(document), outcomes(await fetched())];
  const newer = [...fresh.keys()].filter((event) => !shown.has(event)).length;
  const ended = [...fresh].filter(([event, words]) => shown.has(event) && shown.get(event) !== words).length;
  const gone = shown.size && !fresh.size;
  if (!newer && !ended && !gone) return;
  const words = [
    newer && `${newer} newer change${newer === 1 ? "" : "s"}`, ended && `${ended} with another outcome`,
    gone && "nothing of this is recorded any more",
  ].filter(Boolean).join(", ");
  let banner = find(".newer");
  if (!banner) {
    banner = element("p", "", { class: "newer", role: "status" });
    banner.append(element("span"), element("a", "show", { href: location.href }));
    find("main").prepend(banner);
  }
  find("span", banner).textContent = `${words}: `;
}

let busy = false;
let dragging = false; // nothing moves under the reader's hand
let again = false;

async function update() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    do {
      again = false;
      while (dragging) await new Promise((done) => { setTimeout(done, 200); });
      await (find("#live-part") ? refresh() : compare());
      await new Promise((done) => { setTimeout(done, 300); }); // many events at once are one change of the page
    } while (again);
  } catch { say("not up to date: reload"); }
  busy = false;
  if (!find("[data-live]")) hush();
}

function hush() { // what is shown has ended: it stays as it is
  stream?.close();
  stream = null;
  find(".live-words")?.remove();
}

function listen() {
  const place = find("[data-live]");
  if (!place || stream) return;
  stream = new EventSource(`/live?after=${place.dataset.now}`);
  let wasLost = false;
  stream.onopen = () => {
    say("live", true);
    if (wasLost) update();
    wasLost = false;
  };
  stream.onerror = () => {
    wasLost = true;
    say(stream.readyState === EventSource.CLOSED ? "not live: reload" : "reconnecting");
  };
  stream.onmessage = () => update();
  stream.addEventListener("state", ({ data }) => { // of the journal or ledger that the server reads
    say(data === "away" ? "not live: events cannot be read now" : "live", data !== "away");
    if (data !== "away") update();
  });
}

function onVisible() {
  if (document.hidden) {
    stream?.close(); // a browser opens six connections to a host
    stream = null;
    say("paused");
  } else {
    listen();
    if (stream) update();
  }
}

// --- brush -----------------------------------------------------------------------------------------------------------

function brush() {
  const chart = find("[data-brush]");
  if (!chart) return;
  const rect = find(".brush", chart);
  const share = (event) => {
    const box = chart.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const from = Number(chart.dataset.start);
  const span = Number(chart.dataset.end) - from;
  let start = null;
  let moved = false;
  chart.addEventListener("pointerdown", (event) => {
    if (event.button || event.pointerType !== "mouse") return;
    [start, moved, dragging] = [share(event), false, true];
  });
  chart.addEventListener("pointermove", (event) => {
    if (start === null) return;
    const [low, high] = [start, share(event)].sort((a, b) => a - b);
    if ((high - low) * chart.clientWidth > 4 || moved) {
      if (!moved) chart.setPointerCapture(event.pointerId);
      moved = true;
      rect.setAttribute("x", `${low * 100}%`);
      rect.setAttribute("width", `${(high - low) * 100}%`);
    }
  });
  chart.addEventListener("pointercancel", () => { [start, dragging] = [null, false]; });
  addEventListener("pointerup", () => { dragging = false; });
  chart.addEventListener("pointerup", (event) => {
    if (start === null) return;
    const [low, high] = [start, share(event)].sort((a, b) => a - b);
    start = null;
    if (moved && (high - low) * span > 60_000) go({ from: iso(from + low * span), to: iso(from + high * span) });
  });
  chart.addEventListener("dragstart", (event) => event.preventDefault());
  chart.addEventListener("click", (event) => { if (moved) event.preventDefault(); }, true);
  find("[data-plot]")?.addEventListener("dblclick", pick);
}

function pick(event) {
  const box = find(".grid svg").getBoundingClientRect();
  const { start, end } = find("#live-part").dataset;
  const share = (event.clientX - box.left) / box.width;
  if (share >= 0 && share <= 1) go({ at: iso(Number(start) + share * (end - start)) });
}

const iso = (milliseconds) => `${new Date(milliseconds).toISOString().slice(0, 16)}Z`;

function go(changed) {
  const target = new URL(location.href);
  if (changed.from) target.searchParams.delete("window");
  for (const [key, value] of Object.entries(changed)) target.searchParams.set(key, value);
  location.assign(target);
}

tellZone();
document.addEventListener("keydown", onKey);
brush();
if (find("[data-live]")) {
  document.addEventListener("visibilitychange", onVisible);
  if (!document.hidden) listen();
}
