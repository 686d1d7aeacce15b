//click a line, hear it; thumbs are saved at once
function voice_conversation(data) {
	const whole = document.getElementById('voice_audio');
	const piece = document.getElementById('voice_piece');
	const lines = [...document.querySelectorAll('.voice_line')];

	function mark(line) {
		for (const one of lines) one.classList.toggle('voice_playing', one === line);
	}

	//the whole recording is fetched once: a server without ranges cannot be sought in
	let fetched = null;
	function fetch_whole() {
		fetched = fetched || fetch(whole.src).then((answer) => {
			if (!answer.ok) throw new Error(answer.status);
			return answer.blob();
		}).then((blob) => {
			const at = whole.currentTime;
			whole.src = URL.createObjectURL(blob);
			return new Promise((done) => {
				whole.onloadedmetadata = () => { whole.currentTime = at; done(); };
				whole.load();
			});
		});
		return fetched;
	}

	async function play(line) {
		try {
			if (line.dataset.audio) {
				if (whole) whole.pause();
				piece.src = data.url + '&audio=' + encodeURIComponent(line.dataset.audio);
				piece.onended = () => mark(null);
				await piece.play();
			} else if (whole) {
				piece.pause();
				await fetch_whole();
				whole.currentTime = Number(line.dataset.start);
				await whole.play();
			} else {
				return;
			}
			mark(line);
		} catch (error) {
			mark(null);
			display_message(data.failed, 'negative', 3000);
		}
	}

	if (whole) {
		whole.ontimeupdate = () => {
			if (!whole.paused) mark(lines.filter((line) => Number(line.dataset.start) <= whole.currentTime).pop());
		};
	}
	for (const line of lines) {
		line.onclick = (event) => { if (!event.target.closest('button')) play(line); };
		line.onkeydown = (event) => { if (event.key === 'Enter' && event.target === line) play(line); };
	}

	async function rate(message, rating, note) {
		const asked = new URLSearchParams(new FormData(document.getElementById('form_rate')));
		asked.set('action', 'rate');
		asked.set('message', message);
		asked.set('rating', rating);
		asked.set('note', note);
		try {
			const answer = await (await fetch(data.url, { method: 'POST', body: asked })).json();
			if (answer.problem) throw new Error(answer.problem);
			for (const button of document.querySelectorAll("button[data-message='" + message + "'][data-rate]")) {
				button.classList.toggle('voice_on', button.dataset.rate === answer.rating);
			}
		} catch (error) {
			display_message(data.failed, 'negative', 3000);
		}
	}

	const note = document.getElementById('feedback_note');
	function chosen() {
		const on = document.querySelector("button[data-message=''].voice_on");
		return on ? on.dataset.rate : '';
	}
	for (const button of document.querySelectorAll('button[data-rate]')) {
		button.onclick = () => rate(button.dataset.message, button.classList.contains('voice_on') ? '' : button.dataset.rate, button.dataset.message === '' && note ? note.value : '');
	}
	const save = document.getElementById('btn_note');
	if (save) save.onclick = () => rate('', chosen(), note.value).then(() => { save.blur(); });
}
