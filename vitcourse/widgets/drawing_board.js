// The canvas: ink, patches, the box in which MNIST's digits lie, and the nib.
function board(model, canvas, paper, pen) {
  const brush = canvas.getContext("2d");
  const draw = inked(paper.size);
  let asked = 0;

  function lines(count, along) {
    for (let i = 1; i < count; i++) {
      const at = (i * paper.size) / count;
      if (along) brush.moveTo(0, at), brush.lineTo(paper.size, at);
      else brush.moveTo(at, 0), brush.lineTo(at, paper.size);
    }
  }

  function paint() {
    asked = 0;
    const side = Math.round(canvas.clientWidth * window.devicePixelRatio);
    if (!side) return;
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const pixel = paper.size / side;
    brush.setTransform(1 / pixel, 0, 0, 1 / pixel, 0, 0);
    draw(paper.bytes, brush);
    const [rows, columns] = model.get("grid");
    if (rows) {
      brush.beginPath();
      lines(rows, true);
      lines(columns, false);
      brush.strokeStyle = "#ccc";
      brush.lineWidth = window.devicePixelRatio * pixel;
      brush.stroke();
    }
    if (model.get("guide") && !paper.bytes.some((byte) => byte)) {
      const margin = paper.size / 7; // MNIST's digits fit into 20 of 28 pixels
      brush.setLineDash([0.5, 0.5]);
      brush.strokeStyle = "#999";
      brush.lineWidth = 0.12;
      brush.strokeRect(margin, margin, paper.size - 2 * margin, paper.size - 2 * margin);
      brush.setLineDash([]);
    }
    if (pen.at) nib();
  }

  // A ring as wide as the line; filled while the keyboard's nib is down.
  function nib() {
    brush.beginPath();
    brush.arc(pen.at[0], pen.at[1], paper.radius(pen.tool), 0, 2 * Math.PI);
    if (pen.down) {
      brush.fillStyle = "rgb(213 94 0 / 60%)";
      brush.fill();
    }
    brush.strokeStyle = "#d55e00";
    brush.lineWidth = 0.22;
    brush.stroke();
  }

  return {
    repaint: () => {
      asked ||= requestAnimationFrame(paint);
    },
    forget: () => cancelAnimationFrame(asked),
  };
}
