//a secretary tried by writing to it, or with the bridge's test phone: this page's server sets the call up, so that the
//phone gets the ticket of one call and never a token
function voice_try(data) {
	const labels = data.labels;
	const chat = document.getElementById('voice_chat');
	const extension = document.getElementById('extension');
	let history = [];

	function line(said, small, is_secretary) {
		const element = document.createElement('div');
		element.className = 'voice_line' + (is_secretary ? ' voice_secretary_line' : '');
		element.textContent = said;
		if (small) {
			const note = document.createElement('div');
			note.className = 'voice_small';
			note.textContent = small;
			element.append(note);
		}
		chat.append(element);
		chat.scrollTop = chat.scrollHeight;
	}

	async function ask(more) {
		const asked = new URLSearchParams();
		for (const [name, value] of new FormData(document.getElementById('form_chat'))) {
			if (/^[0-9a-f]{64}$/.test(name)) asked.set(name, value);
		}
		for (const [name, value] of Object.entries(more)) asked.set(name, value);
		try {
			return await (await fetch('voice_try.php', { method: 'POST', body: asked })).json();
		} catch (error) {
			return { problem: labels.failed };
		}
	}

	document.getElementById('form_chat').onsubmit = async (event) => {
		event.preventDefault();
		const field = document.getElementById('said');
		const said = field.value;
		field.value = '';
		line(said, '', false);
		const answer = await ask({ action: 'chat', extension: extension.value, said: said, history: JSON.stringify(history) });
		if (answer.problem) {
			line(answer.problem, '', true);
			return;
		}
		history.push({ heard: said, said: answer.said });
		const action = answer.action && answer.action.type !== 'continue' ? ' · ' + labels.action + ': ' + answer.action.type + ' ' + (answer.action.name || answer.action.destination || '') : '';
		const sources = (answer.sources || []).map((source) => ' · ' + labels.source + ': ' + source).join('');
		line(answer.said, Math.round(answer.latency_ms) + ' ms · ' + answer.provider + action + sources, true);
	};
	document.getElementById('btn_again').onclick = () => { history = []; chat.replaceChildren(); };
	extension.onchange = () => { history = []; chat.replaceChildren(); };

	const phone = document.getElementById('voice_phone');
	if (phone) {
		const origin = new URL(data.bridge_url).origin;
		window.addEventListener('message', async (event) => {
			if (event.origin !== origin || event.source !== phone.contentWindow || !event.data || event.data.type !== 'voice-ai-call') return;
			const answer = await ask({ action: 'call', extension: String(event.data.extension || '') });
			phone.contentWindow.postMessage(Object.assign({ type: 'voice-ai-call-set-up' }, answer), origin);
		});
	}
}
