// One widget without a kernel: a model that nobody answers, the widget's own module, and two words with the page around.
const given = JSON.parse(document.getElementById("given").textContent);
const root = document.getElementById("root");

// Bytes go back to where they were, as views: so do they arrive from a kernel.
for (const [path, text] of given.buffers) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const holder = path.slice(0, -1).reduce((inner, key) => inner[key], given.state);
  holder[path.at(-1)] = new DataView(bytes.buffer);
}

function modelOf(values) {
  const listeners = new Map();
  const tell = (event, ...more) => [...(listeners.get(event) ?? [])].forEach((listener) => listener(...more));
  const model = {
    get: (name) => values[name],
    set(name, value) {
      const changes = typeof name === "object" ? name : { [name]: value };
      const changed = Object.keys(changes).filter((key) => !Object.is(values[key], changes[key]));
      Object.assign(values, changes);
      for (const key of changed) tell(`change:${key}`, model, values[key]);
      if (changed.length) tell("change", model);
    },
    on(event, listener) {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener));
    },
    off(event, listener) {
      if (listener) listeners.get(event)?.delete(listener);
      else listeners.delete(event);
    },
    // Nobody listens: what the browser changes stays in the browser.
    save_changes() {},
    send() {},
  };
  return model;
}

function theme(dark) {
  document.body.dataset.theme = dark ? "dark" : "light";
}

function sayHeight() {
  const height = Math.ceil(document.body.getBoundingClientRect().height);
  window.parent.postMessage({ vitcourse: "height", height }, "*");
}

// Until the page says which theme it has, the system's.
const system = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => theme(system.matches);
system.addEventListener("change", follow);
follow();
window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.data?.vitcourse !== "theme") return;
  system.removeEventListener("change", follow);
  theme(event.data.dark);
  document.documentElement.classList.add("fitted"); // somebody gives the height that is asked for
  sayHeight();
});

async function start() {
  const style = document.createElement("style");
  style.textContent = given.style;
  document.head.append(style);
  // As a data address: it is loaded from nowhere, and a frame without an origin may import it.
  const module = await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(given.module)}`);
  const made = module.default ?? module;
  const widget = typeof made === "function" ? await made() : made;
  const model = modelOf(given.state);
  await widget.initialize?.({ model });
  await widget.render({ model, el: root });
}

try {
  await start();
} catch (problem) {
  console.error("vitcourse: this view could not be started", problem);
  root.remove();
  document.getElementById("first").style.display = "block";
}
sayHeight(); // at once: a frame off the screen may not be drawn for a while, and what is not drawn is not observed
new ResizeObserver(sayHeight).observe(document.body);
