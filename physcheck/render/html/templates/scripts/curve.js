// Value against limit of one rule, frame by frame.

let plot = null;
const ruleOf = new Map(data.rules.map((rule) => [rule.rule, rule]));

function chooseRule(name) {
  if (state.rule === name || !ruleOf.has(name)) return;
  state.rule = name;
  changed("rule");
}

function drawCurve() {
  const rule = ruleOf.get(state.rule);
  plot?.destroy();
  plot = null;
  for (const name of document.querySelectorAll("#timeline .name")) {
    name.setAttribute("aria-pressed", String(name.dataset.rule === state.rule));
  }
  if (!rule || !rule.excess.length || nFrames < 2) return;
  const limit = rule.limit === null ? "the limit is at 1" : `limit ${digits(rule.limit)} ${rule.unit}`;
  $("curve-name").replaceChildren(make("b", {}, rule.rule), `  ${rule.limit === null ? "value ÷ limit" : "value"}, ${limit}`);
  // Frames not judged are gaps; what is far below the limit says no more than "far below".
  const values = rule.excess.map((value) => (value === null ? null : Math.max(0, value)));
  plot = new uPlot(plotOptions(rule), [times, values], $("plot"));
  followPlot(plot.over);
  tellValue();
}

function plotOptions(rule) {
  const peak = Math.max(1, rule.peak ?? 0);
  const scale = rule.limit ?? 1;
  const names = parseFloat(getComputedStyle($("timeline")).getPropertyValue("--names"));
  const axis = { stroke: colour("faint"), font: "11px Inter, system-ui, sans-serif" };
  const grid = { stroke: colour("line"), width: 1 };
  const value = rule.limit ? (v) => digits(v * scale) : (v) => digits(v);
  return {
    width: $("plot").clientWidth,
    height: 112,
    padding: [8, 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: false, range: [...state.view] },
      y: peak > 8 ? { range: [0, peak * 1.1], distr: 4, asinh: 1 } : { range: [0, peak * 1.18] },
    },
    axes: [
      { ...axis, size: 22, gap: 3, grid: { show: false }, ticks: { ...grid, size: 4 }, values: (_, marks) => marks.map((s) => (s > state.view[1] - 0.03 * (state.view[1] - state.view[0]) ? "" : `${digits(s)} s`)) },
      { ...axis, size: names, gap: 6, grid: { show: false }, ticks: { show: false }, splits: () => levels(peak), values: (_, marks) => marks.map(value) },
    ],
    series: [{}, { stroke: colour("fine"), width: 1.6, points: { size: 3.5, fill: colour("fine") } }],
    hooks: { drawClear: [(one) => shade(one, rule)], draw: [(one) => limitLine(one, peak)] },
  };
}

/** Marks of the upright axis: nothing, the limit, the peak where it is well above. */
function levels(peak) {
  return peak > 1.35 ? [0, 1, peak] : [0, 1];
}

function shade(one, rule) {
  const { ctx, bbox } = one;
  const place = (frame) => bbox.left + shareOfFrame(frame) * bbox.width;
  const fill = (ink, start, stop) => {
    const left = Math.max(bbox.left, place(start));
    const right = Math.min(bbox.left + bbox.width, Math.max(place(start) + 2, place(stop)));
    ctx.fillStyle = ink;
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  };
  fill(colour("blank"), 0, nFrames);
  for (const [start, stop] of rule.judged) fill(colour("panel"), start, stop);
  for (const v of violations) {
    if (v.rule === rule.rule) fill(colour(v.p >= 0.5 ? "bad-wash" : "doubt-wash"), v.start, v.stop);
  }
}

function limitLine(one, peak) {
  const { ctx, bbox } = one;
  const y = Math.round(one.valToPos(1, "y", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = colour(peak > 1 ? "bad" : "soft");
  ctx.lineWidth = devicePixelRatio || 1;
  ctx.setLineDash([5 * ctx.lineWidth, 4 * ctx.lineWidth]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function followPlot(over) {
  followPointer(over, null);
}

/** What the rule measured in the frame that is shown. */
function tellValue() {
  const rule = ruleOf.get(state.rule);
  if (!rule) return;
  const value = rule.excess[state.frame] ?? null;
  const told = value === null ? "not judged" : rule.limit === null ? `${digits(value)} of the limit` : `${digits(value * rule.limit)} ${rule.unit}`;
  $("curve-now").textContent = `frame ${state.frame}: ${told}`;
}

function watchCurve() {
  let width = 0;
  new ResizeObserver(() => {
    const now = $("plot").clientWidth;
    if (plot && now && now !== width) drawCurve();
    width = now;
  }).observe($("plot"));
}
