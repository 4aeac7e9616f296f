// What the page knows of the clip, and how frames and seconds belong together.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const firstS = data.times[0] ?? 0;
const times = data.times.map((timeS) => timeS - firstS);
const nFrames = times.length;
const stepS = nFrames > 1 ? times[nFrames - 1] / (nFrames - 1) : 0.04;
const endS = Math.max(nFrames ? times[nFrames - 1] + stepS : 0, 1e-3);
const violations = data.violations;
const violationOf = new Map(violations.map((one) => [one.id, one]));

const state = { frame: 0, selected: null, rule: null, boxes: true, view: [0, endS] };
const watchers = { frame: [], selected: [], rule: [], play: [], review: [], theme: [], view: [] };

/** Call `act` whenever `what` of the state has changed. */
function watch(what, act) {
  watchers[what].push(act);
}

function changed(what) {
  for (const act of watchers[what]) act();
}

function clampFrame(frame) {
  return Math.max(0, Math.min(nFrames - 1, Math.round(frame)));
}

/** The frame that is shown at a time, s after the first frame. */
function frameAt(timeS) {
  let low = 0;
  let high = nFrames - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= timeS + 1e-4) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A time well within a frame, s after the first frame. */
function withinFrame(frame) {
  const stopS = frame + 1 < nFrames ? times[frame + 1] : times[frame] + stepS;
  return times[frame] + Math.min(0.5 * (stopS - times[frame]), 0.5 * stepS);
}

/** The frame at a share of the stretch that the timeline shows. */
function frameOfShare(share) {
  return clampFrame(frameAt(state.view[0] + share * (state.view[1] - state.view[0])));
}

/** Where a frame begins in the stretch that the timeline shows; outside of it below 0, above 1. */
function shareOfFrame(frame) {
  const timeS = frame >= nFrames ? endS : times[frame];
  return (timeS - state.view[0]) / (state.view[1] - state.view[0]);
}

/** A colour of the style, as canvases want it. */
const probe = document.body.appendChild(document.createElement("span"));
probe.hidden = true;
function colour(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Three significant digits. */
function digits(value) {
  return Number(value.toPrecision(3)).toString();
}
