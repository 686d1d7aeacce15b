//a list that is ordered by dragging its rows; the new order is saved at once
(function () {
	const body = document.querySelector('table.list > tbody') || document.querySelector('table.list');
	Sortable.create(body, {
		handle: '.voice_drag',
		draggable: 'tr.list-row',
		animation: 150,
		onEnd: function () {
			const form = document.getElementById('form_list');
			for (const row of body.querySelectorAll('tr.list-row')) {
				const field = document.createElement('input');
				field.type = 'hidden';
				field.name = 'order[]';
				field.value = row.dataset.uuid;
				form.append(field);
			}
			document.getElementById('action').value = 'order';
			form.submit();
		}
	});
})();
