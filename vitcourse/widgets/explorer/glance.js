// Every layer and head at a glance: layers below one another, heads side by side, then the mean over heads and rollout.
// All small maps are one picture of one pixel a patch, which the style sheet enlarges.
function glance(about, room) {
  const { rows, cols, layers, heads, prefix } = about;
  const columns = heads + 2;
  const gap = Math.max(1, Math.round(cols / 7));
  const [pitchX, pitchY] = [cols + gap, rows + gap];
  const height = layers * pitchY - gap;
  // The mean and rollout stand apart, with room for their names.
  const apart = (scale) => Math.max(2 * gap, Math.ceil(48 / scale) - pitchX);
  const widthAt = (scale) => columns * pitchX - gap + 2 * apart(scale);
  const fits = (scale) => widthAt(scale) * scale <= room.width && height * scale <= room.height;
  let scale = 8;
  while (scale > 1 && !fits(scale)) scale--;
  const space = apart(scale);
  const leftOf = (column) => column * pitchX + Math.min(2, Math.max(0, column - heads + 1)) * space;
  const width = widthAt(scale);

  const box = make("div", "vitcourse-glance", { tabindex: "0", role: "application" });
  box.dataset.lmSuppressShortcuts = "true";
  box.style.width = `${width * scale}px`;
  box.style.aspectRatio = `${width} / ${height}`;
  const canvas = canvasOf("vitcourse-pixels", width, height);
  const frame = make("div", "vitcourse-frame vitcourse-selected");
  frame.style.width = `${(100 * cols) / width}%`;
  frame.style.height = `${(100 * rows) / height}%`;
  box.append(canvas, frame, headings());
  const holder = make("div", "vitcourse-glance-holder");
  holder.append(box);
  const brush = canvas.getContext("2d");
  const shown = brush.createImageData(width, height);
  const colors = new Uint32Array(shown.data.buffer);
  const [one, mean] = [new Float32Array(rows * cols + prefix), new Float32Array(rows * cols + prefix)];

  function headings() {
    const area = make("div", "vitcourse-glance-labels", { "aria-hidden": "true" });
    const names = [...Array.from({ length: heads }, (_, head) => `${head + 1}`), "mean", "rollout"];
    names.forEach((name, column) => {
      const label = say("span", "vitcourse-glance-column", name);
      label.style.left = `${(100 * (leftOf(column) + cols / 2)) / width}%`;
      area.append(label);
    });
    for (let layer = 0; layer < layers; layer++) {
      const label = say("span", "vitcourse-glance-row", `${layer + 1}`);
      label.style.top = `${(100 * (layer * pitchY + rows / 2)) / height}%`;
      area.append(label);
    }
    return area;
  }

  function cell(layer, column, weights, shades) {
    const top = Math.max(largest(weights, prefix), FLAT / weights.length);
    paintCells(colors, layer * pitchY * width + leftOf(column), width, weights, prefix, rows, cols, top, shades);
  }

  function draw(maps, query, direction) {
    const shades = SMALL[direction];
    for (let layer = 0; layer < layers; layer++) {
      mean.fill(0);
      for (let head = 0; head < heads; head++) {
        headWeights(maps, layer, head, query, direction, one);
        for (let j = 0; j < one.length; j++) mean[j] += one[j];
        cell(layer, head, one, shades);
      }
      for (let j = 0; j < mean.length; j++) mean[j] /= heads;
      cell(layer, heads, mean, shades);
      rolloutWeights(maps, layer, query, direction, one);
      cell(layer, heads + 1, one, shades);
    }
    brush.putImageData(shown, 0, 0);
  }

  // Which column a choice {mode, head} is, and the other way round.
  const columnOf = (choice) => (choice.mode === "rollout" ? heads + 1 : choice.head ? choice.head - 1 : heads);
  const choiceAt = (layer, column) => ({
    layer: layer + 1,
    ...(column === heads + 1 ? { mode: "rollout" } : { mode: "layer", head: column === heads ? 0 : column + 1 }),
  });

  function select(choice, direction) {
    frame.hidden = choice.mode === "gradient";
    const [x, y] = [leftOf(columnOf(choice)) / cols, ((choice.layer - 1) * pitchY) / rows];
    frame.style.transform = `translate(${100 * x}%, ${100 * y}%)`; // of the frame's own size
    box.dataset.direction = direction;
    box.setAttribute("aria-label", `All maps: layers 1 to ${layers}, heads 1 to ${heads}, their mean, rollout. ` +
      `Shown: ${choiceOf(choice)}. Arrow keys choose.`);
  }

  function choiceUnder(event) {
    const area = box.getBoundingClientRect();
    const x = ((event.clientX - area.left) / area.width) * width;
    const y = ((event.clientY - area.top) / area.height) * height;
    let column = 0;
    while (column + 1 < columns && x >= leftOf(column + 1) - gap / 2) column++;
    return choiceAt(Math.min(layers - 1, Math.max(0, Math.floor((y + gap / 2) / pitchY))), column);
  }

  // The neighbor of a choice, for the arrow keys; null where there is none.
  function beside(choice, right, down) {
    const [layer, column] = [choice.layer - 1 + down, columnOf(choice) + right];
    return layer < 0 || layer >= layers || column < 0 || column >= columns ? null : choiceAt(layer, column);
  }

  return { holder, box, draw, select, choiceUnder, beside };
}
