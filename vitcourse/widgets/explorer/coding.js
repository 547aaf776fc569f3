// Reads what coding.py and source.py wrote: one byte a weight, 255 sqrt(weight / largest).
const SQUARES = Float32Array.from({ length: 256 }, (_, code) => (code / 255) ** 2);

function bytesOf(data) {
  if (!data) return null;
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}

function floatsOf(data) {
  const bytes = bytesOf(data);
  return bytes && new Float32Array(bytes.slice().buffer); // a copy, since floats must lie at multiples of four
}

// One image of the set, or one's own, with the maps of each model.
function unpack(slot, about) {
  const tokens = about.rows * about.cols + about.prefix;
  return {
    number: slot.number,
    label: slot.label,
    pixels: bytesOf(slot.pixels),
    models: slot.models.map((one) => ({
      tokens,
      layers: about.layers,
      heads: about.heads,
      codes: bytesOf(one.codes),
      scales: floatsOf(one.scales),
      gradient: bytesOf(one.gradient),
      gradientScales: floatsOf(one.gradient_scales),
      answers: one.answers,
      pooled: new Map(), // rows of the mean over patches, once they were asked for
      means: null, // mean over heads of every layer, once rollout was asked for
    })),
  };
}
