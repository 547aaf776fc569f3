// One's own image from a file: its middle, cut to the model's shape, as bytes. Only a kernel can say what a model sees.
function upload(about, send, signal) {
  const box = make("label", "vitcourse-button vitcourse-upload");
  const input = make("input", "vitcourse-said", { type: "file", accept: "image/*", "aria-label": "your own image, from a file" });
  box.append(input, "Your image …");
  box.hidden = true;
  input.addEventListener("change", async () => {
    const file = input.files[0];
    input.value = "";
    if (!file) return;
    try {
      send(await cut(file, about));
    } catch (problem) {
      send(null, `This file is no image that the browser can read (${problem.message}).`);
    }
  }, { signal });
  return { box, kernelIsHere: () => (box.hidden = false) };
}

async function cut(file, about) {
  const { width, height, channels } = about;
  const bitmap = await createImageBitmap(file);
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [width / scale, height / scale];
  const brush = canvasOf("", width, height).getContext("2d", { willReadFrequently: true });
  brush.fillStyle = "#fff"; // behind what is transparent
  brush.fillRect(0, 0, width, height);
  brush.imageSmoothingQuality = "high";
  brush.drawImage(bitmap, (bitmap.width - w) / 2, (bitmap.height - h) / 2, w, h, 0, 0, width, height);
  bitmap.close();
  return planes(brush.getImageData(0, 0, width, height).data, width * height, channels);
}

// From the canvas's red, green, blue, opacity to one plane for each channel. One channel is ink: 1 is dark. Paper that
// is darker than its ink on the whole is taken to be a picture that has 1 for bright already.
function planes(rgba, size, channels) {
  const bytes = new Uint8Array(size * channels);
  for (let i = 0; i < size; i++) {
    const [r, g, b] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    if (channels === 1) bytes[i] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    else [r, g, b].forEach((value, c) => (bytes[c * size + i] = value));
  }
  if (channels === 1) {
    const mean = bytes.reduce((sum, value) => sum + value, 0) / size;
    if (mean > 127) for (let i = 0; i < size; i++) bytes[i] = 255 - bytes[i];
  }
  return bytes;
}
