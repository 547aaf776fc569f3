// Small helpers for the document. Text arrives as text, never as markup.
function make(tag, className = "", more = {}) {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(more)) node.setAttribute(name, value);
  return node;
}

function say(tag, className, text) {
  const node = make(tag, className);
  node.textContent = text;
  return node;
}

function press(className, text, signal, act) {
  const button = make("button", `vitcourse-button ${className}`, { type: "button" });
  button.textContent = text;
  button.addEventListener("click", act, { signal });
  return button;
}

function canvasOf(className, width, height) {
  const canvas = make("canvas", className, { "aria-hidden": "true" });
  canvas.width = width;
  canvas.height = height;
  return canvas;
}
