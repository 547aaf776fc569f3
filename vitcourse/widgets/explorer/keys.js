// The keyboard. Keys that are used here must not reach JupyterLab, which takes most letters as commands.
const HELP = "Arrow keys move the patch, Enter keeps it, C asks the class token, Shift shows who looks at it; " +
  "[ and ] change the layer, comma and period the head; P pins the map.";
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

function followKeys(root, { panes, act, state }, signal) {
  const stageOf = (node) => panes.find((one) => one.view.box === node);
  const glanceOf = (node) => panes.find((one) => one.maps?.box === node)?.maps;

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest(".vitcourse-ask")) return;
    const [stageHere, glanceHere] = [stageOf(event.target), glanceOf(event.target)];
    if (handle(event, stageHere, glanceHere)) event.preventDefault();
    else if (!(isPressing(event) || (event.target.type === "range" && ARROWS[event.key]))) return;
    event.stopPropagation();
  }, { signal });

  // Enter and Space press a button; Shift+Enter is left to JupyterLab.
  const isPressing = (event) => (event.key === "Enter" && !event.shiftKey) || event.key === " ";

  function handle(event, stageHere, glanceHere) {
    const arrow = ARROWS[event.key];
    if (arrow && stageHere) return act.step(...arrow), true;
    if (arrow && glanceHere) return act.choose(glanceHere.beside(state.choice(), ...arrow)), true;
    if (isPressing(event) && stageHere) return act.fix(state.patch()), true;
    const pinnable = panes.find((one) => one.box.contains(event.target)) ?? panes[0];
    const letters = {
      c: () => act.fix(-1),
      p: () => act.pin(pinnable.model),
      "[": () => act.layer(-1),
      "]": () => act.layer(1),
      ",": () => act.head(-1),
      ".": () => act.head(1),
      Escape: () => act.leave(),
    };
    const act1 = letters[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act1) act1();
    return Boolean(act1);
  }

  // Shift counts while a pointer asks or the focus is here, wherever it is pressed.
  function shift(event) {
    if (event.key !== "Shift") return;
    if (event.type === "keyup" || state.isAsking() || root.contains(document.activeElement)) act.shift(event.type === "keydown");
  }
  document.addEventListener("keydown", shift, { signal, capture: true });
  document.addEventListener("keyup", shift, { signal, capture: true });
  window.addEventListener("blur", () => act.shift(false), { signal });
  root.addEventListener("focusout", (event) => {
    if (stageOf(event.target)) act.leave();
  }, { signal });
}
