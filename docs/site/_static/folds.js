// A link into a folded section opens it. (A browser opens what encloses the place, but not what begins there.)
(() => {
  function open() {
    let name = window.location.hash.slice(1);
    try {
      name = decodeURIComponent(name);
    } catch {
      return;
    }
    const place = name && document.getElementById(name);
    if (!place) return;
    const own = place.querySelector(":scope > details.folded");
    if (own) own.open = true;
    for (let above = place.parentElement; above; above = above.parentElement) {
      if (above.tagName === "DETAILS") above.open = true;
    }
    place.scrollIntoView();
  }

  window.addEventListener("hashchange", open);
  open();
})();
