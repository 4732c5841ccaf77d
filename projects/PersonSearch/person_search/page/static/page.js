// Comfort alone: the page works without it.
"use strict";

const typing = (element) => element.closest("input, textarea, select, button") !== null;
const cards = () => [...document.querySelectorAll("[data-card] .more")];

function step(by) {
  const turn = document.querySelector(by < 0 ? "a.previous" : "a.next");
  if (turn) return turn.click();
  const all = cards();
  if (!all.length) return undefined;
  const now = all.findIndex((link) => link.closest("[data-card]").contains(document.activeElement));
  return all[now < 0 ? 0 : Math.min(all.length - 1, Math.max(0, now + by))].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const card = document.activeElement.closest("[data-card]");
  const acts = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    u: () => document.querySelector(".upload input[type=file]")?.click(),
    c: () => card?.querySelector("a.compare")?.click(),
    Escape: () => (document.querySelector("a.back") ?? { click: () => history.back() }).click(),
  };
  if (acts[event.key]) {
    event.preventDefault();
    acts[event.key]();
  }
});

for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
}
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const form = document.querySelector("form.upload");
  if (!form || !event.dataTransfer.files.length) return;
  form.querySelector("input[name=photo]").files = event.dataTransfer.files;
  if (!form.querySelector("input[name=map]")) form.requestSubmit();
});
