// The test phone: keys and words to the sandbox, sound and script from it.

import { Loudspeaker, Recorder, wavOf } from "./sound.js";
import { Timeline, clock } from "./timeline.js";

const KEYS = [
  ["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"],
  ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", "+"], ["#", ""],
];
const REASONS = {
  caller: "You hung up",
  hung_up: "The other side hung up",
  hung_up_by_api: "The other side hung up",
  rejected: "Not picked up",
  stream_failed: "The connection broke",
  failed: "The call failed",
  line_lost: "The line went dead",
};
const at = (id) => document.getElementById(id);
const timeline = new Timeline(at("timeline"));
const speaker = new Loudspeaker((level) => {
  at("meter").style.transform = `scaleX(${Math.min(1, level * 5)})`;
});
const recorder = new Recorder();
let socket = null;
let answeredAt = null;

function order(what) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(what));
}

function connect() {
  socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/_phone/page`);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => {
    if (data instanceof ArrayBuffer) speaker.play(new Uint8Array(data));
    else take(JSON.parse(data));
  });
  socket.addEventListener("close", () => {
    inCall(false);
    at("call").disabled = true;
    show("The sandbox does not answer. Trying again…", "");
    setTimeout(connect, 1500);
  });
}

function take(event) {
  switch (event.event) {
    case "ready":
      at("from").value ||= event.caller;
      at("to").value ||= event.number;
      at("call").disabled = false;
      linkTexts();
      show("Ready", "");
      break;
    case "calling":
      show("Ringing…", "calling");
      timeline.add("note", 0, `Calling ${event.to} from ${event.from}`);
      break;
    case "answered":
      answeredAt = performance.now();
      inCall(true);
      show("In a call", "on");
      break;
    case "heard":
      timeline.hear(event.passage, event.at, event.text);
      break;
    case "interrupted":
      timeline.cut(event.passage);
      break;
    case "said":
      timeline.add("said", event.at, event.text);
      break;
    case "pressed":
      timeline.add("pressed", event.at, `Key ${event.text}`);
      break;
    case "mark":
      timeline.add("mark", event.at, event.name);
      break;
    case "trouble":
      timeline.add("trouble", event.at, event.text);
      break;
    case "ended": {
      const reason = REASONS[event.reason] ?? event.reason;
      inCall(false);
      at("call").disabled = false;
      show(reason, "");
      timeline.add("note", event.at, reason);
      break;
    }
  }
}

function show(state, lamp) {
  at("state").textContent = state;
  at("lamp").className = `lamp ${lamp}`;
}

function inCall(isOn) {
  for (const id of ["hang-up", "say", "file"]) at(id).disabled = !isOn;
  at("record").disabled = !isOn || !navigator.mediaDevices;
  at("file-label").classList.toggle("off", !isOn);
  for (const key of at("keys").children) key.disabled = !isOn;
  at("call").disabled = isOn;
  at("copy").disabled = false;
  if (!isOn) {
    answeredAt = null;
    speaker.fall();
  }
}

function linkTexts() {
  at("texts").href = `/messages?to=${encodeURIComponent(at("from").value.trim())}`;
}

function press(digit) {
  order({ do: "press", digit });
}

async function sayRecording(name, blob) {
  try {
    order({ do: "play", name, wav: await wavOf(blob) });
  } catch {
    timeline.add("trouble", 0, `${name} can't be read as sound.`);
  }
}

at("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  if (at("call").disabled) return;
  speaker.open();
  timeline.clear();
  at("call").disabled = true;
  at("hang-up").disabled = false;
  show("Calling…", "calling");
  order({
    do: "dial",
    from: at("from").value.trim(),
    to: at("to").value.trim(),
    stir_verstat: at("verstat").value || null,
  });
});
at("hang-up").addEventListener("click", () => order({ do: "hang_up" }));
at("from").addEventListener("input", linkTexts);
at("sound").addEventListener("change", (event) => {
  speaker.isOn = event.target.checked;
});
at("show-marks").addEventListener("change", (event) => {
  at("timeline").classList.toggle("with-marks", event.target.checked);
});
at("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(timeline.text);
  at("copy").textContent = "Copied";
  setTimeout(() => (at("copy").textContent = "Copy"), 2000);
});
at("speak").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("words").value.trim();
  if (at("say").disabled || !text) return;
  order({ do: "say", text });
  at("words").value = "";
});
at("file").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  if (file) await sayRecording(file.name, file);
  target.value = "";
});
at("record").addEventListener("click", async () => {
  const button = at("record");
  if (recorder.isRecording) {
    button.classList.remove("on");
    button.textContent = "Record";
    await sayRecording("your recording", await recorder.stop());
    return;
  }
  try {
    await recorder.start();
    button.classList.add("on");
    button.textContent = "Stop and say it";
  } catch {
    timeline.add("trouble", 0, "The browser gave no microphone.");
  }
});

// The keys of the keyboard are the keys of the phone, where nothing else wants them.
document.addEventListener("keydown", (event) => {
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (answeredAt !== null && /^[0-9*#]$/.test(event.key)) press(event.key);
});

for (const [digit, letters] of KEYS) {
  const key = document.createElement("button");
  key.type = "button";
  key.disabled = true;
  key.dataset.testid = `key-${digit}`;
  key.setAttribute("aria-label", `Key ${digit === "*" ? "star" : digit === "#" ? "hash" : digit}`);
  key.innerHTML = `${digit}<small>${letters || "&nbsp;"}</small>`;
  key.addEventListener("click", () => press(digit));
  at("keys").append(key);
}
setInterval(() => {
  at("clock").textContent = answeredAt === null ? "" : clock(performance.now() - answeredAt);
}, 500);
inCall(false);
at("call").disabled = true;
connect();
