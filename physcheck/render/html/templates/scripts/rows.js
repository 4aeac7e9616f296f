// What is selected, and how one gets from one violation to the next.

const inTime = [...violations].sort((a, b) => a.start - b.start || b.p - a.p);

/** Select a violation and go to where it begins. */
function select(id, { reveal = true, go = true } = {}) {
  const one = violationOf.get(id);
  if (!one) return;
  state.selected = id;
  changed("selected");
  chooseRule(one.rule);
  if (go) {
    pause();
    seek(one.start);
  }
  if (reveal) revealRow(id);
}

function rowOf(id) {
  return [...document.querySelectorAll("tbody.violation")].find((row) => row.dataset.id === id);
}

/** Bring the row into view without moving the page where it is in view already. */
function revealRow(id) {
  const row = rowOf(id);
  if (!row || matchMedia("(max-width: 980px)").matches) return;
  const { top, bottom } = row.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight - 60) row.scrollIntoView({ block: "nearest" });
}

function markSelected() {
  for (const row of document.querySelectorAll("tbody.violation")) {
    const chosen = row.dataset.id === state.selected;
    row.classList.toggle("selected", chosen);
    row.querySelector(".go").setAttribute("aria-current", String(chosen));
  }
  for (const [id, button] of spanButtons) button.classList.toggle("selected", id === state.selected);
}

/** The violation after (1) or before (-1) the selected one in time, or the first one there is. */
function selectNext(step) {
  if (!inTime.length) return;
  const at = inTime.findIndex((one) => one.id === state.selected);
  const next = at < 0 ? (step > 0 ? 0 : inTime.length - 1) : at + step;
  select(inTime[(next + inTime.length) % inTime.length].id);
}

function listenToRows() {
  for (const row of document.querySelectorAll("tbody.violation")) {
    row.rows[0].addEventListener("click", () => select(row.dataset.id, { reveal: false }));
    for (const button of row.querySelectorAll("button[data-frame]")) {
      button.addEventListener("click", () => {
        select(row.dataset.id, { reveal: false, go: false });
        pause();
        seek(Number(button.dataset.frame));
      });
    }
  }
}

/** Where nothing is broken: the frames that came nearest to a limit. */
function listenToNearest() {
  for (const button of document.querySelectorAll(".nearest button")) {
    button.addEventListener("click", () => {
      chooseRule(button.dataset.rule);
      pause();
      seek(Number(button.dataset.frame));
    });
  }
}

const KEYS = {
  " ": () => (isPlaying() ? pause() : play()),
  ArrowLeft: (event) => stepBy(event.shiftKey ? -10 : -1),
  ArrowRight: (event) => stepBy(event.shiftKey ? 10 : 1),
  ",": () => stepBy(-1),
  ".": () => stepBy(1),
  Home: () => stepBy(-nFrames),
  End: () => stepBy(nFrames),
  n: () => selectNext(1),
  p: () => selectNext(-1),
  r: () => replaySelected(),
  b: () => toggleBoxes(),
  z: () => !$("zoom").hidden && toggleZoom(),
  m: () => openMissed(),
  a: () => answerSelected("agree"),
  d: () => answerSelected("disagree"),
  u: () => answerSelected("unsure"),
};

function stepBy(n) {
  pause();
  seek(state.frame + n);
}

function replaySelected() {
  const one = violationOf.get(state.selected) ?? inTime[0];
  if (!one) return;
  if (state.selected !== one.id) select(one.id);
  replay(one);
}

function toggleBoxes() {
  state.boxes = !state.boxes;
  $("boxes").setAttribute("aria-pressed", String(state.boxes));
  draw();
}

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target.matches("input, textarea, select")) return;
    // A button or a summary in focus takes the space bar for itself.
    if (event.key === " " && target.matches("button, summary, a")) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
}
