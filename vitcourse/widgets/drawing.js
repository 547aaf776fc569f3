// A sheet to draw on. What is drawn goes to Python as state: the widget manager keeps one message in flight and merges
// what happens meanwhile, so that the newest drawing overtakes all that still wait.
let pads = 0;

function make(tag, className = "", more = {}) {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(more)) node.setAttribute(name, value);
  return node;
}

const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function render({ model, el }) {
  const leave = new AbortController();
  const { signal } = leave;
  const id = `vitcourse-pad-${++pads}`;
  const paper = sheet(model.get("size"));
  const pen = { tool: "pen", at: null, down: false }; // at: where the nib is shown; down: by keyboard
  let byKeys = false; // whether the keyboard moved it last
  const disabled = () => model.get("disabled");

  el.classList.add("vitcourse-pad");
  const label = make("div", "vitcourse-pad-label", { id });
  const canvas = make("canvas");
  const area = make("div", "vitcourse-pad-board", { role: "application", tabindex: "0" });
  area.dataset.lmSuppressShortcuts = "true";
  area.append(canvas);
  const tools = make("div", "vitcourse-pad-tools", { role: "group", "aria-labelledby": id });
  const starts = make("div", "vitcourse-pad-starts", { role: "group", "aria-label": "Start from" });
  const hint = make("div", "vitcourse-pad-hint");
  const said = make("div", "vitcourse-pad-said", { role: "status" });
  el.append(label, area, tools, starts, hint, said);
  const view = board(model, canvas, paper, pen);

  function send() {
    view.repaint();
    model.set("value", new DataView(paper.bytes.slice().buffer));
    model.save_changes();
  }

  function replace(bytes) {
    if (disabled()) return;
    paper.bytes.set(bytes);
    send();
  }

  const clear = () => replace(new Uint8Array(paper.bytes.length));

  // The tools below the sheet.
  function button(text, act) {
    const made = make("button", "vitcourse-pad-button", { type: "button" });
    made.textContent = text;
    made.addEventListener("click", act, { signal });
    return made;
  }

  function take(tool) {
    pen.tool = tool;
    for (const [name, made] of Object.entries(kinds)) made.setAttribute("aria-pressed", String(name === tool));
    view.repaint();
  }

  const kinds = { pen: button("Pen", () => take("pen")), eraser: button("Eraser", () => take("eraser")) };
  const empty = button("Clear", clear);
  tools.append(kinds.pen, kinds.eraser, empty);
  take("pen");

  // Images to start from: a button for one, small pictures for several.
  const names = model.get("start_names");
  const area_of = paper.bytes.length;
  const start = (i) => bytesOf(model.get("start_values")).subarray(i * area_of, (i + 1) * area_of);
  if (names.length === 1) tools.append(button("Back to the start", () => replace(start(0))));
  if (names.length > 1) {
    const draw = inked(paper.size);
    for (const [i, name] of names.entries()) {
      const made = button("", () => replace(start(i)));
      made.className = "vitcourse-pad-start";
      made.setAttribute("aria-label", name);
      made.title = name;
      const small = make("canvas");
      small.width = small.height = paper.size;
      draw(start(i), small.getContext("2d"));
      made.append(small);
      starts.append(made);
    }
  }
  starts.hidden = names.length < 2;

  // Mouse, pen, finger: one at a time.
  let held = null;
  let last = null;

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top].map((at) => (at / box.width) * paper.size);
  }

  const toolOf = (event) => (event.buttons & 32 ? "eraser" : pen.tool); // the other end of a pen erases

  area.addEventListener("pointerdown", (event) => {
    if (disabled() || held !== null || (event.button !== 0 && event.button !== 5)) return;
    event.preventDefault();
    area.setPointerCapture(event.pointerId);
    area.focus({ preventScroll: true });
    held = event.pointerId;
    pen.down = byKeys = false;
    pen.at = last = place(event);
    paper.line(last, last, toolOf(event));
    send();
  }, { signal });

  area.addEventListener("pointermove", (event) => {
    const moved = event.movementX || event.movementY; // else the page moved below a pointer that rests
    if (held === null && event.pointerType !== "touch" && moved && !disabled()) {
      pen.at = place(event);
      pen.down = byKeys = false;
      view.repaint();
    }
    if (event.pointerId !== held) return;
    for (const one of event.getCoalescedEvents?.() ?? []) {
      const next = place(one);
      paper.line(last, next, toolOf(event));
      last = next;
    }
    const end = place(event);
    paper.line(last, end, toolOf(event));
    pen.at = last = end;
    send();
  }, { signal });

  const release = (event) => {
    if (event.pointerId !== held) return;
    held = null;
    if (event.pointerType === "touch") hide();
  };
  area.addEventListener("pointerup", release, { signal });
  area.addEventListener("pointercancel", release, { signal });

  function hide() {
    pen.at = null;
    pen.down = byKeys = false;
    view.repaint();
  }

  area.addEventListener("pointerleave", () => {
    if (held === null && !byKeys) hide();
  }, { signal });
  area.addEventListener("blur", hide, { signal });

  // The keyboard's nib.
  function show() {
    byKeys = true;
    pen.at ??= [paper.size / 2, paper.size / 2];
    const [column, row] = pen.at.map((at) => Math.min(paper.size, Math.floor(at) + 1));
    said.textContent = `${pen.tool} ${pen.down ? "down" : "lifted"}, row ${row}, column ${column}`;
    view.repaint();
  }

  const steps = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  function press(key) {
    if (key in steps) {
      const from = pen.at ?? [paper.size / 2, paper.size / 2];
      pen.at = from.map((at, i) => Math.min(paper.size - 0.5, Math.max(0.5, at + steps[key][i])));
      if (pen.down) paper.line(from, pen.at, pen.tool), send();
    } else if (key === " ") {
      pen.at ??= [paper.size / 2, paper.size / 2];
      pen.down = !pen.down;
      if (pen.down) paper.line(pen.at, pen.at, pen.tool), send();
    } else if (key === "Delete" || key === "Backspace") {
      clear();
    } else if (key === "e" || key === "E") {
      take(pen.tool === "pen" ? "eraser" : "pen");
    } else {
      return false;
    }
    show();
    return true;
  }

  area.addEventListener("focus", () => {
    if (area.matches(":focus-visible") && held === null) show();
  }, { signal });

  el.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || disabled()) return;
    const done = event.target === area && press(event.key);
    if (done) event.preventDefault();
    // Else JupyterLab takes arrows as "next cell" and Enter as "edit this cell". Shift+Enter is left to it.
    if (done || (event.target !== area && !event.shiftKey && [" ", "Enter"].includes(event.key))) event.stopPropagation();
  }, { signal });

  function words() {
    label.textContent = model.get("label"); // text arrives as text, never as markup
    hint.textContent = model.get("hint");
    area.setAttribute("aria-label", `${model.get("label")}. ${model.get("hint")}`);
    for (const made of el.querySelectorAll("button")) made.disabled = disabled();
    area.setAttribute("aria-disabled", String(disabled()));
    view.repaint();
  }

  function fetch() {
    paper.bytes.set(bytesOf(model.get("value")));
    view.repaint();
  }

  const listeners = { "change:value": fetch, "change:disabled": words };
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  const resized = new ResizeObserver(view.repaint);
  resized.observe(canvas);
  fetch();
  words();

  return () => {
    leave.abort();
    resized.disconnect();
    view.forget();
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
  };
}

export default { render };
