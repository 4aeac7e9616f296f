// The clip is played by the browser, or, where there is none, by a clock.

const video = $("video");
let pendingFrame = null;
let loop = null;

const clock = { playing: false, rate: 1, sinceMs: 0, fromS: 0 };

function isPlaying() {
  return video ? !video.paused : clock.playing;
}

/** Show a frame. */
function seek(frame) {
  if (!nFrames) return;
  loop = null;
  goTo(clampFrame(frame));
}

function goTo(frame) {
  setFrame(frame);
  if (!video) {
    clock.fromS = times[frame];
    clock.sinceMs = performance.now();
  } else if (video.seeking || video.readyState < 1) {
    pendingFrame = frame;
  } else {
    video.currentTime = withinFrame(frame);
  }
}

function setFrame(frame) {
  if (state.frame === frame) return;
  state.frame = frame;
  changed("frame");
}

function play() {
  if (!nFrames) return;
  if (state.frame >= nFrames - 1) goTo(0);
  if (video) {
    video.play().catch(() => changed("play"));
    return;
  }
  clock.playing = true;
  clock.fromS = times[state.frame];
  clock.sinceMs = performance.now();
  changed("play");
  requestAnimationFrame(tick);
}

function pause() {
  if (video) video.pause();
  clock.playing = false;
  changed("play");
}

function setRate(rate) {
  clock.fromS = times[state.frame] ?? 0;
  clock.sinceMs = performance.now();
  clock.rate = rate;
  if (video) video.playbackRate = rate;
  $("speed").value = String(rate);
}

/** Play a stretch slowly, again and again, until something else is asked for. */
function replay(violation) {
  const around = Math.max(0.4, 3 * stepS);
  const startS = Math.max(0, times[violation.start] - around);
  const lastFrame = clampFrame(violation.stop - 1);
  setRate(0.25);
  goTo(frameAt(startS));
  loop = [startS, Math.min(endS - stepS, times[lastFrame] + around)];
  play();
}

function tick(nowMs) {
  if (!clock.playing) return;
  const timeS = clock.fromS + ((nowMs - clock.sinceMs) / 1000) * clock.rate;
  arrive(frameAt(timeS));
  if (timeS >= endS) pause();
  else requestAnimationFrame(tick);
}

/** While it plays: the frame that is now on the screen. */
function arrive(frame) {
  setFrame(frame);
  if (loop && isPlaying() && (times[frame] > loop[1] || frame === nFrames - 1)) {
    goTo(frameAt(loop[0]));
    if (video && video.paused) video.play().catch(() => changed("play"));
  }
}

function followVideo() {
  // Between asking for a frame and seeing it, older frames may still be presented.
  const presented = (_, told) => {
    if (!video.seeking && pendingFrame === null) arrive(frameAt(told.mediaTime));
    video.requestVideoFrameCallback(presented);
  };
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(presented);
  else video.addEventListener("timeupdate", () => !video.paused && arrive(frameAt(video.currentTime)));
  const catchUp = () => {
    if (pendingFrame === null || video.seeking) return;
    video.currentTime = withinFrame(pendingFrame);
    pendingFrame = null;
  };
  video.addEventListener("seeked", catchUp);
  video.addEventListener("loadedmetadata", catchUp);
  for (const name of ["play", "pause", "ended"]) video.addEventListener(name, () => changed("play"));
  video.addEventListener("error", () => {
    const told = make("p", { class: "absent" }, "This browser cannot play the clip.");
    $("picture").append(told);
  });
}

/** Give the browser the copy of the clip that is in the page. */
function openClip() {
  if (!video) return;
  followVideo();
  const embedded = $("mp4");
  if (!embedded) {
    video.src = data.link;
    return;
  }
  const bytes = Uint8Array.from(atob(embedded.textContent), (one) => one.charCodeAt(0));
  embedded.remove();
  video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
}
