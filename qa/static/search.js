// The page works without this script. With it a question is answered without a reload:
// the same address is fetched, and the results of the page that comes are put in place.

const SLOW_MS = 150; // a shorter wait is not worth a sign

const form = document.querySelector("form[role=search]");
const box = form.elements.q;
const mode = form.elements.mode;
const status = document.getElementById("status");

let running = null;
let shown = here();

function here() {
  return location.pathname + location.search;
}

function asked(question) {
  const page = new URL(form.action).pathname;
  const query = new URLSearchParams({ q: question });
  if (question && mode.selectedIndex > 0) query.set("mode", mode.value); // the first is the default
  return question ? `${page}?${query}` : page;
}

async function show(address, remember) {
  running?.abort();
  const mine = (running = new AbortController());
  const slow = setTimeout(() => results().setAttribute("aria-busy", "true"), SLOW_MS);
  let page = null;
  status.textContent = ""; // so that the same words are announced again
  try {
    const reply = await fetch(address, { signal: mine.signal, headers: { accept: "text/html" } });
    page = new DOMParser().parseFromString(await reply.text(), "text/html");
  } catch {
    if (mine.signal.aborted) return; // a later question has taken over
  } finally {
    clearTimeout(slow);
  }
  const found =
    page?.getElementById("results") ??
    document.getElementById("unreachable").content.firstElementChild.cloneNode(true);
  results().replaceWith(found);
  document.title = page?.title || document.title;
  status.textContent = found.dataset.status ?? "";
  if (remember && address !== here()) history.pushState(null, "", address);
  shown = here();
}

function results() {
  return document.getElementById("results");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show(asked(box.value.trim()), true);
  if (matchMedia("(pointer: coarse)").matches) box.blur(); // a phone's keyboard hides the results
});

mode.addEventListener("change", () => {
  if (box.value.trim()) show(asked(box.value.trim()), true);
});

document.addEventListener("click", (event) => {
  const example = event.target.closest(".welcome a");
  if (!example || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  box.value = example.textContent;
  document.getElementById("content").focus({ preventScroll: true }); // the example goes away
  show(asked(box.value), true);
});

addEventListener("popstate", () => {
  if (here() === shown) return; // only the fragment has changed
  const query = new URLSearchParams(location.search);
  box.value = query.get("q") ?? "";
  mode.value = query.get("mode") ?? mode.options[0].value;
  show(here(), false);
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && event.target !== box) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "Escape" && event.target === box) {
    box.value = "";
  }
});
