// Boxes, numbers, the way so far and the way that was foretold, drawn over the clip.

const BAD = "#ff6a45";
const DOUBT = "#ffc14d";
const FORETOLD = "#63d4ff";
const OTHERS = "rgba(255,255,255,0.75)";
const HALO = "rgba(0,0,0,0.55)";
const TRAIL_S = 0.8;

const canvas = $("overlay");
const pen = canvas.getContext("2d");
let marked = null;

/** Where a track is in a frame: {box, seen}, or null. */
function placeOf(track, frame) {
  for (const run of track.runs) {
    const row = frame - run.start;
    if (row >= 0 && row < run.seen.length) {
      return { box: run.boxes.slice(4 * row, 4 * row + 4), seen: run.seen[row] === "1" };
    }
  }
  return null;
}

const trackOf = new Map(data.tracks.map((track) => [track.id, track]));
for (const track of data.tracks) {
  const last = track.runs[track.runs.length - 1];
  track.start = track.runs.length ? track.runs[0].start : 0;
  track.stop = last ? last.start + last.seen.length : 0;
}

function activeViolations() {
  return violations.filter((one) => one.start <= state.frame && state.frame < one.stop);
}

function draw() {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const zoom = width / data.width;
  const active = activeViolations();
  const chosen = violationOf.get(state.selected);
  const guilty = new Map();
  for (const one of active) for (const id of one.tracks) guilty.set(id, one);
  if (state.boxes) drawOthers(zoom, guilty);
  if (chosen) drawStory(chosen, zoom);
  // The chosen one is drawn last, and its name stands alone where others would cover it.
  const chosenNow = active.includes(chosen);
  const hides = (one) => chosenNow && one !== chosen && one.tracks.some((id) => chosen.tracks.includes(id));
  for (const one of active) if (one !== chosen && !hides(one)) drawViolation(one, zoom);
  if (chosenNow) drawViolation(chosen, zoom);
  if (marked) strokeBox(marked.box, zoom, "#7fb1ff", [5, 3], 2);
}

function drawOthers(zoom, guilty) {
  const { frame } = state;
  const present = data.tracks.filter((one) => one.start <= frame && frame < one.stop);
  for (const track of present) {
    const place = guilty.has(track.id) ? null : placeOf(track, frame);
    if (!place) continue;
    strokeBox(place.box, zoom, OTHERS, place.seen ? [] : [3, 3], 1);
    if (present.length <= 24) label(String(track.id), place.box, zoom, null);
  }
}

/** The way of the chosen violation's things up to now, and the way foretold. */
function drawStory(one, zoom) {
  const firstFrame = frameAt(Math.max(0, times[state.frame] - TRAIL_S));
  for (const id of one.tracks) {
    const track = trackOf.get(id);
    if (track) drawTrail(track, firstFrame, zoom);
  }
  for (const foretold of one.predicted) {
    const n = foretold.boxes.length / 4;
    const row = state.frame - foretold.start;
    if (row < -1 || row > n + 2) continue;
    const way = [];
    for (let k = 0; k < n; k += 1) way.push(centre(foretold.boxes.slice(4 * k, 4 * k + 4), zoom));
    strokeWay(way, FORETOLD, [4, 4], 1.5);
    const now = Math.max(0, Math.min(n - 1, row));
    strokeBox(foretold.boxes.slice(4 * now, 4 * now + 4), zoom, FORETOLD, [4, 4], 1.5);
  }
}

function drawTrail(track, firstFrame, zoom) {
  let way = [];
  for (let frame = firstFrame; frame <= state.frame; frame += 1) {
    const place = placeOf(track, frame);
    if (place) way.push(centre(place.box, zoom));
    else if (way.length) {
      strokeWay(way, BAD, [], 1.5);
      way = [];
    }
  }
  strokeWay(way, BAD, [], 1.5);
}

function drawViolation(one, zoom) {
  const ink = one.p >= 0.5 ? BAD : DOUBT;
  const places = one.tracks
    .map((id) => trackOf.get(id) && placeOf(trackOf.get(id), state.frame))
    .filter(Boolean);
  for (const place of places) strokeBox(place.box, zoom, ink, place.seen ? [] : [5, 3], 2);
  if (!places.length) strokeBox(one.box, zoom, ink, [5, 3], 2);
  label(one.rule, places.length ? places[0].box : one.box, zoom, ink);
}

function centre(box, zoom) {
  return [((box[0] + box[2]) / 2) * zoom, ((box[1] + box[3]) / 2) * zoom];
}

function strokeWay(points, ink, dashes, width) {
  if (points.length < 2) return;
  pen.beginPath();
  points.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  strokeTwice(ink, dashes, width);
}

function strokeBox(box, zoom, ink, dashes, width) {
  const [x1, y1, x2, y2] = box.map((side) => side * zoom);
  pen.beginPath();
  pen.rect(x1, y1, x2 - x1, y2 - y1);
  strokeTwice(ink, dashes, width);
}

/** Light within dark shows on anything. */
function strokeTwice(ink, dashes, width) {
  pen.lineJoin = "round";
  pen.setLineDash([]);
  pen.strokeStyle = HALO;
  pen.lineWidth = width + 2;
  pen.stroke();
  pen.setLineDash(dashes);
  pen.strokeStyle = ink;
  pen.lineWidth = width;
  pen.stroke();
  pen.setLineDash([]);
}

function label(text, box, zoom, ink) {
  pen.font = `${ink ? 600 : 500} ${ink ? 12 : 10}px Inter, system-ui, sans-serif`;
  const width = pen.measureText(text).width + (ink ? 10 : 6);
  const height = ink ? 18 : 13;
  const x = Math.max(0, Math.min(box[0] * zoom - 1, canvas.clientWidth - width));
  const above = box[1] * zoom - height - 2;
  const y = above < 0 ? Math.min(box[3] * zoom + 2, canvas.clientHeight - height) : above;
  pen.fillStyle = ink ?? "rgba(0,0,0,0.5)";
  pen.beginPath();
  pen.roundRect(x, y, width, height, 3);
  pen.fill();
  pen.fillStyle = ink ? "#1a0e08" : "#fff";
  pen.textBaseline = "middle";
  pen.fillText(text, x + (ink ? 5 : 3), y + height / 2 + 0.5);
}

/** The picture is as large as its place allows, in the clip's proportions. */
function fitPicture() {
  $("picture").style.setProperty("--aspect", String((data.width || 16) / (data.height || 9)));
  new ResizeObserver(draw).observe(canvas);
}
