// Sentences about what is shown, for the line below an image and for screen readers.
function placeOf(patch, about) {
  return `row ${Math.floor(patch / about.cols) + 1}, column ${(patch % about.cols) + 1}`;
}

function askerOf(patch, about) {
  if (patch >= 0) return `patch (${placeOf(patch, about)})`;
  return about.prefix ? "class token" : "mean over patches";
}

function choiceOf(choice) {
  if (choice.mode === "gradient") return "gradient-weighted";
  if (choice.mode === "rollout") return choice.layer > 1 ? `rollout, layers 1 to ${choice.layer}` : "rollout, layer 1";
  return `layer ${choice.layer}, ${choice.head ? `head ${choice.head}` : "mean of heads"}`;
}

const VERBS = { layer: "looks most at", rollout: "is mixed most from", gradient: "rests most on" };
const TURNED = { layer: "is looked at most by", rollout: "goes most into", gradient: "counts most for" };

const percent = (share) => (share > 0 && share < 0.01 ? "<1" : Math.round(100 * share).toString());

// "looks most at row 3, column 4: 5.1 times an equal share; 12 % on the class token"
function findingOf(weights, choice, direction, about) {
  const { prefix } = about;
  const best = strongest(weights, prefix);
  const share = weights[prefix + best];
  if (!share) return "nothing: the answer does not rest on this";
  const verb = (direction === "from" ? VERBS : TURNED)[choice.mode];
  const times = `${(share * weights.length).toFixed(1)} times an equal share`;
  let text = `${verb} ${placeOf(best, about)}: ${times}`;
  if (prefix) {
    let first = 0;
    for (let i = 0; i < prefix; i++) first += weights[i];
    if (direction === "from") text += `; ${percent(first)} % on the class token`;
    else text += `; by the class token ${(weights[0] * weights.length).toFixed(1)} times`;
  }
  return text;
}
