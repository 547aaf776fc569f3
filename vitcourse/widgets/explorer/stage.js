// The image under its grid of patches, tinted by one map.
function stage(about) {
  const { rows, cols } = about;
  const box = make("div", "vitcourse-stage", { tabindex: "0", role: "application" });
  box.dataset.lmSuppressShortcuts = "true";
  box.style.aspectRatio = `${about.width} / ${about.height}`;
  const image = canvasOf("vitcourse-stage-image", about.width, about.height);
  image.classList.toggle("vitcourse-pixels", Math.max(about.width, about.height) < 128);
  const tint = canvasOf("vitcourse-stage-tint vitcourse-pixels", cols, rows);
  const lines = make("div", "vitcourse-stage-grid");
  lines.style.backgroundSize = `calc(100% / ${cols}) calc(100% / ${rows})`;
  const [fixed, asking] = ["vitcourse-fixed", "vitcourse-asking"].map((name) => {
    const frame = make("div", `vitcourse-frame ${name}`);
    frame.style.width = `${100 / cols}%`;
    frame.style.height = `${100 / rows}%`;
    return frame;
  });
  box.append(image, tint, lines, fixed, asking);
  const brush = tint.getContext("2d");
  const shown = brush.createImageData(cols, rows);
  const colors = new Uint32Array(shown.data.buffer);
  let drawn = null;

  function place(frame, patch) {
    frame.hidden = patch < 0;
    if (patch >= 0) frame.style.transform = `translate(${100 * (patch % cols)}%, ${100 * Math.floor(patch / cols)}%)`;
  }

  return {
    box,
    showImage(slot) {
      if (slot.pixels === drawn) return;
      drawn = slot.pixels;
      paintImage(image, slot.pixels, about);
    },
    showStrength(strength) {
      image.style.opacity = String(1 - 0.5 * strength);
      image.style.filter = about.channels > 1 ? `grayscale(${strength})` : "";
    },
    showWeights(weights, top, shades) {
      paintCells(colors, 0, cols, weights, about.prefix, rows, cols, top, shades);
      brush.putImageData(shown, 0, 0);
    },
    showFrames(fixedPatch, askingPatch, direction) {
      place(fixed, fixedPatch === askingPatch ? -1 : fixedPatch);
      place(asking, askingPatch);
      box.dataset.direction = direction;
    },
    // The patch below a pointer; outside the image the nearest one.
    patchAt(event) {
      const area = box.getBoundingClientRect();
      const clamp = (value, count) => Math.min(count - 1, Math.max(0, Math.floor(value * count)));
      const column = clamp((event.clientX - area.left) / area.width, cols);
      return clamp((event.clientY - area.top) / area.height, rows) * cols + column;
    },
  };
}

// Pointers on an image: a mouse or a pen asks by hovering, a finger by touching; a press fixes the patch.
function followPointer(view, act, signal) {
  const { box } = view;
  box.addEventListener("pointermove", (event) => act.hover(view.patchAt(event), event.shiftKey), { signal });
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault(); // no mouse event follows: with Shift it would mark cells of the notebook
    box.focus({ preventScroll: true });
    box.setPointerCapture(event.pointerId);
    act.hover(view.patchAt(event), event.shiftKey);
  }, { signal });
  box.addEventListener("pointerup", (event) => {
    if (event.button !== 0) return;
    act.fix(view.patchAt(event));
    if (event.pointerType === "touch") act.leave();
  }, { signal });
  box.addEventListener("pointerleave", () => act.leave(), { signal });
  box.addEventListener("pointercancel", () => act.leave(), { signal });
}
