//calls that live now, asked every two seconds; what was said is set as text, never as markup
function voice_live_calls(data) {
	const labels = data.labels;
	const place = document.getElementById('voice_calls');
	const cards = new Map();

	function made(tag, class_name, content) {
		const element = document.createElement(tag);
		if (class_name) element.className = class_name;
		if (content !== undefined) element.textContent = content;
		return element;
	}

	async function act(action, call, more) {
		const asked = new URLSearchParams(new FormData(document.getElementById('form_act')));
		asked.set('action', action);
		asked.set('call', call);
		for (const [name, value] of Object.entries(more || {})) asked.set(name, value);
		try {
			const answer = await (await fetch('voice_live_calls.php', { method: 'POST', body: asked })).json();
			if (answer.problem) display_message(answer.problem, 'negative', 4000);
		} catch (error) {
			display_message(labels.failed, 'negative', 4000);
		}
	}

	function button(label, icon, on_click) {
		const element = made('button', 'btn btn-default');
		element.type = 'button';
		element.append(made('span', 'fa-solid fa-' + icon + ' fa-fw'), ' ' + label);
		element.onclick = on_click;
		return element;
	}

	function card(call) {
		const element = made('div', 'card');
		element.head = made('b');
		element.small = made('div', 'voice_small');
		element.chat = made('div', 'voice_chat');
		element.chat.style.maxHeight = '320px';
		element.shown = '';
		element.append(element.head, element.small, element.chat);
		if (data.may_act) {
			const bar = made('div');
			bar.style.marginTop = '8px';
			bar.append(button(labels.end, 'phone-slash', () => { if (confirm(labels.sure)) act('end', call.call_uuid); }), ' ');
			if (data.has_extension) bar.append(button(labels.listen, 'headphones', () => act('listen', call.call_uuid)), ' ');
			const choice = made('select', 'formfld');
			choice.append(new Option(labels.transfer, ''));
			for (const [uuid, name] of Object.entries(data.destinations)) choice.append(new Option(name, uuid));
			choice.onchange = () => { if (choice.value) act('transfer', call.call_uuid, { destination: choice.value }); choice.value = ''; };
			if (Object.keys(data.destinations).length) bar.append(choice);
			element.append(bar);
		}
		return element;
	}

	function clock(seconds) {
		return Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0');
	}

	function show(calls) {
		document.getElementById('voice_count').textContent = calls.length;
		const living = new Set(calls.map((call) => call.call_uuid));
		for (const [uuid, element] of cards) {
			if (!living.has(uuid)) { element.remove(); cards.delete(uuid); }
		}
		for (const call of calls) {
			if (!cards.has(call.call_uuid)) { cards.set(call.call_uuid, card(call)); place.append(cards.get(call.call_uuid)); }
			const element = cards.get(call.call_uuid);
			element.head.textContent = (call.caller || labels.anonymous) + ' → ' + call.secretary;
			element.small.textContent = clock(call.seconds) + ' · ' + call.turns + ' ' + labels.turns + ' · ' + (labels['mode_' + call.mode] || call.mode);
			const said = JSON.stringify(call.lines);
			if (said !== element.shown) {
				element.shown = said;
				element.chat.replaceChildren(...call.lines.map((line) => made('div', 'voice_line' + (line.speaker === 'secretary' ? ' voice_secretary_line' : ''), line.said)));
				element.chat.scrollTop = element.chat.scrollHeight;
			}
		}
		let none = document.getElementById('voice_none');
		if (!calls.length && !none) {
			none = made('div', '', labels.none);
			none.id = 'voice_none';
			place.append(none);
		} else if (calls.length && none) {
			none.remove();
		}
	}

	async function poll() {
		let wait = document.hidden ? 10000 : 2000;
		try {
			const answer = await fetch('voice_live_calls.php?action=poll');
			show((await answer.json()).calls);
			document.getElementById('voice_away').style.display = 'none';
		} catch (error) {
			document.getElementById('voice_away').style.display = '';
			wait = 5000;
		}
		setTimeout(poll, wait);
	}
	poll();
}
