// What a person says of the findings, kept in this browser and saved as a labels file.

const REVIEW = "physcheck-review:";
const review = { answers: {}, missed: [], clean: false, ...loadReview() };

function loadReview() {
  try {
    return JSON.parse(localStorage.getItem(REVIEW + data.key))?.review ?? {};
  } catch {
    return {};
  }
}

function keepReview() {
  try {
    const label = labelOf();
    const empty = !isReviewed();
    if (empty) localStorage.removeItem(REVIEW + data.key);
    else localStorage.setItem(REVIEW + data.key, JSON.stringify({ clip: data.clip, review, label }));
  } catch {
    // Without storage the review lasts as long as the page.
  }
  changed("review");
}

function isReviewed() {
  const answered = Object.values(review.answers).some((one) => one.answer || one.note);
  return answered || review.missed.length > 0 || review.clean;
}

/** The clip as an entry of a labels file. Frames are inclusive there. */
function labelOf() {
  const agreed = violations.filter((one) => review.answers[one.id]?.answer === "agree");
  const found = agreed.map((one) => ({
    kind: one.rule,
    start_frame: one.start,
    end_frame: clampFrame(Math.max(one.start, one.stop - 1)),
    object: one.label || one.tracks.map((id) => `object ${id}`).join(", "),
    box_at_peak: [one.peak, ...one.box],
    note: review.answers[one.id].note ?? "",
  }));
  const answers = violations
    .filter((one) => review.answers[one.id])
    .map((one) => ({ id: one.id, rule: one.rule, start_frame: one.start, probability: one.p, ...review.answers[one.id] }));
  return {
    clip: data.clip,
    origin: "unknown",
    verdict: verdictOf(agreed.length + review.missed.length),
    fps: data.fps,
    frames: nFrames,
    violations: [...found, ...review.missed],
    review: { report: data.key, answers },
  };
}

function verdictOf(nWrong) {
  if (nWrong) return "violation";
  const refused = violations.length > 0 && violations.every((one) => review.answers[one.id]?.answer === "disagree");
  return refused || review.clean ? "clean" : "unsure";
}

function setAnswer(id, change) {
  review.answers[id] = { answer: "", note: "", ...review.answers[id], ...change };
  if (!review.answers[id].answer && !review.answers[id].note) delete review.answers[id];
  keepReview();
}

function answerSelected(answer) {
  const one = violationOf.get(state.selected);
  if (one) setAnswer(one.id, { answer: review.answers[one.id]?.answer === answer ? "" : answer });
}

function listenToReview() {
  for (const group of document.querySelectorAll(".answers")) {
    const { id } = group.dataset;
    for (const button of group.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        const same = review.answers[id]?.answer === button.dataset.answer;
        setAnswer(id, { answer: same ? "" : button.dataset.answer });
      });
    }
    group.querySelector("input").addEventListener("input", (event) => setAnswer(id, { note: event.target.value }));
  }
  $("clean")?.addEventListener("click", () => {
    review.clean = !review.clean;
    keepReview();
  });
  $("missed").addEventListener("click", openMissed);
  $("missed-cancel").addEventListener("click", closeMissed);
  $("missed-form").addEventListener("submit", addMissed);
  $("save").addEventListener("click", saveLabels);
  for (const rule of [...data.rules].sort((a, b) => a.rule.localeCompare(b.rule))) {
    $("missed-kind").append(make("option", { value: rule.rule }, rule.rule));
  }
  $("missed-kind").append(make("option", { value: "other" }, "something else"));
  listenToMarking();
}

function showReview() {
  for (const group of document.querySelectorAll(".answers")) {
    const said = review.answers[group.dataset.id] ?? {};
    for (const button of group.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(said.answer === button.dataset.answer));
    }
    const note = group.querySelector("input");
    if (document.activeElement !== note) note.value = said.note ?? "";
  }
  $("clean")?.setAttribute("aria-pressed", String(review.clean));
  const nSaid = violations.filter((one) => review.answers[one.id]?.answer).length;
  const reviewed = violations.length ? `${nSaid} of ${violations.length} reviewed` : "";
  $("told").textContent = [reviewed, isReviewed() ? `labelled ${labelOf().verdict}` : ""].filter(Boolean).join(", ");
  $("save").disabled = !isReviewed();
  $("missed-list").replaceChildren(...review.missed.map(missedRow));
  showMissedSpans();
}

function missedRow(one, row) {
  const words = [`frames ${one.start_frame}–${one.end_frame}`, one.object, one.note].filter(Boolean).join(", ");
  return make(
    "li",
    {},
    make("span", { class: "what" }, make("b", {}, `Missed: ${one.kind}`), ` ${words}`),
    make("button", { class: "button plain", onclick: () => seek(one.start_frame) }, "Show"),
    make("button", { class: "button plain", "aria-label": `Remove missed ${one.kind}`, onclick: () => {
      review.missed.splice(row, 1);
      keepReview();
    } }, "Remove"),
  );
}

function showMissedSpans() {
  for (const old of document.querySelectorAll(".span.missed")) old.remove();
  for (const one of review.missed) {
    const strip = [...document.querySelectorAll(".strip")].find((lane) => lane.dataset.rule === one.kind);
    const span = make("button", { class: "span missed", "aria-label": `Missed: ${one.kind}`, onclick: () => seek(one.start_frame) });
    span.addEventListener("pointerdown", (event) => event.stopPropagation());
    place(span, one.start_frame, one.end_frame + 1);
    strip?.append(span);
  }
}

function openMissed() {
  pause();
  $("missed-form").hidden = false;
  for (const id of ["missed-start", "missed-stop"]) {
    $(id).max = nFrames - 1;
    $(id).value = state.frame;
  }
  if (ruleOf.has(state.rule)) $("missed-kind").value = state.rule;
  canvas.classList.add("marking");
  $("missed-kind").focus();
}

function closeMissed() {
  $("missed-form").hidden = true;
  canvas.classList.remove("marking");
  marked = null;
  draw();
}

function addMissed(event) {
  event.preventDefault();
  const [start, stop] = [$("missed-start"), $("missed-stop")].map((one) => clampFrame(Number(one.value)));
  const frame = marked ? marked.frame : start;
  review.missed.push({
    kind: $("missed-kind").value,
    start_frame: Math.min(start, stop),
    end_frame: Math.max(start, stop),
    object: $("missed-object").value,
    box_at_peak: marked ? [frame, ...marked.box] : null,
    note: $("missed-note").value,
  });
  review.clean = false;
  for (const id of ["missed-object", "missed-note"]) $(id).value = "";
  closeMissed();
  keepReview();
}

/** While something missed is described, a box can be dragged in the picture. */
function listenToMarking() {
  let from = null;
  const place = (event) => {
    const { left, top, width } = canvas.getBoundingClientRect();
    const zoom = data.width / width;
    const inside = (value, most) => Math.max(0, Math.min(most, Math.round(value * zoom)));
    return [inside(event.clientX - left, data.width), inside(event.clientY - top, data.height)];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!canvas.classList.contains("marking")) {
      if (isPlaying()) pause();
      else play();
      return;
    }
    from = place(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = place(event);
    const box = [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.max(from[0], to[0]), Math.max(from[1], to[1])];
    marked = { frame: state.frame, box };
    draw();
  });
  canvas.addEventListener("pointerup", () => {
    if (from && marked) $("missed-hint").textContent = `Box at frame ${marked.frame}: ${marked.box.join(", ")}.`;
    from = null;
  });
}

function saveLabels() {
  const text = JSON.stringify([labelOf()], null, 2) + "\n";
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  make("a", { href: address, download: "labels.json" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
