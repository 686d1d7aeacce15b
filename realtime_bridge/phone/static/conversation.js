import { text } from "./texts.js";

const STAGES = ["endpointing", "stt", "retrieval", "llm", "tts", "playout", "other"];
// What the bridge measures, in the caller's order; a stage that was begun early took no time of the caller's.
const MEASURED = {
  endpointing: ["endpointing"], stt: ["stt"], retrieval: ["retrieval"], llm: ["llm_first_token", "first_sentence"],
  tts: ["tts_first_byte"], playout: ["playout"], other: ["other"],
};

// What both sides said and how long each answer took, as the bridge tells it.
export class Conversation {
  constructor() {
    this.lines = document.getElementById("transcript");
    this.bars = document.getElementById("bars");
    this.clear();
    document.getElementById("legend").replaceChildren(...STAGES.map((stage) => {
      const item = document.createElement("li");
      const colour = document.createElement("span");
      colour.className = `stage-${stage}`;
      item.append(colour, text(stage));
      return item;
    }));
  }

  get empty() { return this.messages.length === 0; }

  clear() {
    this.messages = [];
    this.known = new Map();
    this.caller = null;
    this.lines.replaceChildren();
    this.bars.replaceChildren();
    document.getElementById("latency").hidden = true;
  }

  note(message) {
    if (message.type === "transcript") this.transcript(message);
    if (message.type === "turn") this.turn(message);
    if (message.type !== "alive") this.messages.push(message);
  }

  transcript({ speaker, turn, text: words, final }) {
    if (speaker === "caller") {
      this.caller ??= this.line("caller");
      this.caller.classList.toggle("partial", !final);
      this.caller.textContent = words;
      if (final) { if (!words) this.caller.remove(); this.caller = null; }
    } else {
      const line = this.known.get(turn) ?? this.line("secretary");
      this.known.set(turn, line);
      line.textContent = `${line.textContent} ${words}`.trim();
    }
  }

  line(speaker) {
    const line = document.createElement("li");
    line.className = speaker;
    this.lines.append(line);
    line.scrollIntoView({ block: "nearest" });
    return line;
  }

  // A reply is over: what was not heard of it is struck out.
  unheard(turn, said, heard) {
    const line = this.known.get(turn);
    if (!line || heard === null || heard === undefined || !said.startsWith(heard)) return;
    const rest = document.createElement("span");
    rest.className = "unheard";
    rest.textContent = said.slice(heard.length);
    line.replaceChildren(heard, rest);
  }

  turn({ turn, said, said_heard: heard, digits, latency_ms: latency }) {
    this.unheard(turn, said, heard);
    if (digits) this.line("caller").textContent = digits;
    if (!turn || !latency?.total) return;
    document.getElementById("latency").hidden = false;
    const bar = document.createElement("div");
    bar.className = "bar";
    const total = latency.total || 1;
    bar.style.width = `${Math.min(100, total / 20)}%`;
    for (const stage of STAGES) {
      const took = MEASURED[stage].reduce((sum, name) => sum + (latency[name] ?? 0), 0);
      if (!took) continue;
      const part = document.createElement("div");
      part.className = `stage-${stage}`;
      part.style.flex = took;
      part.title = `${text(stage)}: ${Math.round(took)} ms`;
      bar.append(part);
    }
    const caption = document.createElement("small");
    caption.textContent = `${text("turn")} ${turn}: ${Math.round(total)} ms`;
    this.bars.append(bar, caption);
  }

  save() {
    const file = new Blob([JSON.stringify(this.messages, null, 2)], { type: "application/json" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = "conversation.json";
    link.click();
    URL.revokeObjectURL(link.href);
  }
}
