// The picture that stays: new PNG bytes are decoded beside it and drawn when they are ready, without a flicker.
// A canvas with a bitmap shows them in a third of the time that a decoded <img> takes.
function picture(model, canvas) {
  const brush = canvas.getContext("2d", { alpha: false });
  let latest = 0;

  async function show() {
    const png = model.get("png");
    if (!png || !png.byteLength) return;
    const turn = ++latest;
    let bitmap;
    try {
      bitmap = await createImageBitmap(new Blob([png], { type: "image/png" }));
    } catch (problem) {
      console.warn("vitcourse: this picture could not be decoded", problem);
      return;
    }
    // A newer picture may have come while this one was decoded.
    if (turn === latest) {
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
      }
      brush.drawImage(bitmap, 0, 0);
      canvas.dataset.frame = String(turn);
    }
    bitmap.close();
  }

  return {
    show,
    forget: () => {
      latest++;
    },
  };
}

// Where the picture is touched goes to Python as state, not as events: the widget manager keeps one message
// in flight and merges what happens meanwhile, so that a slow answer never leaves a queue behind it.
// Hence two places: where it was pressed and dragged to, and where the pointer has been since.
function touch(model, card, signal) {
  const clamp = (value) => Math.min(1, Math.max(0, value));
  let state = { x: 0, y: 0, start_x: 0, start_y: 0, press: 0, down: false, over: null };

  function place(event) {
    const box = card.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  }

  function send(change) {
    state = { ...state, ...change };
    model.set("pointer", state);
    model.save_changes();
  }

  card.addEventListener("pointerdown", (event) => {
    if (!model.get("interactive") || event.button !== 0) return;
    card.setPointerCapture(event.pointerId);
    card.focus({ preventScroll: true });
    const [x, y] = place(event);
    const press = (model.get("pointer").press ?? 0) + 1; // a view beside this one counts too
    send({ x, y, start_x: x, start_y: y, press, down: true, over: null });
    event.preventDefault();
  }, { signal });

  card.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (state.down) send({ x, y });
    else if (hovers(event)) send({ over: [x, y] });
  }, { signal });

  // A finger is over the picture only while it presses.
  const hovers = (event) =>
    event.pointerType !== "touch" && !event.buttons && model.get("hover") && model.get("interactive");

  card.addEventListener("pointerleave", () => {
    if (state.over) send({ over: null });
  }, { signal });

  const release = () => {
    if (state.down) send({ down: false });
  };
  card.addEventListener("pointerup", release, { signal });
  card.addEventListener("pointercancel", release, { signal });

  const moves = {
    ArrowRight: { right: 1 },
    ArrowLeft: { right: -1 },
    ArrowDown: { down: 1 },
    ArrowUp: { down: -1 },
    n: { next: 1 },
    " ": { again: 1 },
  };
  card.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (!move || !model.get("interactive") || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation(); // else JupyterLab moves to the next cell
    const arrows = { right: 0, down: 0, next: 0, again: 0, ...model.get("arrows") };
    for (const [name, step] of Object.entries(move)) arrows[name] += step;
    model.set("arrows", arrows);
    model.save_changes();
  }, { signal });
}

// In JupyterLab's command mode the arrows and the letters are commands of its own, and reach no list of choices beside
// the picture. It listens on the document: here they pass it by, and the browser moves the list.
function lists(el, signal) {
  window.addEventListener("keydown", (event) => {
    if (event.target.tagName !== "SELECT" || event.ctrlKey || event.altKey || event.metaKey) return;
    const plain = event.key.length === 1 || /^(Arrow|Page|Home|End)/.test(event.key);
    if (plain && el.closest(".vitcourse-live, .vitcourse-job")?.contains(event.target)) event.stopPropagation();
  }, { capture: true, signal });
}

function render({ model, el }) {
  const leave = new AbortController();
  el.classList.add("vitcourse-figure");
  const card = document.createElement("div");
  card.className = "vitcourse-card";
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  card.append(canvas);
  const caption = document.createElement("div");
  caption.className = "vitcourse-caption";
  caption.setAttribute("aria-live", "polite");
  const hint = document.createElement("div");
  hint.className = "vitcourse-hint";
  const error = document.createElement("div");
  error.className = "vitcourse-error";
  error.setAttribute("role", "alert");
  el.append(card, caption, hint, error);

  const view = picture(model, canvas);

  function size() {
    card.style.width = `${model.get("width")}px`;
    card.style.aspectRatio = `${model.get("width")} / ${model.get("height")}`;
  }

  // Text arrives as text, never as markup.
  function words() {
    caption.textContent = model.get("caption");
    if (caption.textContent) caption.classList.add("vitcourse-kept"); // from now on its line stays free
    hint.textContent = model.get("hint");
    hint.hidden = !model.get("hint");
    error.textContent = model.get("error");
    error.hidden = !model.get("error");
    const interactive = model.get("interactive");
    card.style.cursor = interactive ? model.get("cursor") : "default";
    card.classList.toggle("vitcourse-touch", interactive);
    if (interactive) {
      card.tabIndex = 0;
      card.setAttribute("role", "application");
      card.setAttribute("aria-label", `${model.get("alt")} ${model.get("hint")}`);
      card.dataset.lmSuppressShortcuts = "true";
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) card.removeAttribute(name);
    }
    canvas.setAttribute("aria-label", model.get("alt"));
  }

  const listeners = {
    "change:png": view.show,
    "change:width": size,
    "change:height": size,
    "change:alt": words,
    "change:caption": words,
    "change:hint": words,
    "change:error": words,
    "change:interactive": words,
  };
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  touch(model, card, leave.signal);
  lists(el, leave.signal);
  size();
  words();
  view.show();

  if (window.devicePixelRatio > model.get("pixel_ratio")) {
    model.set("pixel_ratio", window.devicePixelRatio);
    model.save_changes();
  }

  return () => {
    leave.abort();
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
    view.forget();
  };
}

export default { render };
