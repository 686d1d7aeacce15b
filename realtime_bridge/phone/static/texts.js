const english = {
  title: "Test phone", extension: "Extension", domain: "Domain", token: "Access token", call: "Call", hangup: "Hang up",
  latency: "Time to answer, by turn (ms)", save: "Save the conversation (JSON)",
  hint: "Interrupt by talking. Wear headphones where the loudspeaker is near the microphone.",
  idle: "Not in a call", calling: "Calling", connected: "In the call", ended: "The call is over",
  transferred: "Would be transferred to {name}", microphone: "The microphone cannot be used: {why}",
  refused: "The call was refused: {why}", lost: "The connection was lost", turn: "turn",
  endpointing: "end of speech", stt: "recognition", retrieval: "documents", llm: "answer", tts: "voice", playout: "playout", other: "other",
};
const portuguese = {
  title: "Telefone de teste", extension: "Ramal", domain: "Domínio", token: "Token de acesso", call: "Ligar", hangup: "Desligar",
  latency: "Tempo até a resposta, por turno (ms)", save: "Salvar a conversa (JSON)",
  hint: "Interrompa falando. Use fones se o alto-falante estiver perto do microfone.",
  idle: "Sem ligação", calling: "Ligando", connected: "Em ligação", ended: "A ligação terminou",
  transferred: "Seria transferida para {name}", microphone: "Não é possível usar o microfone: {why}",
  refused: "A ligação foi recusada: {why}", lost: "A conexão caiu", turn: "turno",
  endpointing: "fim da fala", stt: "reconhecimento", retrieval: "documentos", llm: "resposta", tts: "voz", playout: "reprodução", other: "outros",
};
const texts = navigator.language.toLowerCase().startsWith("pt") ? portuguese : english;

export function text(name, values = {}) {
  return (texts[name] ?? name).replace(/\{(\w+)\}/g, (_all, key) => values[key] ?? "");
}

export function translatePage() {
  document.documentElement.lang = texts === portuguese ? "pt-BR" : "en";
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
}
