// The explorer: its state is the model's, but for where the pointer is, which no kernel is told.
function render({ model, el }) {
  const leave = new AbortController();
  const { signal } = leave;
  const about = model.get("about");
  const names = about.models.length > 1 ? about.models : [""];
  const slots = store(model, about);
  const later = { hover: null, shift: false, shown: null, pinned: null, timer: 0, queued: false, strength: null };

  const choice = () => ({ mode: model.get("mode"), layer: model.get("layer"), head: model.get("head") });
  const direction = () => (later.shift ? "to" : model.get("direction"));
  const patch = () => later.hover ?? model.get("patch");
  const strength = () => later.strength ?? model.get("strength");

  function set(values) {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
    refresh();
  }

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const act = {
    hover(at, shift) {
      if (at === later.hover && shift === later.shift) return;
      [later.hover, later.shift] = [at, shift];
      draw();
    },
    leave() {
      if (later.hover === null && !later.shift) return;
      [later.hover, later.shift] = [null, false];
      draw();
    },
    shift(held) {
      if (held === later.shift) return;
      later.shift = held;
      draw();
    },
    fix(at) {
      later.hover = null; // the next move of the pointer asks again
      set({ patch: at });
    },
    step(right, down) {
      const at = patch() < 0 ? Math.floor(about.rows / 2) * about.cols + Math.floor(about.cols / 2) : patch();
      const [r, c] = patch() < 0 ? [0, 0] : [down, right];
      const row = clamp(Math.floor(at / about.cols) + r, 0, about.rows - 1);
      act.hover(row * about.cols + clamp((at % about.cols) + c, 0, about.cols - 1), false);
    },
    choose: (chosen) => chosen && set(chosen),
    layer: (by) => set({ layer: clamp(model.get("layer") + by, 1, about.layers) }),
    head: (by) => set({ mode: "layer", head: (model.get("head") + by + about.heads + 1) % (about.heads + 1) }),
    direction: (to) => set({ direction: to }),
    strength(value, isLast) {
      later.strength = isLast ? null : value;
      if (isLast) set({ strength: value });
      else refresh();
    },
    image: (number) => set({ image: number }),
    pin(which) {
      later.pinnedSlot = later.shown;
      const kept = { ...choice(), patch: patch(), direction: direction() };
      set({ pinned: { model: about.models[which], image: later.shown.number, ...kept } });
    },
    unpin: () => set({ pinned: null }),
  };

  const tools = toolbar(about, act, signal);
  const images = gallery(about, act, signal);
  const own = upload(about, sendImage, signal);
  const status = make("span", "vitcourse-status", { role: "status" });
  images.box.append(own.box, status);
  const area = make("div", "vitcourse-panes");
  const room = names.length === 1 ? { width: 500, height: 390 } : { width: 380, height: 300 };
  const panes = names.map((_, which) => pane(about, { model: which, pinned: false, room }, act, signal));
  area.append(...panes.map((one) => one.box));
  const hint = make("div", "vitcourse-explorer-hint");
  hint.textContent = HELP;
  if (about.why_not) hint.textContent += ` No gradient-weighted map: ${about.why_not}.`;
  const aloud = make("div", "vitcourse-said", { "aria-live": "polite" });
  el.classList.add("vitcourse-explorer");
  el.classList.toggle("vitcourse-two", names.length > 1);
  el.append(images.box, tools.box, area, hint, aloud);
  for (const slot of slots.all()) images.add(slot);
  followKeys(el, { panes, act, state: { choice, patch, isAsking: () => later.hover !== null } }, signal);

  // Called at every hover: no message, no text beyond the captions, no element made.
  function draw() {
    const [slot, now, turned, asking] = [later.shown, choice(), direction(), patch()];
    if (!slot) return;
    const kept = later.pinned;
    const top = Math.max(FLAT, ...panes.map((one) => one.weigh(slot, now, asking, turned)));
    const fixed = model.get("patch");
    const shades = later.shades;
    const spoken = panes.map((one) =>
      one.draw(slot, now, { fixed, patch: asking, direction: turned, top, shades: shades[turned] }));
    if (kept) {
      const { patch: from, direction: way } = kept.choice;
      const own = { top: kept.top, shades: shades[way] };
      kept.pane.draw(kept.slot, kept.choice, { fixed: asking, patch: from, direction: way, ...own });
    }
    tools.turn(turned);
    clearTimeout(later.timer);
    later.timer = setTimeout(() => {
      aloud.textContent = spoken.map((text, i) => (names[i] ? `${names[i]}: ${text}` : text)).join(". ");
    }, 300);
  }

  // After anything else than a hover; once, however much has changed.
  function refresh() {
    if (later.queued) return;
    later.queued = true;
    queueMicrotask(() => {
      later.queued = false;
      if (!signal.aborted) settle();
    });
  }

  function settle() {
    const number = model.get("image");
    const slot = slots.get(number);
    const waits = !slot && number >= 0;
    status.textContent = model.get("problem") || (waits ? `image ${number} is being computed …` : "");
    status.classList.toggle("vitcourse-is-problem", Boolean(model.get("problem")));
    if (slot && slot !== later.shown) {
      for (const one of later.shown?.models ?? []) one.means = null; // as large as all that was sent
      later.shown = slot;
    }
    later.shown ??= slots.all()[0];
    later.shades = { from: table("from", strength()), to: table("to", strength()) };
    images.select(number);
    tools.settle(model.get("mode"), direction(), strength());
    keep(model.get("pinned"));
    panes.forEach((one, i) =>
      one.settle(later.shown, choice(), { name: names[i], strength: strength(), direction: direction() }));
    draw();
  }

  // The pinned pane: made, exchanged, or taken away.
  function keep(pinned) {
    const slot = pinned && (slots.get(pinned.image) ?? later.pinnedSlot);
    if (!pinned || !slot || slot.number !== pinned.image) {
      if (pinned) ask(pinned.image);
      later.pinned?.end.abort();
      later.pinned?.pane.box.remove();
      later.pinned = null;
      return;
    }
    const key = JSON.stringify(pinned);
    if (later.pinned?.key !== key) {
      later.pinned?.end.abort();
      later.pinned?.pane.box.remove();
      const end = new AbortController();
      const which = Math.max(0, about.models.indexOf(pinned.model));
      const made = pane(about, { model: which, pinned: true }, act, end.signal);
      const kept = pinned.image < 0 && later.pinnedSlot ? later.pinnedSlot : slot;
      later.pinned = { key, end, pane: made, slot: kept, choice: pinned };
      later.pinned.top = Math.max(FLAT, made.weigh(kept, pinned, pinned.patch, pinned.direction));
      area.append(made.box);
    }
    const { pane: made, slot: kept, choice: chosen } = later.pinned;
    const where = kept.number < 0 ? "own image, " : `image ${kept.number}, `;
    made.settle(kept, chosen, { name: names[made.model], strength: strength(), direction: chosen.direction, where });
  }

  function ask(number) {
    if (number >= 0 && !slots.get(number)) model.send({ kind: "ask", image: number });
  }

  function sendImage(bytes, problem = "") {
    status.textContent = problem || "your image is being computed …";
    if (bytes) model.send({ kind: "upload" }, undefined, [bytes.buffer]);
  }

  function arrive(name) {
    const slot = slots.take(name);
    if (slot && slot.number < slots.sent) images.add(slot);
    refresh();
  }

  function hear(message) {
    if (message?.kind !== "here") return;
    images.kernelIsHere(slots.sent);
    own.kernelIsHere();
  }

  const listeners = {
    "change:own": () => arrive("own"),
    "change:arrived": () => arrive("arrived"),
    "msg:custom": hear,
  };
  for (const name of ["image", "layer", "head", "mode", "patch", "direction", "strength", "pinned", "problem"]) {
    listeners[`change:${name}`] = refresh;
  }
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  arrive("own");
  arrive("arrived");
  settle();
  ask(model.get("image"));
  model.send({ kind: "hello" });

  return () => {
    leave.abort();
    later.pinned?.end.abort();
    clearTimeout(later.timer);
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
    el.replaceChildren(); // JupyterLab keeps what it showed longer than it shows it
  };
}

// The browser never forgets a module, and gets this one anew with every explorer: only the first one's functions are
// compiled and kept. __DIGEST__ stands for this text, so that another version of it does not run.
const SHARED = Symbol.for("vitcourse explorer __DIGEST__");
export default { render: (...all) => (globalThis[SHARED] ??= render)(...all) };
