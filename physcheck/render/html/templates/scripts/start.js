// Everything put together.

function showFrame() {
  $("now").textContent = `${(firstS + (times[state.frame] ?? 0)).toFixed(2)} s`;
  $("frame").textContent = String(state.frame);
  draw();
  placePlayhead();
  tellValue();
}

function showPlaying() {
  const playing = isPlaying();
  $("play").setAttribute("aria-label", playing ? "Pause (space)" : "Play (space)");
  const bars = "M4 2.5h3v11H4zM9 2.5h3v11H9z";
  document.querySelector("#play-icon path").setAttribute("d", playing ? bars : "M4 2.5v11l9-5.5z");
}

function turnTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  changed("theme");
}

function listenToControls() {
  $("play").addEventListener("click", () => (isPlaying() ? pause() : play()));
  $("back").addEventListener("click", () => stepBy(-1));
  $("forward").addEventListener("click", () => stepBy(1));
  $("earlier").addEventListener("click", () => selectNext(-1));
  $("later").addEventListener("click", () => selectNext(1));
  $("replay").addEventListener("click", replaySelected);
  $("boxes").addEventListener("click", toggleBoxes);
  $("zoom").addEventListener("click", toggleZoom);
  $("theme").addEventListener("click", turnTheme);
  $("speed").addEventListener("change", (event) => setRate(Number(event.target.value)));
  for (const id of ["earlier", "later", "replay"]) $(id).disabled = !violations.length;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => changed("theme"));
}

watch("frame", followView);
watch("frame", showFrame);
watch("view", showView);
watch("view", showMissedSpans);
watch("view", drawCurve);
watch("view", placePlayhead);
watch("play", showPlaying);
watch("selected", markSelected);
watch("selected", draw);
watch("rule", drawCurve);
watch("review", showReview);
watch("theme", () => {
  drawStrips();
  drawCurve();
});

fitPicture();
buildLanes();
watchCurve();
listenToRows();
listenToNearest();
listenToControls();
listenToKeys();
listenToReview();
openClip();
if (violations.length) select(violations[0].id, { reveal: false });
else if (data.rules.length) chooseRule(data.rules[0].rule);
showView();
showFrame();
showReview();
