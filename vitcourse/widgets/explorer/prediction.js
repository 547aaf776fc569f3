// What a model says of the image: its three most probable answers.
function prediction(about) {
  const box = make("div", "vitcourse-prediction");
  const title = make("div", "vitcourse-prediction-title");
  const bars = make("div", "vitcourse-bars");
  box.append(title, bars);
  const rows = Array.from({ length: 3 }, () => {
    const [name, track, fill, value] = ["name", "track", "fill", "value"].map((part) => make("span", `vitcourse-bar-${part}`));
    track.append(fill);
    bars.append(name, track, value);
    return { name, fill, value, all: [name, track, value] };
  });

  function nameOf(position) {
    if (about.output === "patches") return placeOf(position, about);
    return about.classes[position] ?? String(position);
  }

  return {
    box,
    show(slot, model) {
      const answers = slot.models[model].answers;
      box.hidden = about.output === "other";
      title.replaceChildren(about.output === "patches" ? "most probable patches" : "prediction");
      if (slot.label) title.append("; label: ", say("b", "", slot.label));
      rows.forEach((row, i) => {
        for (const node of row.all) node.style.visibility = answers[i] ? "visible" : "hidden";
        if (!answers[i]) return;
        const [position, probability] = answers[i];
        row.name.textContent = nameOf(position);
        row.name.title = nameOf(position);
        row.fill.style.width = `${100 * probability}%`;
        row.value.textContent = `${percent(probability)} %`;
      });
    },
  };
}
