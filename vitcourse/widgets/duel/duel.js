// The game: choose an image, hide patches until the prediction flips, see what the others needed.
function inWords(model) {
  const { classes, rows, cols } = model.get("about");
  const { first, rival, curve } = model.get("said");
  const [over, count] = [model.get("over"), model.get("hidden").length];
  const [p, q] = curve[curve.length - 1].map(percent);
  const patches = `${count} ${count === 1 ? "patch" : "patches"}`;
  if (over === "flipped") return `Flipped by ${patches}: the model now says ${classes[rival]}, no longer ${classes[first]}.`;
  if (over) return `You gave up. The model says ${classes[first]} still.`;
  if (!count) return `The model says ${classes[first]}. Hide as few of the ${rows * cols} patches as you can until it says something else.`;
  return `${patches} hidden: ${p} for ${classes[first]}, ${q} for ${classes[rival]}.`;
}

function chooser(model, choose, signal) {
  const { playable, blank } = model.get("about");
  const box = make("div", "vitcourse-duel-choice", { role: "group", "aria-label": "the image" });
  const buttons = playable.map((can, image) => {
    const button = make("button", "vitcourse-duel-thumb", { type: "button" });
    const canvas = make("canvas", "", { "aria-hidden": "true" });
    const needed = make("span", "vitcourse-duel-needed", { "aria-hidden": "true" });
    drawImage(canvas, model, image);
    button.append(canvas, needed);
    button.disabled = !can;
    if (!can) button.title = `Cannot flip: the model says ${blank} to a blank image, too.`;
    button.addEventListener("click", () => choose(image), { signal });
    box.append(button);
    return { button, needed };
  });
  return {
    box,
    show() {
      const results = model.get("results");
      buttons.forEach(({ button, needed }, image) => {
        const mine = results[String(image)]?.[0];
        button.setAttribute("aria-pressed", String(image === model.get("image")));
        needed.textContent = mine ? (mine.needed ?? "–") : "";
        const done = mine ? (mine.needed ? `, flipped by ${mine.needed}` : ", given up") : "";
        button.setAttribute("aria-label", `image ${image + 1}${done}${button.disabled ? ", cannot flip" : ""}`);
      });
    },
  };
}

function render({ model, el }) {
  const leave = new AbortController();
  const { signal } = leave;
  const { alt, playable } = model.get("about");
  el.classList.add("vitcourse-duel");
  el.setAttribute("role", "region");
  el.setAttribute("aria-label", alt);
  el.dataset.lmSuppressShortcuts = "true";

  function set(change) {
    for (const [name, value] of Object.entries(change)) model.set(name, value);
    model.save_changes();
  }

  function touch(patch) {
    if (model.get("over")) return;
    const hidden = model.get("hidden");
    set({ hidden: hidden.includes(patch) ? hidden.filter((one) => one !== patch) : [...hidden, patch] });
  }

  const begin = (image) => set({ image, hidden: [], over: "" });
  const next = () => {
    const left = playable.map((can, image) => (can ? image : -1)).filter((image) => image >= 0);
    begin(left[(left.indexOf(model.get("image")) + 1) % left.length]);
  };

  const press = (text, act) => {
    const button = say("button", "vitcourse-duel-button", text);
    button.type = "button";
    button.addEventListener("click", act, { signal });
    return button;
  };
  const again = press("Start over", () => begin(model.get("image")));
  const yields = press("Give up", () => set({ over: "given up" }));
  const onward = press("Next image", next);

  const choice = chooser(model, begin, signal);
  const patches = board(model, touch, signal);
  const [answers, curve, others] = [bars(), chart(), cards(model)];
  const words = make("div", "vitcourse-duel-words", { role: "status" });
  const tools = make("div", "vitcourse-duel-tools");
  tools.append(again, yields, onward);
  const side = make("div", "vitcourse-duel-side");
  side.append(words, answers.box, curve.svg, tools);
  const main = make("div", "vitcourse-duel-main");
  main.append(patches.frame, side);
  const hint = say("div", "vitcourse-duel-hint",
    "Click a patch to hide it, again to bring it back. By keyboard: Tab to the image, arrow keys, Space.");
  el.append(choice.box, main, hint, others.box);

  function update() {
    const said = model.get("said");
    const { classes } = model.get("about");
    choice.show();
    patches.show();
    others.show();
    again.disabled = !model.get("hidden").length && !model.get("over");
    yields.disabled = Boolean(model.get("over"));
    onward.classList.toggle("vitcourse-main", Boolean(model.get("over")));
    // What the model says to these patches may still be on its way.
    if (said.image !== model.get("image") || said.curve.length !== model.get("hidden").length + 1) return;
    words.textContent = inWords(model);
    answers.show([classes[said.first], classes[said.rival]], said.curve[said.curve.length - 1]);
    curve.show(said.curve);
    el.classList.toggle("vitcourse-flipped", model.get("over") === "flipped");
  }

  const watched = ["image", "hidden", "over", "said", "results", "score"].map((name) => `change:${name}`);
  for (const event of watched) model.on(event, update);
  update();

  return () => {
    leave.abort();
    for (const event of watched) model.off(event, update);
  };
}

export default { render };
