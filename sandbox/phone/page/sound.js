// Sound both ways: μ-law of the line to the loudspeaker, any recording to a WAV for the line.

const LINE_RATE = 8000;
const LATE_SECONDS = 0.12; // sound that waits this long survives a hiccup of the network
const CHUNK_FRAMES = 3; // frames of 20 ms that are played as one buffer

// G.711: one byte, a sign, three bits of exponent, four of mantissa, all inverted.
const SAMPLES = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const magnitude = (((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4);
  return (bits & 0x80 ? 0x84 - magnitude : magnitude - 0x84) / 32768;
});

export class Loudspeaker {
  constructor(onLevel) {
    this.isOn = true;
    this.onLevel = onLevel;
    this.waiting = [];
    this.next = 0;
  }

  // Browsers let a page make sound only after somebody has clicked: call this from a click.
  open() {
    this.context ??= new AudioContext({ sampleRate: LINE_RATE });
    this.context.resume();
  }

  play(frame) {
    this.waiting.push(frame);
    if (this.waiting.length < CHUNK_FRAMES) return;
    const codes = this.waiting.flatMap((bytes) => Array.from(bytes));
    this.waiting = [];
    const samples = Float32Array.from(codes, (code) => SAMPLES[code]);
    this.onLevel(Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length));
    if (!this.isOn || !this.context) return;
    const buffer = this.context.createBuffer(1, samples.length, LINE_RATE);
    buffer.copyToChannel(samples, 0);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    const now = this.context.currentTime;
    if (this.next < now) this.next = now + LATE_SECONDS;
    source.start(this.next);
    this.next += buffer.duration;
  }

  fall() {
    this.waiting = [];
    this.onLevel(0);
  }
}

export class Recorder {
  get isRecording() {
    return this.media?.state === "recording";
  }

  async start() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    this.media = new MediaRecorder(stream);
    this.parts = [];
    this.media.addEventListener("dataavailable", (event) => this.parts.push(event.data));
    this.media.start();
  }

  // Return what was recorded since start().
  async stop() {
    const stopped = new Promise((done) => this.media.addEventListener("stop", done));
    this.media.stop();
    await stopped;
    for (const track of this.media.stream.getTracks()) track.stop();
    return new Blob(this.parts, { type: this.media.mimeType });
  }
}

// Return any recording the browser can read as a WAV file of the line's rate, in base64.
export async function wavOf(blob) {
  const decoder = new OfflineAudioContext(1, 1, LINE_RATE);
  const sound = await decoder.decodeAudioData(await blob.arrayBuffer());
  const length = Math.max(1, Math.ceil(sound.duration * LINE_RATE));
  const mixer = new OfflineAudioContext(1, length, LINE_RATE);
  const source = mixer.createBufferSource();
  source.buffer = sound;
  source.connect(mixer.destination);
  source.start();
  const samples = (await mixer.startRendering()).getChannelData(0);
  return base64(wave(samples));
}

function wave(samples) {
  const bytes = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at, word) => [...word].forEach((c, i) => bytes.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  bytes.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true); // PCM
  bytes.setUint16(22, 1, true); // one channel
  bytes.setUint32(24, LINE_RATE, true);
  bytes.setUint32(28, LINE_RATE * 2, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  text(36, "data");
  bytes.setUint32(40, samples.length * 2, true);
  samples.forEach((value, i) => {
    const clipped = Math.max(-1, Math.min(1, value));
    bytes.setInt16(44 + i * 2, Math.round(clipped * 32767), true);
  });
  return new Uint8Array(bytes.buffer);
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
