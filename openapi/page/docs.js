// Finds operations and objects by words: what does not have all of them is hidden.
"use strict";

const field = document.getElementById("find");
const found = document.getElementById("found");
const articles = [...document.querySelectorAll("article")];
const sections = [...document.querySelectorAll("[data-section]")];

function find() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const article of articles) {
    article.hidden = !words.every((word) => article.dataset.find.includes(word));
    shown += article.hidden ? 0 : 1;
  }
  for (const section of sections) {
    section.hidden = !section.querySelector("article:not([hidden])");
    const entry = document.querySelector(`.contents a[href="#${section.id}"]`);
    if (entry) entry.parentElement.hidden = section.hidden;
  }
  found.textContent = words.length === 0 ? "" : shown === 1 ? "1 found" : `${shown} found`;
}

// A link leads to what it names, also when that is hidden.
function follow() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target?.closest("[hidden]")) return;
  field.value = "";
  find();
  target.scrollIntoView();
}

document.querySelector(".find").hidden = false;
field.addEventListener("input", find);
window.addEventListener("hashchange", follow);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target !== field && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
  }
  if (event.key === "Escape" && event.target === field) {
    field.value = "";
    find();
  }
});
find(); // a browser that comes back keeps what was typed
