// Ink on a square of pixels, one byte each: 0 is blank, 255 full. A line is as wide as those of MNIST, about two pixels and
// a half of 28, and soft at its edges: full ink in the middle, less where a pixel's center is farther away.
const SOFT = 1; // pixels from full ink to none, of 28
const WIDTH = { pen: 1.2, eraser: 2.4 }; // from the middle of the line to where half the ink is left, pixels of 28

function sheet(size) {
  const unit = size / 28;
  const bytes = new Uint8ClampedArray(size * size);

  // A line from one place to another, (x, y) in pixels; from a place to itself it is a dot.
  function line(from, to, tool) {
    const radius = WIDTH[tool] * unit;
    const reach = radius + SOFT * unit;
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length = dx * dx + dy * dy;
    const clip = (value) => Math.min(size - 1, Math.max(0, value));
    const [left, right] = [Math.min(from[0], to[0]) - reach, Math.max(from[0], to[0]) + reach].map(Math.floor).map(clip);
    const [top, bottom] = [Math.min(from[1], to[1]) - reach, Math.max(from[1], to[1]) + reach].map(Math.floor).map(clip);
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const [x, y] = [column + 0.5 - from[0], row + 0.5 - from[1]];
        const along = length ? Math.min(1, Math.max(0, (x * dx + y * dy) / length)) : 0;
        const far = Math.hypot(x - along * dx, y - along * dy);
        const ink = 255 * Math.min(1, Math.max(0, (radius - far) / (SOFT * unit) + 0.5));
        const at = row * size + column;
        bytes[at] = tool === "eraser" ? Math.min(bytes[at], 255 - ink) : Math.max(bytes[at], ink);
      }
    }
  }

  return { size, bytes, line, radius: (tool) => WIDTH[tool] * unit };
}

// Draws bytes as dark ink on white, smooth, over the whole of a canvas; `brush` is its context.
function inked(size) {
  const small = document.createElement("canvas");
  small.width = small.height = size;
  const context = small.getContext("2d");
  const image = context.createImageData(size, size);

  return (bytes, brush) => {
    for (let i = 0; i < bytes.length; i++) image.data[4 * i + 3] = bytes[i]; // black, more or less opaque
    context.putImageData(image, 0, 0);
    brush.imageSmoothingEnabled = true;
    brush.imageSmoothingQuality = "high";
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, size, size);
    brush.drawImage(small, 0, 0, size, size);
  };
}
