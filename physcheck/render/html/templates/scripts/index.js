// The list of clips: sorted, narrowed down, and the way into each.

const $ = (id) => document.getElementById(id);
const { clips } = JSON.parse($("data").textContent);
const N_BINS = 20;
const REVIEW = "physcheck-review:";
const wanted = { tones: new Set(), rules: new Set(), bin: null, text: "" };
const sorting = { by: "score", sign: 1 };

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Pictures are decoded when they come near the window.
const near = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    target.src = `data:image/webp;base64,${target.clip.picture}`;
  }
}, { rootMargin: "400px" });

function pictureOf(clip) {
  const frame = make(clip.link ? "a" : "span", { class: "thumb", ...(clip.link ? { href: clip.link, tabindex: "-1", "aria-hidden": "true" } : {}) });
  if (!clip.picture) return frame;
  const image = make("img", { alt: "", decoding: "async" });
  image.clip = clip;
  near.observe(image);
  frame.append(image);
  if (clip.box) frame.append(markOf(clip));
  return frame;
}

/** A box over the picture, which lies within its frame as a whole. */
function markOf({ box, size }) {
  const zoom = Math.min(112 / size[0], 63 / size[1]);
  const [left, top] = [(112 - size[0] * zoom) / 2, (63 - size[1] * zoom) / 2];
  const mark = document.createElement("i");
  mark.style.left = `${left + box[0] * zoom}px`;
  mark.style.top = `${top + box[1] * zoom}px`;
  mark.style.width = `${(box[2] - box[0]) * zoom}px`;
  mark.style.height = `${(box[3] - box[1]) * zoom}px`;
  return mark;
}

function percent(share) {
  return share === null || share === undefined ? "–" : `${Math.round(share * 100)} %`;
}

function rowOf(clip) {
  const name = make("bdi", {}, clip.name);
  const link = clip.link ? make("a", { href: clip.link, title: clip.path }, name) : make("b", { title: clip.path }, name);
  const tags = clip.rules.map(([rule, sure]) => make("span", { class: sure ? "tag" : "tag doubt" }, rule));
  const score = clip.score === null || clip.score === undefined ? "–" : clip.score.toFixed(2);
  return make(
    "tr",
    { class: clip.tone },
    make("td", { class: "picture" }, pictureOf(clip)),
    make("td", { class: "name" }, link, make("span", { class: "verdict" }, clip.verdict)),
    make("td", { class: "rules" }, make("div", { class: "tags" }, ...tags)),
    make("td", { class: "number judged" }, percent(clip.judged)),
    make("td", { class: "number seconds" }, clip.seconds === undefined ? "–" : `${clip.seconds.toFixed(1)} s`),
    make("td", { class: "number score" }, make("b", {}, score)),
  );
}

const rows = new Map(clips.map((clip) => [clip, rowOf(clip)]));

function binOf(clip) {
  if (clip.score === null || clip.score === undefined) return null;
  return Math.min(N_BINS - 1, Math.floor(clip.score * N_BINS));
}

function isWanted(clip) {
  if (wanted.tones.size && !wanted.tones.has(clip.tone)) return false;
  if (wanted.rules.size && !clip.rules.some(([rule]) => wanted.rules.has(rule))) return false;
  if (wanted.bin !== null && binOf(clip) !== wanted.bin) return false;
  return clip.path.toLowerCase().includes(wanted.text);
}

/** What a clip is sorted by; what is not known comes last. */
function keyOf(clip) {
  if (sorting.by === "name") return clip.name.toLowerCase();
  if (sorting.by === "rules") return clip.rules.length ? `${9 - Math.min(clip.rules.length, 9)}${clip.rules[0][0]}` : "~";
  return clip[sorting.by] ?? null;
}

function compare(a, b) {
  const [x, y] = [keyOf(a), keyOf(b)];
  if (x === null || y === null) return (x === null) - (y === null);
  return (x < y ? -1 : x > y ? 1 : 0) * sorting.sign || (a.path < b.path ? -1 : 1);
}

function show() {
  const found = clips.filter(isWanted).sort(compare);
  $("clips").replaceChildren(...found.map((clip) => rows.get(clip)));
  $("none").hidden = found.length > 0;
  $("shown").textContent = found.length === clips.length ? "" : `${found.length} of ${clips.length} clips`;
  for (const head of document.querySelectorAll("[data-sort]")) {
    if (head.dataset.sort === sorting.by) head.setAttribute("aria-sort", sorting.sign > 0 ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
  }
}

function toggle(set, value, button) {
  if (!set.delete(value)) set.add(value);
  button.setAttribute("aria-pressed", String(set.has(value)));
  show();
}

function buildRules() {
  const counts = new Map();
  for (const clip of clips) for (const [rule] of clip.rules) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  for (const [rule, n] of [...counts].sort((a, b) => b[1] - a[1])) {
    const chip = make("button", { class: "button chip", "aria-pressed": "false", "data-rule": rule }, rule, make("span", {}, String(n)));
    chip.addEventListener("click", () => toggle(wanted.rules, rule, chip));
    $("rules").append(chip);
  }
}

function buildDistribution() {
  const counts = new Array(N_BINS).fill(0);
  for (const clip of clips) if (binOf(clip) !== null) counts[binOf(clip)] += 1;
  const most = Math.max(1, ...counts);
  counts.forEach((n, bin) => {
    const range = `${(bin / N_BINS).toFixed(2)} to ${((bin + 1) / N_BINS).toFixed(2)}`;
    const fill = make("span");
    fill.style.height = n ? `${Math.max(3, Math.round((100 * n) / most))}%` : "0";
    const bar = make("button", { class: bin < N_BINS / 2 ? "low" : "", "aria-pressed": "false", title: `score ${range}: ${n}`, "aria-label": `score ${range}: ${n} clips` }, fill);
    bar.addEventListener("click", () => {
      wanted.bin = wanted.bin === bin ? null : bin;
      [...$("bars").children].forEach((one, k) => one.setAttribute("aria-pressed", String(k === wanted.bin)));
      show();
    });
    $("bars").append(bar);
  });
}

function sortBy(by) {
  sorting.sign = sorting.by === by ? -sorting.sign : 1;
  sorting.by = by;
  show();
}

function reset() {
  wanted.tones.clear();
  wanted.rules.clear();
  wanted.bin = null;
  wanted.text = $("search").value = "";
  for (const one of document.querySelectorAll("[aria-pressed]")) one.setAttribute("aria-pressed", "false");
  show();
}

/** Reviews that were made in this browser on the pages of these clips. */
function reviews() {
  const own = new Set(clips.map((clip) => clip.key));
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(REVIEW) && own.has(key.slice(REVIEW.length)))
      .map((key) => JSON.parse(localStorage.getItem(key)).label);
  } catch {
    return [];
  }
}

function offerLabels() {
  const n = reviews().length;
  $("save").hidden = !n;
  $("save").textContent = `Save labels of ${n} reviewed clip${n === 1 ? "" : "s"}`;
}

function saveLabels() {
  const address = URL.createObjectURL(new Blob([JSON.stringify(reviews(), null, 2) + "\n"], { type: "application/json" }));
  make("a", { href: address, download: "labels.json" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

for (const head of document.querySelectorAll("[data-sort]")) {
  head.querySelector("button").addEventListener("click", () => sortBy(head.dataset.sort));
}
for (const button of document.querySelectorAll("[data-tone]")) {
  button.addEventListener("click", () => toggle(wanted.tones, button.dataset.tone, button));
}
$("search").addEventListener("input", (event) => {
  wanted.text = event.target.value.trim().toLowerCase();
  show();
});
$("reset").addEventListener("click", reset);
$("save").addEventListener("click", saveLabels);
addEventListener("focus", offerLabels);
buildRules();
buildDistribution();
show();
offerLabels();
