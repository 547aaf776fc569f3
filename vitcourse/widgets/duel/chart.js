// What the model says: the first answer and its strongest rival, as bars and over the number of patches hidden.
const SVG = "http://www.w3.org/2000/svg";
const [WIDE, HIGH, LEFT, RIGHT, TOP, BOTTOM] = [330, 150, 40, 10, 10, 32];

function shape(name, className, more = {}) {
  const node = document.createElementNS(SVG, name);
  if (className) node.setAttribute("class", className);
  for (const [key, value] of Object.entries(more)) node.setAttribute(key, value);
  return node;
}

function percent(share) {
  if (share > 0.99 && share < 1) return "> 99 %";
  return share > 0 && share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`;
}

function bars() {
  const box = make("div", "vitcourse-duel-bars");
  const rows = ["first", "rival"].map((kind) => {
    const [name, track, fill, value] = ["name", "track", "fill", "value"].map((part) =>
      make("span", `vitcourse-duel-${part}`));
    fill.classList.add(`vitcourse-${kind}`);
    track.append(fill);
    box.append(name, track, value);
    return { name, fill, value };
  });
  return {
    box,
    show(names, shares) {
      rows.forEach((row, i) => {
        row.name.textContent = names[i];
        row.fill.style.width = `${100 * shares[i]}%`;
        row.value.textContent = percent(shares[i]);
      });
    },
  };
}

function chart() {
  const svg = shape("svg", "vitcourse-duel-chart", { viewBox: `0 0 ${WIDE} ${HIGH}`, "aria-hidden": "true" });
  const y = (share) => TOP + (1 - share) * (HIGH - TOP - BOTTOM);
  const text = (words, x, at, anchor) => {
    const node = shape("text", "", { x, y: at, "text-anchor": anchor });
    node.textContent = words;
    return node;
  };
  for (const share of [0, 0.5, 1]) {
    svg.append(shape("line", "vitcourse-level", { x1: LEFT, x2: WIDE - RIGHT, y1: y(share), y2: y(share) }));
    svg.append(text(`${100 * share} %`, LEFT - 6, y(share) + 4, "end"));
  }
  const ticks = shape("g");
  svg.append(ticks, text("patches hidden", (LEFT + WIDE - RIGHT) / 2, HIGH - 3, "middle"));
  const lines = ["rival", "first"].map((kind) => {
    const group = shape("g", `vitcourse-${kind}`);
    svg.append(group);
    return group;
  });

  function draw(group, values, x, square) {
    group.replaceChildren();
    const points = values.map((value, k) => `${x(k)},${y(value)}`).join(" ");
    group.append(shape("polyline", "", { points }));
    values.forEach((value, k) => {
      const [r, last] = [k === values.length - 1 ? 4.5 : 2.5, k === values.length - 1];
      group.append(
        square
          ? shape("rect", last ? "vitcourse-last" : "", { x: x(k) - r, y: y(value) - r, width: 2 * r, height: 2 * r })
          : shape("circle", last ? "vitcourse-last" : "", { cx: x(k), cy: y(value), r }),
      );
    });
  }

  return {
    svg,
    show(curve) {
      const end = Math.max(10, 5 * Math.ceil((curve.length - 1) / 5));
      const x = (k) => LEFT + 6 + (k / end) * (WIDE - RIGHT - LEFT - 12);
      ticks.replaceChildren(
        ...Array.from({ length: 6 }, (_, i) => Math.round((i * end) / 5)).map((k) => text(k, x(k), HIGH - 17, "middle")),
      );
      draw(lines[0], curve.map((pair) => pair[1]), x, true);
      draw(lines[1], curve.map((pair) => pair[0]), x, false);
    },
  };
}
