// Shows what /_control/messages returns, again and again, and adds only what is new.
"use strict";

const POLL_MS = 1000;
const list = document.getElementById("letters");
const filter = document.getElementById("filter");
const number = document.getElementById("number");
const template = document.getElementById("letter");
let shown = new Map();

const write = document.getElementById("write");

write.elements.from.value = "+14155550123";
number.value = new URLSearchParams(location.search).get("to") ?? "";

function draw(letter) {
  const item = template.content.firstElementChild.cloneNode(true);
  const part = (name) => item.querySelector(`[data-part="${name}"]`);
  item.classList.add(letter.direction);
  item.dataset.to = letter.to;
  item.dataset.from = letter.from;
  item.dataset.channel = letter.channel;
  part("from").textContent = letter.from;
  part("to").textContent = letter.to;
  part("channel").textContent = letter.channel === "call" ? "spoken call" : "text";
  part("body").textContent = letter.body;
  const at = part("at");
  at.dateTime = letter.at;
  at.title = new Date(letter.at).toLocaleString();
  at.textContent = new Date(letter.at).toLocaleTimeString();
  if (letter.code) {
    part("code-row").hidden = false;
    part("code").textContent = letter.code;
    part("copy").addEventListener("click", async (event) => {
      await navigator.clipboard.writeText(letter.code);
      event.target.textContent = "Copied";
    });
  }
  return item;
}

function refresh(item, letter) {
  const status = item.querySelector('[data-part="status"]');
  const arrived = ["delivered", "received"].includes(letter.status);
  status.hidden = arrived;
  status.textContent = arrived ? "" : `Status: ${letter.status}`;
}

function show(letters) {
  const drawn = new Map();
  for (const letter of letters) {
    const item = shown.get(letter.id) ?? draw(letter);
    refresh(item, letter);
    drawn.set(letter.id, item);
  }
  for (const [id, item] of shown) {
    if (!drawn.has(id)) item.remove();
  }
  let place = list.firstElementChild;
  for (const item of drawn.values()) {
    if (item === place) place = place.nextElementSibling;
    else list.insertBefore(item, place);
  }
  shown = drawn;
  const words = letters.length === 1 ? "1 message" : `${letters.length} messages`;
  const count = document.getElementById("count");
  const text = number.value ? `${words} of ${number.value}` : words;
  if (count.textContent !== text) count.textContent = text;
  document.getElementById("empty").hidden = letters.length > 0;
}

async function look() {
  const wanted = number.value.trim();
  const query = wanted ? `?to=${encodeURIComponent(wanted)}` : "";
  try {
    const answer = await fetch(`/_control/messages${query}`);
    const { messages } = await answer.json();
    if (wanted === number.value.trim()) show(messages);
  } catch {
    document.getElementById("count").textContent = "The sandbox does not answer.";
  }
}

async function keepLooking() {
  if (!document.hidden) await look();
  setTimeout(keepLooking, POLL_MS);
}

function filterChanged() {
  const wanted = number.value.trim();
  const query = wanted ? `?to=${encodeURIComponent(wanted)}` : "";
  history.replaceState(null, "", `${location.pathname}${query}`);
  look();
}

async function send(event) {
  event.preventDefault();
  const message = Object.fromEntries(new FormData(write));
  const answer = await fetch("/_phone/messages", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(message),
  });
  const { error } = await answer.json();
  document.getElementById("written").textContent = error ?? "Sent.";
  if (!error) write.elements.body.value = "";
  look();
}

write.addEventListener("submit", send);
filter.addEventListener("submit", (event) => event.preventDefault());
filter.addEventListener("reset", () => setTimeout(filterChanged));
number.addEventListener("input", filterChanged);
document.addEventListener("visibilitychange", () => document.hidden || look());
keepLooking();
