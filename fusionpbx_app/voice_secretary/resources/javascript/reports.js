//charts by day, with the library that FusionPBX ships
function voice_reports(data) {
	const days = data.days.map((row) => row.day.slice(5));
	const colors = { completed: '#03c04a', transferred: '#2a9df4', message: '#17a2b8', abandoned: '#f0a830', failed: '#d9534f', closed: '#9aa0a6', busy: '#8884d8', latency_mean: '#2a9df4', latency_p95: '#f0a830', cost_cents: '#8884d8' };

	function set(name, more) {
		return Object.assign({ label: data.labels[name], data: data.days.map((row) => row[name] === null ? null : Number(row[name])), backgroundColor: colors[name], borderColor: colors[name] }, more);
	}

	function draw(id, type, sets, stacked) {
		new Chart(document.getElementById('voice_chart_' + id).getContext('2d'), {
			type: type,
			data: { labels: days, datasets: sets },
			options: {
				maintainAspectRatio: false,
				animation: false,
				scales: { x: { stacked: stacked, grid: { display: false } }, y: { stacked: stacked, beginAtZero: true } },
				plugins: { legend: { display: sets.length > 1, position: 'bottom', labels: { boxWidth: 12 } } }
			}
		});
	}

	draw('calls', 'bar', ['completed', 'transferred', 'message', 'abandoned', 'failed', 'closed', 'busy'].map((name) => set(name)), true);
	draw('latency', 'line', ['latency_mean', 'latency_p95'].map((name) => set(name, { spanGaps: true, pointRadius: 2 })), false);
	draw('cost', 'bar', [set('cost_cents')], false);
}
