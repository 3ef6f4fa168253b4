// The page works without this script. With it, a question is answered without a reload:
// the same page is fetched and its results are put in place.

const form = document.querySelector("form[role=search]");
const box = form.elements.q;
const status = document.getElementById("status");
const SLOW_MS = 150;
let running = null;

async function show(url, push) {
  running?.abort();
  const mine = (running = new AbortController());
  const slow = setTimeout(() => document.body.setAttribute("aria-busy", "true"), SLOW_MS);
  try {
    const reply = await fetch(url, { signal: mine.signal, headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    if (!page.getElementById("results")) throw new Error(`the server answered ${reply.status}`);
    for (const part of ["header.search", "footer"]) {
      if (part === "footer") document.querySelector(part).replaceWith(page.querySelector(part));
      else document.querySelector(part).className = page.querySelector(part).className;
    }
    place(page.getElementById("results"), page.title);
    if (push) history.pushState(null, "", url);
  } catch (error) {
    if (mine.signal.aborted) return;
    fail(error);
  } finally {
    clearTimeout(slow);
    if (running === mine) document.body.removeAttribute("aria-busy");
  }
}

function place(results, title) {
  document.getElementById("results").replaceWith(results);
  document.title = title;
  status.textContent =
    results.querySelector("[data-status]")?.dataset.status ??
    results.querySelector(".notice")?.innerText ?? "";
}

function fail(error) {
  const results = document.createElement("div");
  results.id = "results";
  const notice = document.createElement("section");
  notice.className = "notice";
  notice.setAttribute("role", "alert");
  const title = document.createElement("h1");
  title.textContent = "The server does not answer";
  const text = document.createElement("p");
  text.textContent = `Is it still running? (${error.message})`;
  notice.append(title, text);
  results.append(notice);
  place(results, document.title);
}

function address(question) {
  return question ? `${form.action}?${new URLSearchParams({ q: question })}` : form.action;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show(address(box.value.trim()), true);
});

document.addEventListener("click", (event) => {
  const example = event.target.closest(".empty a");
  if (!example || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  box.value = example.textContent;
  show(example.href, true);
});

addEventListener("popstate", () => {
  box.value = new URLSearchParams(location.search).get("q") ?? "";
  show(location.href, false);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && document.activeElement !== box) {
    event.preventDefault();
    box.focus();
    box.select();
  }
});
