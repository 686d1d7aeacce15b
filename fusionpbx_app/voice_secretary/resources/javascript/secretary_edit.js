//the rows that can be added to a secretary's form: facts and exceptions of its hours
function voice_secretary_edit(data) {
	function control(tag, name, value, attributes) {
		const made = document.createElement(tag);
		made.className = 'formfld';
		made.name = name;
		made.value = value || '';
		Object.assign(made, attributes || {});
		return made;
	}

	function row(parent) {
		const made = document.createElement('div');
		made.style.cssText = 'margin-bottom: 10px; padding-bottom: 10px; border-bottom: 1px solid rgba(128,128,128,.2);';
		const remove = document.createElement('button');
		remove.type = 'button';
		remove.className = 'voice_button';
		remove.title = data.labels.remove;
		remove.innerHTML = "<span class='fa-solid fa-xmark'></span>";
		remove.onclick = () => made.remove();
		parent.append(made);
		return { made, remove };
	}

	let facts = 0;
	function add_fact(fact) {
		const { made, remove } = row(document.getElementById('voice_facts'));
		const prefix = 'facts[' + facts++ + ']';
		made.append(control('input', prefix + '[topic]', fact.topic, { placeholder: data.labels.topic, maxLength: 200 }), remove);
		for (const [tag, name] of Object.entries(data.languages)) {
			const questions = ((fact.questions || {})[tag] || []).join('\n');
			const answer = (fact.answer || {})[tag] || '';
			const pair = document.createElement('div');
			pair.className = 'voice_text_row';
			pair.dataset.language = tag;
			const style = 'width: 48%; min-width: 200px; height: 70px; margin-top: 4px; margin-right: 4px;';
			for (const [field, value, label] of [['questions', questions, data.labels.questions], ['answer', answer, data.labels.answer]]) {
				const area = control('textarea', prefix + '[' + field + '_' + tag + ']', value, { placeholder: label + ' (' + name + ')' });
				area.style.cssText = style;
				pair.append(area);
			}
			made.append(pair);
		}
		show_languages();
	}

	let exceptions = 0;
	function add_exception(exception) {
		const { made, remove } = row(document.getElementById('voice_exceptions'));
		const prefix = 'exceptions[' + exceptions++ + ']';
		made.classList.add('voice_hours');
		made.append(
			control('input', prefix + '[day]', '', { type: 'date', value: exception.day || '' }), ' ',
			control('input', prefix + '[opens]', '', { type: 'time', value: exception.opens || '' }), ' - ',
			control('input', prefix + '[closes]', '', { type: 'time', value: exception.closes || '' }), ' ',
			control('input', prefix + '[name]', exception.name, { placeholder: data.labels.name, maxLength: 200 }), remove);
	}

	//texts are shown in the languages that the secretary speaks
	function show_languages() {
		const first = document.getElementById('language').value;
		for (const line of document.querySelectorAll('.voice_text_row')) {
			const also = document.getElementById('also_' + line.dataset.language.replace(/[^A-Za-z0-9_]/g, '_'));
			line.style.display = line.dataset.language === first || (also && also.value === 'true') ? '' : 'none';
		}
	}

	data.facts.forEach(add_fact);
	data.exceptions.forEach(add_exception);
	document.getElementById('voice_fact_add').onclick = () => add_fact({});
	document.getElementById('voice_exception_add').onclick = () => add_exception({});
	document.getElementById('language').addEventListener('change', show_languages);
	for (const tag of Object.keys(data.languages)) {
		const also = document.getElementById('also_' + tag.replace(/[^A-Za-z0-9_]/g, '_'));
		if (also) also.addEventListener('change', show_languages);
	}
	show_languages();
}
