// One lane a rule: where it judged, how near it came to its limit, where it is broken.

const stripCanvases = [];
const spanButtons = new Map();

function buildLanes() {
  const never = [];
  for (const rule of data.rules) {
    if (!rule.judged.length && !rule.broken) never.push(rule.rule);
    else $(rule.broken ? "broken-lanes" : "quiet-lanes").append(laneOf(rule));
  }
  $("never").hidden = !never.length;
  $("never").textContent = `Nothing to judge here: ${never.join(", ")}`;
  new ResizeObserver(() => {
    drawStrips();
    placePlayhead();
  }).observe($("timeline"));
}

function laneOf(rule) {
  const share = rule.coverage === null ? "nothing in view" : `${Math.round(rule.coverage * 100)} % judged`;
  const name = make(
    "button",
    { class: "name", "aria-pressed": "false", title: `${rule.rule}: ${share}`, "data-rule": rule.rule, onclick: () => chooseRule(rule.rule) },
    rule.rule,
  );
  const strip = make("div", { class: "strip", "data-rule": rule.rule });
  const surface = make("canvas", { "aria-hidden": "true" });
  strip.append(surface);
  stripCanvases.push([surface, rule]);
  for (const one of violations) if (one.rule === rule.rule) strip.append(spanOf(one));
  followPointer(strip, () => chooseRule(rule.rule));
  return make("div", { class: rule.broken ? "lane" : "lane quiet" }, name, strip);
}

function spanOf(one) {
  const startS = times[clampFrame(one.start)].toFixed(2);
  const button = make("button", {
    class: one.p >= 0.5 ? "span" : "span doubtful",
    "data-id": one.id,
    "data-frame": one.start,
    "aria-label": `${one.rule} at ${startS} s, p ${one.p.toFixed(2)}`,
    title: `${one.rule}, frames ${one.start} to ${Math.max(one.start, one.stop - 1)}`,
    onpointerdown: (event) => event.stopPropagation(),
    onclick: () => select(one.id),
  });
  place(button, one.start, one.stop);
  spanButtons.set(one.id, button);
  return button;
}

/** Put a span where its frames are, as far as the timeline shows them. */
function place(span, start, stop) {
  const [left, right] = [shareOfFrame(start), shareOfFrame(stop)];
  span.hidden = right <= 0 || left >= 1;
  span.style.left = `${100 * Math.max(0, left)}%`;
  span.style.width = `${100 * (Math.min(1, right) - Math.max(0, left))}%`;
}

const ZOOM_S = 10;

/** Show the whole clip, or some seconds around the frame that is shown. */
function toggleZoom() {
  const zoomed = state.view[1] - state.view[0] < endS;
  state.view = zoomed ? [0, endS] : viewAround(times[state.frame]);
  changed("view");
}

function viewAround(timeS) {
  const fromS = Math.max(0, Math.min(endS - ZOOM_S, timeS - ZOOM_S / 2));
  return [fromS, Math.min(endS, fromS + ZOOM_S)];
}

/** While zoomed the timeline goes along with the clip. */
function followView() {
  const [fromS, toS] = state.view;
  const timeS = times[state.frame] ?? 0;
  if (timeS >= fromS && timeS <= toS) return;
  state.view = viewAround(timeS);
  changed("view");
}

function showView() {
  for (const one of violations) place(spanButtons.get(one.id), one.start, one.stop);
  const zoomed = state.view[1] - state.view[0] < endS;
  $("zoom").setAttribute("aria-pressed", String(zoomed));
  $("zoom").hidden = endS <= 1.5 * ZOOM_S;
  drawStrips();
}

/** Drag along a strip to go through the clip. */
function followPointer(strip, begin) {
  const go = (event) => {
    const { left, width } = strip.getBoundingClientRect();
    seek(frameOfShare(Math.max(0, Math.min(1, (event.clientX - left) / width))));
  };
  strip.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    begin?.();
    pause();
    strip.setPointerCapture(event.pointerId);
    go(event);
  });
  strip.addEventListener("pointermove", (event) => {
    if (strip.hasPointerCapture(event.pointerId)) go(event);
  });
}

function drawStrips() {
  const inks = { judged: colour("fine-wash"), blank: colour("blank"), edge: colour("blank-line"), line: colour("fine") };
  for (const [surface, rule] of stripCanvases) drawStrip(surface, rule, inks);
}

function drawStrip(surface, rule, inks) {
  const ratio = window.devicePixelRatio || 1;
  const width = surface.clientWidth;
  const height = surface.clientHeight;
  if (!width) return;
  surface.width = Math.round(width * ratio);
  surface.height = Math.round(height * ratio);
  const ink = surface.getContext("2d");
  ink.setTransform(ratio, 0, 0, ratio, 0, 0);
  ink.fillStyle = inks.blank;
  ink.fillRect(0, 0, width, height);
  ink.fillStyle = inks.judged;
  for (const [start, stop] of rule.judged) {
    const x = Math.floor(Math.max(0, shareOfFrame(start)) * width);
    const wide = Math.max(1, Math.ceil(Math.min(1, shareOfFrame(stop)) * width) - x);
    if (shareOfFrame(stop) <= 0 || shareOfFrame(start) >= 1) continue;
    ink.clearRect(x, 0, wide, height);
    ink.fillRect(x, 0, wide, height);
  }
  // How near to the limit, the highest of each column; the top of the lane is the limit.
  ink.fillStyle = inks.line;
  const tops = new Float32Array(Math.ceil(width) + 1);
  rule.excess.forEach((value, frame) => {
    if (value === null || value <= 0) return;
    const first = Math.floor(shareOfFrame(frame) * width);
    const stop = Math.max(first + 1, Math.ceil(shareOfFrame(frame + 1) * width));
    if (stop < 0 || first > width) return;
    for (let x = Math.max(0, first); x < stop && x < tops.length; x += 1) tops[x] = Math.max(tops[x], Math.min(value, 1));
  });
  for (let x = 0; x < width; x += 1) {
    const high = tops[x] * height;
    if (high > 0.2) ink.fillRect(x, height - high, 1, high);
  }
}

function placePlayhead() {
  const strip = document.querySelector("#timeline .strip") ?? document.querySelector("#plot .u-over");
  if (!strip) return;
  const outer = $("timeline").getBoundingClientRect();
  const inner = strip.getBoundingClientRect();
  const x = inner.left - outer.left + shareOfFrame(state.frame) * inner.width;
  $("playhead").style.transform = `translateX(${x.toFixed(1)}px)`;
}
