// Plays what arrives. The bridge paces, so 60 ms against the browser's jitter are enough; `clear` empties at once.
class Speaker extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = [];
    this.at = 0;
    this.waiting = 0;
    this.running = false;
    this.enough = sampleRate * 0.06;
    this.most = sampleRate * 2;
    this.port.onmessage = ({ data }) => {
      if (data === "clear") { this.queue = []; this.at = 0; this.waiting = 0; this.running = false; return; }
      this.queue.push(data);
      this.waiting += data.length;
      while (this.waiting > this.most) { this.waiting -= this.queue.shift().length - this.at; this.at = 0; }
      if (this.waiting >= this.enough) this.running = true;
    };
  }

  process(_inputs, outputs) {
    const out = outputs[0][0];
    if (!this.running) return true;
    for (let i = 0; i < out.length; i++) {
      if (this.queue.length === 0) { this.running = false; break; }
      out[i] = this.queue[0][this.at++] / 32768;
      this.waiting--;
      if (this.at === this.queue[0].length) { this.queue.shift(); this.at = 0; }
    }
    return true;
  }
}
registerProcessor("speaker", Speaker);
