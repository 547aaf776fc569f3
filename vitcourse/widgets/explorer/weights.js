// Which weights are shown. A query is a token's position, or -1 for the mean over all tokens. In the direction "from",
// out[j] is how much the query takes from token j; in the direction "to", how much token j takes from it.
function fill(codes, start, scale, tokens, query, direction, out) {
  if (direction === "from") {
    for (let j = 0, at = start + query * tokens; j < tokens; j++, at++) out[j] = scale * SQUARES[codes[at]];
  } else {
    for (let j = 0, at = start + query; j < tokens; j++, at += tokens) out[j] = scale * SQUARES[codes[at]];
  }
}

function headWeights(maps, layer, head, query, direction, out) {
  const { tokens } = maps;
  const index = layer * maps.heads + head;
  const start = index * tokens * tokens;
  const scale = maps.scales[index];
  if (query >= 0) {
    fill(maps.codes, start, scale, tokens, query, direction, out);
    return;
  }
  const key = `${index} ${direction}`;
  if (!maps.pooled.has(key)) {
    const [sum, one] = [new Float32Array(tokens), new Float32Array(tokens)];
    for (let token = 0; token < tokens; token++) {
      fill(maps.codes, start, scale, tokens, token, direction, one);
      for (let j = 0; j < tokens; j++) sum[j] += one[j] / tokens;
    }
    maps.pooled.set(key, sum);
  }
  out.set(maps.pooled.get(key));
}

function meanWeights(maps, layer, query, direction, out) {
  const one = new Float32Array(maps.tokens);
  out.fill(0);
  for (let head = 0; head < maps.heads; head++) {
    headWeights(maps, layer, head, query, direction, one);
    for (let j = 0; j < out.length; j++) out[j] += one[j] / maps.heads;
  }
}

// All layers' means over heads, as numbers: rollout multiplies by them again and again.
function meansOf(maps) {
  if (maps.means) return maps.means;
  const { tokens, heads, layers } = maps;
  const size = tokens * tokens;
  maps.means = new Float32Array(layers * size);
  for (let layer = 0; layer < layers; layer++) {
    for (let head = 0; head < heads; head++) {
      const share = maps.scales[layer * heads + head] / heads;
      const from = (layer * heads + head) * size;
      const to = layer * size;
      for (let i = 0; i < size; i++) maps.means[to + i] += share * SQUARES[maps.codes[from + i]];
    }
  }
  return maps.means;
}

const RESIDUAL = 0.5; // the share that the skip connection is taken to carry, as in vitcourse.maps.rollout

function start(tokens, query) {
  const vector = new Float32Array(tokens);
  if (query < 0) vector.fill(1 / tokens);
  else vector[query] = 1;
  return vector;
}

// R = M_layer ... M_1 with M = residual I + (1 - residual) mean over heads. One row or one column of it needs
// products of a vector and a matrix only.
function rolloutWeights(maps, layer, query, direction, out) {
  const { tokens } = maps;
  const means = meansOf(maps);
  let vector = start(tokens, query);
  let next = new Float32Array(tokens);
  for (let step = 0; step <= layer; step++) {
    const at = (direction === "from" ? layer - step : step) * tokens * tokens;
    if (direction === "from") rowTimes(vector, means, at, next);
    else timesColumn(means, at, vector, next);
    [vector, next] = [next, vector];
  }
  out.set(vector);
}

function rowTimes(row, matrix, at, out) {
  const tokens = row.length;
  for (let j = 0; j < tokens; j++) out[j] = RESIDUAL * row[j];
  for (let i = 0; i < tokens; i++) {
    const share = (1 - RESIDUAL) * row[i];
    if (!share) continue;
    const from = at + i * tokens;
    for (let j = 0; j < tokens; j++) out[j] += share * matrix[from + j];
  }
}

function timesColumn(matrix, at, column, out) {
  const tokens = column.length;
  for (let i = 0; i < tokens; i++) {
    let sum = 0;
    const from = at + i * tokens;
    for (let j = 0; j < tokens; j++) sum += matrix[from + j] * column[j];
    out[i] = RESIDUAL * column[i] + (1 - RESIDUAL) * sum;
  }
}

function gradientWeights(maps, query, direction, out) {
  const { tokens, gradient: codes, gradientScales: scales } = maps;
  out.fill(0);
  const [first, last] = query < 0 ? [0, tokens - 1] : [query, query];
  for (let token = first; token <= last; token++) {
    for (let j = 0; j < tokens; j++) {
      const row = direction === "from" ? token : j;
      const column = direction === "from" ? j : token;
      out[j] += (scales[row] * SQUARES[codes[row * tokens + column]]) / (last - first + 1);
    }
  }
}

// The weights that a choice {mode, layer, head} shows; layer and head count from 1 here, head 0 is the mean.
function chosenWeights(maps, choice, query, direction, out) {
  if (choice.mode === "gradient") gradientWeights(maps, query, direction, out);
  else if (choice.mode === "rollout") rolloutWeights(maps, choice.layer - 1, query, direction, out);
  else if (choice.head === 0) meanWeights(maps, choice.layer - 1, query, direction, out);
  else headWeights(maps, choice.layer - 1, choice.head - 1, query, direction, out);
}

// Patch -1 is the class token, or without one the mean over all patches.
function tokenOf(patch, prefix) {
  return patch >= 0 ? prefix + patch : prefix ? 0 : -1;
}
