// What everybody needed: a card each, with a question mark until the round is over.
const HIDDEN = "86, 180, 233";

function card(model, name) {
  const { rows, cols, height, width, classes } = model.get("about");
  const box = make("div", "vitcourse-duel-card", { role: "listitem" });
  const title = say("div", "vitcourse-duel-card-name", name);
  const count = make("div", "vitcourse-duel-count");
  const fewest = make("div", "vitcourse-duel-card-line");
  const canvas = make("canvas", "vitcourse-duel-mini", { "aria-hidden": "true" });
  const answer = make("div", "vitcourse-duel-card-line");
  const mean = make("div", "vitcourse-duel-card-line");
  box.append(title, count, fewest, canvas, answer, mean);
  const image = document.createElement("canvas");
  const [high, wide] = [10 * rows, 10 * cols];
  canvas.width = wide;
  canvas.height = high; // its place is kept from the start: nothing moves when it is drawn

  function drawHidden(hidden) {
    drawImage(image, model, model.get("image"));
    const brush = canvas.getContext("2d");
    brush.drawImage(image, 0, 0, width, height, 0, 0, wide, high);
    hidden.forEach((share, patch) => {
      if (!share) return;
      brush.fillStyle = `rgba(${HIDDEN}, ${0.15 + 0.75 * share})`;
      brush.fillRect((patch % cols) * 10, Math.floor(patch / cols) * 10, 10, 10);
    });
  }

  return {
    box,
    show(result, average, best) {
      box.classList.toggle("vitcourse-fewest", Boolean(result) && best);
      canvas.classList.toggle("vitcourse-empty", !result);
      fewest.textContent = result && best ? "fewest" : "";
      mean.textContent = average === undefined ? "" : `mean ${average}`;
      if (!result) {
        count.textContent = "?";
        answer.textContent = "";
        return;
      }
      count.textContent = result.needed ?? "–";
      drawHidden(result.hidden);
      answer.textContent =
        result.answer !== null ? `says ${classes[result.answer]}` : name === "chance" ? "mean of 20" : "gave up";
      answer.title = answer.textContent;
    },
  };
}

function cards(model) {
  const names = ["you", ...model.get("about").rivals];
  const box = make("div", "vitcourse-duel-others");
  const head = make("div", "vitcourse-duel-head");
  const list = make("div", "vitcourse-duel-cards", { role: "list" });
  const all = names.map((name) => card(model, name));
  list.append(...all.map((one) => one.box));
  const score = make("span", "vitcourse-duel-score");
  head.append(say("strong", "", "Patches hidden when the prediction flipped"), say("span", "", "fewer is better"), score);
  box.append(head, list);

  return {
    box,
    show() {
      const over = model.get("over");
      const results = (over && model.get("results")[String(model.get("image"))]) || [];
      const { played, means } = model.get("score");
      const several = over && played > 1; // the mean of one round says nothing new
      const fewest = Math.min(...results.map((result) => result.needed ?? Infinity));
      all.forEach((one, i) => one.show(results[i], several ? means[i] : undefined, results[i]?.needed === fewest));
      score.textContent = several ? `means of ${played} images, first tries` : "";
    },
  };
}
