// Widgets that work without a kernel stand in frames of their own. Each says how high it is, and is told the theme.
(() => {
  const frames = () => [...document.querySelectorAll("iframe.vitcourse-alone")];
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function isDark() {
    const chosen = document.body.dataset.theme;
    return chosen === "dark" || (chosen !== "light" && system.matches);
  }

  // A frame of this kind has no origin that could be named.
  const tell = (frame) => frame.contentWindow?.postMessage({ vitcourse: "theme", dark: isDark() }, "*");
  const tellAll = () => frames().forEach(tell);

  const told = new WeakSet();
  window.addEventListener("message", (event) => {
    const { vitcourse, height } = event.data ?? {};
    const frame = vitcourse === "height" && frames().find((each) => each.contentWindow === event.source);
    if (!frame) return;
    if (Number.isFinite(height) && height > 0 && height < 20000) frame.style.height = `${height}px`;
    if (told.has(frame)) return;
    told.add(frame);
    tell(frame);
  });

  new MutationObserver(tellAll).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
  system.addEventListener("change", tellAll);
  // Whoever is told says how high it is: within a section that was folded, nobody knew.
  document.addEventListener("toggle", tellAll, { capture: true });
  tellAll();
})();
