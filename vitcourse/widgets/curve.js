// A curve drawn by hand: one height for each of many columns. The browser draws; the heights go to Python now and then.
const STATION = 5; // columns from one station of the keyboard to the next
const WAIT = 250; // ms after the last change, then it goes to Python

function render({ model, el }) {
  const leave = new AbortController();
  const signal = leave.signal;
  const [x, y] = [model.get("x"), model.get("y")];
  const last = model.get("heights").length - 1;
  let across = 0; // width of the axes, px
  const left = (column) => LEFT + (across * column) / last;

  el.classList.add("vitcourse-curve");
  const plot = svg("svg", { class: "vitcourse-curve-plot", height: HEIGHT });
  const held = svg("path", { class: "vitcourse-curve-held" });
  const curve = svg("path", { class: "vitcourse-curve-drawn" });
  const guide = svg("path", { class: "vitcourse-curve-guide" });
  const dot = svg("circle", { class: "vitcourse-curve-dot", r: 5 });
  const place = svg("text", { y: 18, "text-anchor": "end", class: "vitcourse-curve-place" });
  const hint = svg("g", { class: "vitcourse-curve-hint", "text-anchor": "middle" });
  hint.append(
    svg("text", { y: TOP + UP / 2 - 6 }, "Draw your curve here:"),
    svg("text", { y: TOP + UP / 2 + 13 }, "mouse, pen, finger or arrow keys"),
  );
  const [axes, drawing] = [svg("g", { "aria-hidden": "true" }), svg("g", { "aria-hidden": "true" })];
  drawing.append(hint, held, curve, guide, dot, place);
  plot.append(axes, drawing);

  const bar = html("div", "vitcourse-curve-bar");
  const look = "lm-Widget jupyter-widgets jupyter-button widget-button"; // as the other predictions' buttons
  const [lock, erase] = [html("button", look, { type: "button" }), html("button", look, { type: "button" })];
  erase.textContent = "Erase";
  const status = html("div", "vitcourse-curve-status", { role: "status" });
  bar.append(lock, erase, status);
  const said = html("div", "vitcourse-said", { "aria-live": "polite" });
  el.append(plot, bar, said);

  // What a place on the axes is called.
  function words(column, height) {
    const value = (y.low + (y.high - y.low) * height).toFixed(y.digits);
    const unit = y.unit === "%" ? "%" : y.unit && ` ${y.unit}`;
    return `${x.name || "x"} ${x.texts[column]}: ${value}${unit}`;
  }

  let timer = 0;
  const send = () => {
    clearTimeout(timer);
    timer = 0;
    model.save_changes();
  };
  const flush = () => timer && send();

  function set(heights) {
    model.set("heights", heights);
    if (model.get("status")) model.set("status", "");
    clearTimeout(timer);
    timer = setTimeout(send, WAIT);
  }

  // With a pointer: each column between two places of the pointer gets a height, however fast it moves.
  let stroke = null; // where the pointer was last

  function pointed(event) {
    const box = plot.getBoundingClientRect();
    const column = Math.round(((event.clientX - box.left - LEFT) / across) * last);
    const height = 1 - (event.clientY - box.top - TOP) / UP;
    return { column: clamp(column, last), height: clamp(height) };
  }

  function draw(places) {
    const heights = [...model.get("heights")];
    for (const goal of places) {
      const from = stroke ?? goal;
      const columns = goal.column - from.column;
      for (let step = columns && Math.sign(columns); ; step += Math.sign(columns)) {
        const part = columns ? step / columns : 1;
        heights[from.column + step] = from.height + (goal.height - from.height) * part;
        if (step === columns) break;
      }
      stroke = goal;
    }
    set(heights);
  }

  const show = ({ column, height }) => {
    place.textContent = words(column, height);
  };

  plot.addEventListener("pointerdown", (event) => {
    if (model.get("locked") || event.button !== 0 || stroke) return;
    plot.setPointerCapture(event.pointerId);
    plot.focus({ preventScroll: true });
    keyboard(false);
    draw([pointed(event)]);
    show(stroke);
    event.preventDefault();
  }, { signal });

  plot.addEventListener("pointermove", (event) => {
    if (model.get("locked")) return;
    show(pointed(event));
    if (!stroke || !plot.hasPointerCapture(event.pointerId)) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    draw((passed.length ? passed : [event]).map(pointed));
  }, { signal });

  const end = () => {
    if (!stroke) return;
    stroke = null;
    flush();
  };
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) plot.addEventListener(name, end, { signal });
  plot.addEventListener("pointerleave", () => {
    if (!stroke) place.textContent = "";
  }, { signal });

  // By keyboard: a station is chosen along x, and its height is set; up to its neighbors the curve is straight.
  let station = 0;
  let active = false;

  function keyboard(on) {
    active = on;
    const height = heightAt(model.get("heights"), station) ?? 0.5;
    plot.classList.toggle("vitcourse-curve-keys", on);
    guide.setAttribute("d", `M${left(station)} ${TOP}V${TOP + UP}`);
    dot.setAttribute("cx", left(station));
    dot.setAttribute("cy", down(height));
    place.textContent = on ? words(station, height) : "";
  }

  plot.addEventListener("focus", () => {
    if (plot.matches(":focus-visible") && !model.get("locked")) keyboard(true);
  }, { signal });
  plot.addEventListener("blur", () => {
    keyboard(false);
    flush();
  }, { signal });

  plot.addEventListener("keydown", (event) => {
    if (model.get("locked") || event.ctrlKey || event.altKey || event.metaKey) return;
    const goal = {
      ArrowLeft: station - STATION,
      ArrowRight: station + STATION,
      Home: 0,
      End: last,
    }[event.key];
    const rise = { ArrowUp: 1, ArrowDown: -1, PageUp: 4, PageDown: -4 }[event.key];
    const ours = goal !== undefined || rise || event.key === "Enter" || event.key === " ";
    if (!ours || (event.shiftKey && !rise)) return; // Shift+Enter is left to JupyterLab
    event.preventDefault();
    event.stopPropagation(); // else JupyterLab takes it as "next cell" or "edit this cell"
    if (goal !== undefined) station = clamp(goal, last);
    if (rise) {
      const heights = [...model.get("heights")];
      const height = heightAt(heights, station) ?? 0.5;
      heights.fill(null, Math.max(0, station - STATION + 1), station + STATION);
      heights[station] = clamp(height + (rise * (event.shiftKey ? 1 : 5)) / 100);
      set(heights);
    }
    keyboard(true);
    said.textContent = place.textContent;
  }, { signal });

  lock.addEventListener("click", () => {
    if (model.get("heights").every((height) => height === null)) {
      model.set("status", "Draw a curve first.");
    } else {
      model.set("status", "");
      model.set("locked", true);
    }
    send(); // what was drawn goes with it
  }, { signal });

  erase.addEventListener("click", () => {
    set(model.get("heights").map(() => null));
    send();
  }, { signal });

  bar.addEventListener("keydown", (event) => {
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") event.stopPropagation();
  }, { signal });

  function update() {
    const heights = model.get("heights");
    const drawn = heights.flatMap((height, column) => (height === null ? [] : [column]));
    const points = drawn.map((column) => `${left(column).toFixed(1)} ${down(heights[column]).toFixed(1)}`);
    hint.style.display = drawn.length ? "none" : "";
    // A single point is no line; a short one shows it.
    curve.setAttribute("d", points.length === 1 ? `M${points[0]}h0.1` : points.length ? `M${points.join("L")}` : "");
    const ends = drawn.length ? [drawn[0], drawn[drawn.length - 1]].map((column) => down(heights[column])) : [];
    held.setAttribute("d", drawn.length
      ? `M${left(drawn[0])} ${ends[0]}H${LEFT}M${left(drawn[drawn.length - 1])} ${ends[1]}H${LEFT + across}`
      : "");

    const locked = model.get("locked");
    lock.disabled = locked;
    lock.classList.toggle("mod-primary", !locked);
    if (locked) lock.replaceChildren(html("i", "fa fa-lock", { "aria-hidden": "true" }), "Locked");
    else lock.textContent = "Lock my guess";
    erase.disabled = !drawn.length;
    erase.hidden = locked;
    status.textContent = model.get("status");
    plot.classList.toggle("vitcourse-curve-locked", locked);
    plot.setAttribute("role", locked ? "img" : "application");
    const names = `Horizontal: ${x.title || "x"}. Vertical: ${y.title || "y"}.`;
    const keys = "Left and right arrow keys choose a place, up and down set the height there.";
    plot.setAttribute("aria-label", `${model.get("title")} ${names} ${locked ? "Your curve is locked." : keys}`);
    if (locked) {
      plot.removeAttribute("tabindex");
      keyboard(false);
    } else {
      plot.setAttribute("tabindex", "0");
      if (active) keyboard(true);
    }
  }

  function layout() {
    const width = plot.clientWidth;
    if (width <= LEFT + RIGHT) return; // not on the screen
    across = width - LEFT - RIGHT;
    axes.replaceChildren(frame(x, y, across));
    place.setAttribute("x", LEFT + across);
    for (const line of hint.children) line.setAttribute("x", LEFT + across / 2);
    update();
  }
  const resized = new ResizeObserver(layout);
  resized.observe(plot);

  const changes = ["change:heights", "change:locked", "change:status"];
  for (const change of changes) model.on(change, update);
  update();

  return () => {
    flush();
    leave.abort();
    resized.disconnect();
    for (const change of changes) model.off(change, update);
  };
}

export default { render };
