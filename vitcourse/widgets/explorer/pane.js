// One model's image, map, legend, prediction and small maps. A pinned pane has no small maps and keeps its query.
function pane(about, { model, pinned, room }, act, signal) {
  const box = make("section", `vitcourse-pane${pinned ? " vitcourse-pinned" : ""}`);
  const column = make("div", "vitcourse-pane-column");
  const head = make("div", "vitcourse-pane-head");
  const title = make("div", "vitcourse-pane-title");
  const pin = press("vitcourse-pin", pinned ? "Unpin" : "Pin", signal, () => (pinned ? act.unpin() : act.pin(model)));
  head.append(title);
  const view = stage(about);
  const below = make("div", "vitcourse-pane-below");
  const token = make("button", "vitcourse-token", { type: "button" });
  const tokenTint = make("span", "vitcourse-token-tint", { "aria-hidden": "true" });
  token.append(tokenTint, about.prefix ? "class token" : "mean over patches");
  const legend = make("div", "vitcourse-legend");
  const bar = make("span", "vitcourse-legend-bar");
  const high = make("span", "vitcourse-legend-high");
  legend.append(say("span", "", "0"), bar, high);
  below.append(token, pin);
  const caption = make("div", "vitcourse-pane-caption");
  const answers = prediction(about);
  const body = make("div", "vitcourse-pane-body");
  const info = make("div", "vitcourse-pane-info");
  info.append(below, legend, caption);
  body.append(view.box, info);
  column.append(head, body);
  const side = make("div", "vitcourse-pane-side");
  const maps = pinned ? null : glance(about, room);
  if (maps) side.append(say("div", "vitcourse-glance-title", "layers (down), heads (across)"), maps.holder);
  (maps ? side : info).append(answers.box);
  box.append(column);
  if (maps) box.append(side);
  const weights = new Float32Array(about.rows * about.cols + about.prefix);

  if (!pinned) {
    followPointer(view, act, signal);
    token.addEventListener("pointerenter", (event) => act.hover(-1, event.shiftKey), { signal });
    token.addEventListener("pointerleave", () => act.leave(), { signal });
    token.addEventListener("click", () => act.fix(-1), { signal });
    maps.box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      maps.box.focus({ preventScroll: true });
      act.choose(maps.choiceUnder(event));
    }, { signal });
  } else {
    token.disabled = true;
    view.box.removeAttribute("tabindex");
    view.box.setAttribute("role", "img");
  }

  return {
    box,
    model,
    view,
    maps,
    weights,
    // First all panes weigh, so that one scale of colors fits them all; then each draws.
    weigh(slot, choice, patch, direction) {
      chosenWeights(slot.models[model], choice, tokenOf(patch, about.prefix), direction, weights);
      return largest(weights, about.prefix) * weights.length;
    },
    draw(slot, choice, { fixed, patch, direction, top, shades }) {
      view.showImage(slot);
      view.showWeights(weights, top / weights.length, shades);
      view.showFrames(fixed, patch, direction);
      const first = about.prefix ? Math.min(255, (255 * weights[0] * weights.length) / top) | 0 : 0;
      const color = shades[first];
      tokenTint.style.backgroundColor = `rgb(${color & 255} ${(color >> 8) & 255} ${(color >> 16) & 255})`;
      token.classList.toggle("vitcourse-asks", patch < 0);
      const asker = askerOf(patch, about);
      const finding = findingOf(weights, choice, direction, about);
      caption.textContent = `${asker[0].toUpperCase()}${asker.slice(1)} ${finding}`;
      high.textContent = `${top.toFixed(1)} times an equal share`;
      if (bar.dataset.direction !== direction) {
        bar.style.backgroundImage = gradientOf(direction);
        bar.dataset.direction = direction;
        token.dataset.direction = direction;
      }
      if (maps) maps.draw(slot.models[model], tokenOf(patch, about.prefix), direction);
      return `${choiceOf(choice)}, ${asker}: ${finding}`;
    },
    // What no hover changes.
    settle(slot, choice, { name, strength, direction, where }) {
      const more = pinned ? `${where}${choiceOf(choice)}` : choiceOf(choice);
      title.replaceChildren(say("b", "", pinned ? "pinned: " : ""), name ? `${name}: ${more}` : more);
      title.title = title.textContent;
      view.showStrength(strength);
      answers.show(slot, model);
      if (maps) maps.select(choice, direction);
      const label = `${about.alt} ${name} ${more}.`;
      view.box.setAttribute("aria-label", pinned ? label : `${label} ${HELP}`);
    },
  };
}
