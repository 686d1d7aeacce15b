//uploads with progress, states that change, a question to try; all texts are set as text, never as markup
function voice_documents(data) {
	const labels = data.labels;

	function made(tag, class_name, content) {
		const element = document.createElement(tag);
		if (class_name) element.className = class_name;
		if (content !== undefined) element.textContent = content;
		return element;
	}

	function progress(percent) {
		const bar = made('div', 'voice_progress');
		const done = made('span');
		done.style.width = percent + '%';
		bar.append(done);
		return bar;
	}

	function show(states) {
		let busy = false;
		for (const [uuid, state] of Object.entries(states)) {
			const row = document.querySelector("tr[data-document='" + uuid + "']");
			if (!row) continue;
			const cell = row.querySelector('.voice_state');
			cell.replaceChildren(made('span', '', state.label));
			if (state.status === 'pending' || state.status === 'processing') {
				busy = true;
				cell.append(progress(state.progress));
			}
			if (state.error) cell.append(made('div', 'voice_small', state.error));
			row.querySelector('.voice_count').textContent = state.chunk_count;
		}
		if (busy) setTimeout(poll, 1500);
	}

	async function poll() {
		try {
			show((await (await fetch(data.status_url)).json()).documents);
		} catch (error) {
			setTimeout(poll, 5000);
		}
	}

	function token(form) {
		return [...new FormData(form)].filter(([name]) => /^[0-9a-f]{64}$/.test(name));
	}

	const uploads = document.getElementById('voice_upload');

	function send(file) {
		const line = made('div', '', file.name + ' ');
		const state = made('span', 'voice_small', labels.sending);
		const bar = progress(0);
		line.append(state, bar);
		document.getElementById('voice_uploads').append(line);
		const form = new FormData();
		for (const [name, value] of token(uploads)) form.append(name, value);
		form.append('action', 'upload');
		form.append('secretary_uuid', document.getElementById('upload_secretary').value);
		form.append('language', document.getElementById('upload_language').value);
		form.append('file', file);
		return new Promise((done) => {
			const request = new XMLHttpRequest();
			request.open('POST', 'voice_documents.php');
			request.upload.onprogress = (event) => { bar.firstChild.style.width = 100 * event.loaded / event.total + '%'; };
			request.onloadend = () => {
				let answer = { problem: labels.failed };
				try { answer = JSON.parse(request.responseText); } catch (error) { /* the server's own page: said below */ }
				state.textContent = answer.problem || (answer.is_new ? labels.received : labels.known);
				bar.remove();
				done(!answer.problem);
			};
			request.send(form);
		});
	}

	if (uploads) {
		uploads.onsubmit = async (event) => {
			event.preventDefault();
			const button = document.getElementById('btn_upload');
			button.disabled = true;
			let all_well = true;
			for (const file of document.getElementById('voice_files').files) all_well = await send(file) && all_well;
			button.disabled = false;
			if (all_well && document.getElementById('voice_files').files.length) location.reload();
		};
	}

	document.getElementById('voice_ask').onsubmit = async (event) => {
		event.preventDefault();
		const hits = document.getElementById('voice_hits');
		hits.textContent = '...';
		const asked = new URLSearchParams(token(document.getElementById('form_list')));
		asked.set('action', 'ask');
		asked.set('question', document.getElementById('question').value);
		let answer = { problem: labels.failed };
		try {
			answer = await (await fetch('voice_documents.php', { method: 'POST', body: asked })).json();
		} catch (error) { /* said below */ }
		hits.replaceChildren();
		if (answer.problem || !answer.hits.length) {
			hits.textContent = answer.problem || labels.nothing;
			return;
		}
		if (answer.not_found.length) hits.append(made('div', 'voice_small', labels.not_found + ' ' + answer.not_found.join(', ')));
		for (const hit of answer.hits) {
			const line = made('div', 'voice_line');
			line.style.cssText = 'max-width: none; margin-bottom: 6px;';
			const where = hit.document_name + (hit.heading ? ', ' + hit.heading : '') + (hit.page ? ', ' + labels.page + ' ' + hit.page : '');
			line.append(made('b', '', Math.round(hit.score * 100) + ' % ' + (hit.good_enough ? labels.good : labels.weak)), made('div', 'voice_small', where), made('div', '', hit.text));
			hits.append(line);
		}
	};

	show(data.states);
}
