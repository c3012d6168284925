// Three sounds that run together; the choice only moves their loudness, so switching loses no sample.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const names = Object.keys(data.sounds);
  const find = (selector) => document.querySelector(selector);
  const play = find("#play"), seek = find("#seek"), clock = find("#clock"), loud = find("#loud"), repeat = find("#loop");
  const length = Number(seek.max);
  let context = null, buffers = null, sources = [], gains = {}, startedAt = 0, position = 0, playing = false;
  let audible = "before", blind = null;

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
  const matched = (name) => (loud.checked || blind ? data.gains[name] : 1);
  const now = () => (playing ? Math.min(context.currentTime - startedAt, length) : position);

  async function ready() {
    if (buffers) return;
    context = new AudioContext();
    const decoded = await Promise.all(names.map((name) => context.decodeAudioData(bytes(data.sounds[name]))));
    buffers = Object.fromEntries(names.map((name, at) => [name, decoded[at]]));
    for (const name of names) {
      gains[name] = context.createGain();
      gains[name].connect(context.destination);
    }
    listen();
  }

  function listen() {
    for (const name of names) {
      if (context) gains[name].gain.setTargetAtTime(name === audible ? matched(name) : 0, context.currentTime, 0.008);
      const figure = find(`[data-sound="${name}"]`);
      figure.classList.toggle("playing", playing && name === audible && !blind);
    }
  }

  async function start() {
    await ready();
    await context.resume();
    if (position >= length - 0.02) position = 0;
    sources = names.map((name) => {
      const source = context.createBufferSource();
      source.buffer = buffers[name];
      source.connect(gains[name]);
      source.start(context.currentTime + 0.02, position);
      return source;
    });
    startedAt = context.currentTime + 0.02 - position;
    playing = true;
    play.textContent = "Stop";
    listen();
    requestAnimationFrame(tick);
  }

  function stop() {
    position = Math.max(0, now());
    playing = false;
    for (const source of sources) source.stop();
    sources = [];
    play.textContent = "Play";
    listen();
  }

  async function go(seconds) {
    const again = playing;
    if (again) stop();
    position = Math.min(Math.max(seconds, 0), length);
    show();
    if (again) await start();
  }

  function show() {
    const at = Math.max(0, now());
    seek.value = String(at);
    clock.textContent = `${at.toFixed(1)} s`;
    for (const head of document.querySelectorAll(".head")) {
      head.hidden = false;
      head.style.transform = `translateX(${(head.parentElement.clientWidth * at) / length}px)`;
    }
  }

  function tick() {
    if (!playing) return;
    show();
    if (now() >= length) {
      stop();
      position = 0;
      if (repeat.checked) start();
      else show();
    } else requestAnimationFrame(tick);
  }

  function choose(name) {
    blind = null;
    mark();
    audible = name;
    find(`input[value="${name}"]`).checked = true;
    listen();
  }

  play.addEventListener("click", () => (playing ? stop() : start()));
  seek.addEventListener("input", () => go(Number(seek.value)));
  loud.addEventListener("change", listen);
  for (const input of document.querySelectorAll('input[name="sound"]')) input.addEventListener("change", () => choose(input.value));
  for (const picture of document.querySelectorAll(".picture")) {
    picture.addEventListener("click", (event) => go((length * event.offsetX) / picture.clientWidth));
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("button, a, input");
    if (event.key >= "1" && event.key <= String(names.length)) choose(names[Number(event.key) - 1]);
    else if (event.key === " " && !typing) {
      event.preventDefault();
      play.click();
    } else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && !typing) go(now() + (event.key === "ArrowLeft" ? -2 : 2));
  });

  // The blind test: A and B are before and after in a drawn order, X is one of them.
  const coin = () => crypto.getRandomValues(new Uint8Array(1))[0] < 128;
  const order = coin() ? ["before", "after"] : ["after", "before"];
  const answers = [], preferences = [];
  let x = coin() ? "A" : "B";
  const sound = (letter) => order["AB".indexOf(letter === "X" ? x : letter)];

  function mark() {
    for (const button of document.querySelectorAll("[data-blind]")) button.setAttribute("aria-pressed", String(button.dataset.blind === blind));
  }

  // Chance of so many right answers or more by guessing.
  function chance(right, all) {
    let term = 2 ** -all, sum = 0;
    for (let k = 0; k <= all; k += 1) {
      if (k >= right) sum += term;
      term *= (all - k) / (k + 1);
    }
    return Math.min(sum, 1);
  }

  function answer(letter) {
    answers.push({ said: letter, was: x });
    x = coin() ? "A" : "B";
    const right = answers.filter((one) => one.said === one.was).length;
    const p = chance(right, answers.length);
    find("#score").textContent = `${right} of ${answers.length} right; by guessing, so many or more in ${(100 * p).toFixed(p < 0.1 ? 1 : 0)} % of tries.`;
    saved();
  }

  function saved() {
    const right = answers.filter((one) => one.said === one.was).length;
    const told = { title: data.title, answers, right, of: answers.length, p: chance(right, answers.length), preferred: preferences.map((letter) => sound(letter)) };
    const link = find("#save");
    if (link.href.startsWith("blob:")) URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([JSON.stringify(told, null, 2)], { type: "application/json" }));
  }

  for (const button of document.querySelectorAll("[data-blind]")) {
    button.addEventListener("click", async () => {
      blind = button.dataset.blind;
      audible = sound(blind);
      mark();
      if (playing) listen();
      else await start();
    });
  }
  for (const button of document.querySelectorAll("[data-answer]")) button.addEventListener("click", () => answer(button.dataset.answer));
  for (const button of document.querySelectorAll("[data-prefer]")) {
    button.addEventListener("click", () => {
      preferences.push(button.dataset.prefer);
      find("#score").textContent = `You prefer ${button.dataset.prefer}; ${preferences.length} of your choices are kept for saving.`;
      saved();
    });
  }
  find(".blind").hidden = false;
  mark();
  saved();
  show();
})();
