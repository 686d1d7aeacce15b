import { Conversation } from "./conversation.js";
import { text, translatePage } from "./texts.js";

const RATE_HZ = 16000;
const byId = (id) => document.getElementById(id);
const conversation = new Conversation();
const embedded = window.parent !== window && new URLSearchParams(location.search).has("embedded");
let live = null;

translatePage();
say("idle");
for (const name of ["extension", "domain"]) byId(name).value = new URLSearchParams(location.search).get(name) ?? "";
for (const name of embedded ? ["domain", "token"] : []) byId(name).closest("label").hidden = true;
for (const key of "123456789*0#") {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = key;
  button.onclick = () => live?.send(JSON.stringify({ type: "dtmf", digit: key }));
  byId("keys").append(button);
}
byId("dial").onsubmit = (event) => { event.preventDefault(); call(); };
byId("hangup").onclick = () => live?.close();
byId("save").onclick = () => conversation.save();

function say(name, values) { byId("state").textContent = text(name, values); byId("state").dataset.state = name; }

function problem(message) {
  byId("problem").textContent = message ?? "";
  byId("problem").hidden = !message;
}

async function call() {
  problem();
  byId("call").disabled = true;
  conversation.clear();
  say("calling");
  let audio;
  try {
    audio = await openAudio();
  } catch (error) {
    return over("idle", text("microphone", { why: error.name }));
  }
  const setUp = await setUpCall().catch(() => ({ problem: text("lost") }));
  if (!setUp.url) { audio.close(); return over("idle", text("refused", { why: setUp.problem ?? "" })); }
  connect(setUp.url, audio);
}

function setUpCall() {
  const asked = { extension: byId("extension").value, domain: byId("domain").value || null };
  if (embedded) return askParent(asked);
  return fetch("calls", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${byId("token").value}` },
    body: JSON.stringify(asked),
  }).then((answer) => answer.json());
}

// In FusionPBX's page: its server has the token, and this browser gets no more than the one call's ticket.
function askParent(asked) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(reject, 15000);
    window.addEventListener("message", function answered(event) {
      if (event.source !== window.parent || event.data?.type !== "voice-ai-call-set-up") return;
      window.removeEventListener("message", answered);
      clearTimeout(late);
      resolve(event.data);
    });
    window.parent.postMessage({ type: "voice-ai-call", ...asked }, "*");
  });
}

async function openAudio() {
  const context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: "interactive" });
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: false, autoGainControl: true, channelCount: 1 },
  });
  await Promise.all(["static/microphone.js", "static/speaker.js"].map((file) => context.audioWorklet.addModule(file)));
  const microphone = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
  const speaker = new AudioWorkletNode(context, "speaker", { numberOfInputs: 0, outputChannelCount: [1] });
  context.createMediaStreamSource(stream).connect(microphone);
  speaker.connect(context.destination);
  await context.resume();
  return {
    microphone: microphone.port,
    speaker: speaker.port,
    close() { stream.getTracks().forEach((track) => track.stop()); context.close(); },
  };
}

function connect(url, audio) {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  live = socket;
  let ending = null;
  socket.onopen = () => {
    say("connected");
    byId("hangup").disabled = false;
    byId("keys").hidden = false;
    audio.microphone.onmessage = ({ data }) => {
      // A browser that cannot send for a second has no call any more worth the memory.
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < RATE_HZ * 2) socket.send(data.buffer);
    };
  };
  socket.onmessage = ({ data }) => {
    if (data instanceof ArrayBuffer) {
      const samples = new Int16Array(data);
      audio.speaker.postMessage(samples, [samples.buffer]);
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "clearAudio") audio.speaker.postMessage("clear");
    else if (message.type === "transfer") { ending = () => say("transferred", { name: message.name }); conversation.note(message); }
    else conversation.note(message);
  };
  socket.onclose = ({ code }) => {
    audio.close();
    live = null;
    over("ended", code === 1000 || code === 1005 ? null : text("lost"));
    ending?.();
  };
}

function over(state, message) {
  say(state);
  problem(message);
  byId("call").disabled = false;
  byId("hangup").disabled = true;
  byId("keys").hidden = true;
  byId("save").disabled = conversation.empty;
}
