// An empty pair of axes, and the height of a curve between the places where it is drawn.
const HEIGHT = 280; // px; the width is what there is
const [LEFT, RIGHT, TOP, BOTTOM] = [46, 24, 32, 44];
const UP = HEIGHT - TOP - BOTTOM;

const clamp = (value, most = 1) => Math.min(most, Math.max(0, value));
const down = (height) => TOP + UP * (1 - height);

function svg(tag, more = {}, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(more)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

function html(tag, className, more = {}) {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(more)) node.setAttribute(name, value);
  return node;
}

// Lines, ticks and titles of an empty pair of axes.
function frame(x, y, across) {
  const parts = document.createDocumentFragment();
  const bottom = TOP + UP;
  for (const [place, text] of y.ticks) {
    const at = down(place);
    parts.append(svg("path", { class: "vitcourse-curve-grid", d: `M${LEFT} ${at}H${LEFT + across}` }));
    parts.append(svg("text", { x: LEFT - 8, y: at + 4, "text-anchor": "end" }, text));
  }
  for (const [place, text] of x.ticks) {
    const at = LEFT + across * place;
    parts.append(svg("path", { class: "vitcourse-curve-line", d: `M${at} ${bottom}v4` }));
    parts.append(svg("text", { x: at, y: bottom + 18, "text-anchor": "middle" }, text));
  }
  parts.append(svg("path", { class: "vitcourse-curve-line", d: `M${LEFT} ${TOP}V${bottom}H${LEFT + across}` }));
  parts.append(svg("text", { x: LEFT, y: 18 }, y.title));
  parts.append(svg("text", { x: LEFT + across / 2, y: HEIGHT - 6, "text-anchor": "middle" }, x.title));
  return parts;
}

// The height in a column: drawn there, on the straight line between its neighbors, or held from the first or the last.
function heightAt(heights, column) {
  let [before, after] = [column, column];
  while (before >= 0 && heights[before] === null) before--;
  while (after < heights.length && heights[after] === null) after++;
  if (before < 0) return after < heights.length ? heights[after] : null;
  if (after >= heights.length || after === before) return heights[before];
  return heights[before] + ((heights[after] - heights[before]) * (column - before)) / (after - before);
}
