// What holds for all panes: the kind of map, its direction, the strength of the tint.
const MODE_NAMES = { layer: "one layer", rollout: "rollout", gradient: "gradient-weighted" };

function toolbar(about, act, signal) {
  const box = make("div", "vitcourse-toolbar");
  const modes = make("div", "vitcourse-segments", { role: "group", "aria-label": "kind of map" });
  const kinds = Object.keys(MODE_NAMES).filter((mode) => mode !== "gradient" || !about.why_not);
  const modeButtons = kinds.map((mode) => press("", MODE_NAMES[mode], signal, () => act.choose({ mode })));
  modes.append(...modeButtons);

  const directions = make("div", "vitcourse-segments", { role: "group", "aria-label": "direction" });
  const directionButtons = [["from", "where it looks"], ["to", "who looks at it"]].map(([direction, name]) => {
    const button = press("", name, signal, () => act.direction(direction));
    button.dataset.direction = direction;
    return button;
  });
  directions.append(...directionButtons);

  const tint = make("label", "vitcourse-strength");
  const slider = make("input", "", { type: "range", min: "0", max: "1", step: "0.05" });
  slider.addEventListener("input", () => act.strength(Number(slider.value), false), { signal });
  slider.addEventListener("change", () => act.strength(Number(slider.value), true), { signal });
  tint.append("tint", slider);
  box.append(modes, directions, tint);

  return {
    box,
    settle(mode, direction, strength) {
      kinds.forEach((kind, i) => modeButtons[i].setAttribute("aria-pressed", String(kind === mode)));
      if (document.activeElement !== slider) slider.value = String(strength);
      this.turn(direction);
    },
    // Shift turns the direction for as long as it is held.
    turn(direction) {
      for (const button of directionButtons) {
        const pressed = String(button.dataset.direction === direction);
        if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
      }
    },
  };
}
