// Colors: white for nothing, then blue for where a token looks, orange for who looks at it.
const RAMPS = {
  from: [[255, 255, 255], [158, 202, 233], [49, 135, 196], [0, 79, 138], [4, 40, 84]],
  to: [[255, 255, 255], [250, 205, 140], [230, 140, 30], [178, 78, 0], [94, 36, 0]],
};
const FLAT = 4; // times an equal share: only what is above it gets the full color, so that a flat map looks flat

const pack = (r, g, b) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; // little-endian, as every browser's machine

// A table of 256 colors; `strength` mixes them with white, `none` is the color of no weight.
function table(direction, strength, none = [255, 255, 255]) {
  const ramp = [none, ...RAMPS[direction].slice(1)];
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (ramp.length - 1);
    const k = Math.min(Math.floor(place), ramp.length - 2);
    const mix = ramp[k].map((low, c) => low + (place - k) * (ramp[k + 1][c] - low));
    return pack(...mix.map((value) => Math.round(255 + strength * (value - 255))));
  });
}

// Small maps stand on the page itself: what is white there would have no edge.
const SMALL = { from: table("from", 1, [238, 243, 248]), to: table("to", 1, [248, 243, 237]) };

function gradientOf(direction) {
  return `linear-gradient(to right, ${RAMPS[direction].map((color) => `rgb(${color.join(" ")})`).join(", ")})`;
}

// The image itself. One channel is drawn as ink on paper, as everywhere in the course.
function paintImage(canvas, pixels, about) {
  const { width, height, channels } = about;
  const brush = canvas.getContext("2d");
  const shown = brush.createImageData(width, height);
  const size = width * height;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) shown.data[4 * i + c] = channels === 1 ? 255 - pixels[i] : pixels[c * size + i];
    shown.data[4 * i + 3] = 255;
  }
  brush.putImageData(shown, 0, 0);
}

// Cells of `weights` from `first` on into a picture of 32-bit colors; `top` is the weight of the darkest one.
function paintCells(colors, at, stride, weights, first, rows, cols, top, shades) {
  const factor = 255 / top;
  for (let r = 0, i = first; r < rows; r++) {
    for (let c = 0, place = at + r * stride; c < cols; c++, i++, place++) {
      const shade = weights[i] * factor;
      colors[place] = shades[shade > 255 ? 255 : shade | 0];
    }
  }
}

function largest(weights, first) {
  let top = 0;
  for (let i = first; i < weights.length; i++) if (weights[i] > top) top = weights[i];
  return top;
}

function strongest(weights, first) {
  let best = first;
  for (let i = first + 1; i < weights.length; i++) if (weights[i] > weights[best]) best = i;
  return best - first;
}
