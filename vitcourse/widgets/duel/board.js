// An image as the model sees it, under a grid of patches. Each patch is a button: a click hides it or brings it back.

// One image of `pictures` on a canvas of its own size. Digits are drawn dark on white, as on paper.
function drawImage(canvas, model, image) {
  const { width, height, channels } = model.get("about");
  const bytes = model.get("pictures");
  const from = image * width * height * channels;
  canvas.width = width;
  canvas.height = height;
  const brush = canvas.getContext("2d");
  const pixels = brush.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      pixels.data[4 * i + c] =
        channels === 1 ? 255 - bytes.getUint8(from + i) : bytes.getUint8(from + 3 * i + c);
    }
    pixels.data[4 * i + 3] = 255;
  }
  brush.putImageData(pixels, 0, 0);
}

function board(model, touch, signal) {
  const { rows, cols, height, width } = model.get("about");
  const frame = make("div", "vitcourse-duel-board");
  frame.style.aspectRatio = `${width} / ${height}`;
  const canvas = make("canvas", "", { "aria-hidden": "true" });
  const grid = make("div", "vitcourse-duel-grid", { role: "grid" });
  grid.style.gridTemplate = `repeat(${rows}, 1fr) / repeat(${cols}, 1fr)`;
  const cells = [];
  for (let r = 0; r < rows; r++) {
    const row = make("div", "vitcourse-duel-row", { role: "row" });
    for (let c = 0; c < cols; c++) {
      const cell = make("button", "vitcourse-duel-cell", { type: "button", role: "gridcell", tabindex: "-1" });
      const patch = cells.length;
      cell.addEventListener("click", () => touch(patch), { signal });
      cells.push(cell);
      row.append(cell);
    }
    grid.append(row);
  }
  const middle = Math.floor(rows / 2) * cols + Math.floor(cols / 2);
  cells[middle].tabIndex = 0; // Tab comes to one patch alone, arrows go on from there
  frame.append(canvas, grid);

  grid.addEventListener("focusin", (event) => {
    for (const cell of cells) cell.tabIndex = cell === event.target ? 0 : -1;
  }, { signal });

  grid.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const at = cells.indexOf(event.target);
    if (at < 0) return;
    const [r, c] = [Math.floor(at / cols), at % cols];
    const goal = {
      ArrowUp: r > 0 ? at - cols : at,
      ArrowDown: r < rows - 1 ? at + cols : at,
      ArrowLeft: c > 0 ? at - 1 : at,
      ArrowRight: c < cols - 1 ? at + 1 : at,
    }[event.key];
    if (goal !== undefined) {
      cells[goal].focus();
      event.preventDefault();
    }
    // Else JupyterLab takes arrows as "next cell" and Enter as "edit this cell".
    if (goal !== undefined || event.key === "Enter" || event.key === " ") event.stopPropagation();
  }, { signal });

  let shown = -1;
  return {
    frame,
    show() {
      const image = model.get("image");
      if (image !== shown) drawImage(canvas, model, image);
      shown = image;
      const over = Boolean(model.get("over"));
      const hidden = new Set(model.get("hidden"));
      frame.classList.toggle("vitcourse-over", over);
      grid.setAttribute("aria-label", over ? "the patches; the round is over" : "the patches");
      cells.forEach((cell, patch) => {
        cell.classList.toggle("vitcourse-hidden", hidden.has(patch));
        cell.setAttribute("aria-pressed", String(hidden.has(patch)));
        const place = `row ${Math.floor(patch / cols) + 1}, column ${(patch % cols) + 1}`;
        cell.setAttribute("aria-label", hidden.has(patch) ? `${place}, hidden` : place);
        cell.setAttribute("aria-disabled", String(over));
      });
    },
  };
}
