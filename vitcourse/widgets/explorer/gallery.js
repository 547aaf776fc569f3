// The images: those that are here as thumbnails, any other by its number where a kernel can compute it.
function gallery(about, act, signal) {
  const box = make("div", "vitcourse-gallery", { role: "group", "aria-label": "images" });
  const thumbs = make("div", "vitcourse-thumbs");
  const ask = make("label", "vitcourse-ask");
  const field = make("input", "vitcourse-number", { type: "number", min: "0", max: String(about.total - 1) });
  ask.append("image", field, `of 0 to ${about.total - 1}`);
  ask.hidden = true;
  box.append(thumbs, ask);
  const buttons = new Map();

  field.addEventListener("change", () => {
    const number = Number(field.value);
    if (field.value !== "" && Number.isInteger(number) && number >= 0 && number < about.total) act.image(number);
    field.value = field.value === "" || !Number.isInteger(number) ? "" : Math.min(about.total - 1, Math.max(0, number));
  }, { signal });
  field.addEventListener("keydown", (event) => event.stopPropagation(), { signal });

  function add(slot) {
    let button = buttons.get(slot.number);
    if (!button) {
      button = make("button", "vitcourse-thumb", { type: "button" });
      button.append(canvasOf("vitcourse-pixels", about.width, about.height));
      button.addEventListener("click", () => act.image(slot.number), { signal });
      buttons.set(slot.number, button);
      thumbs.append(button);
    }
    const name = slot.number < 0 ? "own image" : `image ${slot.number}`;
    button.setAttribute("aria-label", slot.label ? `${name}, label ${slot.label}` : name);
    button.title = button.getAttribute("aria-label");
    paintImage(button.firstChild, slot.pixels, about);
  }

  return {
    box,
    add,
    select(number) {
      for (const [each, button] of buttons) button.setAttribute("aria-pressed", String(each === number));
      if (document.activeElement !== field) field.value = number < 0 ? "" : String(number);
    },
    kernelIsHere(preloaded) {
      ask.hidden = about.total <= preloaded;
    },
  };
}
