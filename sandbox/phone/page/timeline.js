// The script of the call: one entry for everything that was said, pressed or went wrong.

const WHO = { heard: "Buddy", said: "You", pressed: "You", trouble: "Trouble", mark: "Mark" };

export class Timeline {
  constructor(box) {
    this.box = box;
    this.nothing = box.firstElementChild;
    this.passages = new Map();
  }

  clear() {
    this.box.replaceChildren(this.nothing);
    this.nothing.hidden = false;
    this.passages.clear();
  }

  add(kind, at, text) {
    this.nothing.hidden = true;
    const wasAtEnd = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 80;
    const entry = document.createElement("p");
    entry.className = `entry ${kind}`;
    entry.dataset.testid = kind;
    entry.dataset.at = at;
    entry.innerHTML = '<time></time><span class="words"></span>';
    entry.querySelector("time").textContent = label(kind, at);
    entry.querySelector(".words").textContent = text;
    // An entry belongs where it happened: what was heard is read a little later than it was said.
    const later = [...this.box.querySelectorAll(".entry")].find((e) => Number(e.dataset.at) > at);
    this.box.insertBefore(entry, later ?? null);
    if (wasAtEnd) this.toEnd();
    return entry;
  }

  hear(passage, at, text) {
    const entry = this.passages.get(passage);
    if (!entry) this.passages.set(passage, this.add("heard", at, text));
    else entry.querySelector(".words").textContent = text;
    this.toEnd();
  }

  cut(passage) {
    // What was cut off at its first letter was never read: the passage before it ended there.
    const read = [...this.passages.keys()].filter((number) => number <= passage);
    const entry = this.passages.get(Math.max(...read));
    if (!entry || entry.querySelector(".cut")) return;
    const note = document.createElement("span");
    note.className = "cut";
    note.textContent = " (interrupted)";
    entry.append(note);
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
  }

  get text() {
    const entries = [...this.box.querySelectorAll(".entry")];
    return entries
      .map((entry) => {
        const cut = entry.querySelector(".cut")?.textContent ?? "";
        const words = entry.querySelector(".words").textContent;
        return `${entry.querySelector("time").textContent}  ${words}${cut}`;
      })
      .join("\n");
  }
}

export function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function label(kind, at) {
  return WHO[kind] ? `${clock(at)} ${WHO[kind]}` : clock(at);
}
