<?php

//includes files
	require_once dirname(__DIR__, 4) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_conversation_view');

//add multi-lingual support
	$language = new text;
	$text = $language->get($settings->get('domain', 'language', 'en-us'), 'app/voice_secretary');

//get today's figures; without the tables there are none
	$voice_today = [];
	if ($database->table_exists('v_voice_conversations')) {
		$voice_today = (new voice_reports($database, $domain_uuid, voice_page::time_zone($settings)))->by_day(1)[0] ?? [];
	}
	$voice_calls = (int) ($voice_today['calls'] ?? 0);
	$voice_parts = [];
	foreach (['completed' => '#03c04a', 'transferred' => '#2a9df4', 'message' => '#17a2b8', 'abandoned' => '#f0a830', 'failed' => '#d9534f'] as $voice_name => $voice_color) {
		$voice_parts[$text['label-resolution_'.$voice_name]] = [(int) ($voice_today[$voice_name] ?? 0), $voice_color];
	}
	$voice_url = PROJECT_PATH.'/app/voice_secretary/voice_conversations.php';

//show the box
	echo "<div class='hud_box'>\n";
	echo "<div class='hud_content' ".($widget_details_state == 'disabled' ? '' : "onclick=\"$('#hud_voice_calls_details').slideToggle('fast');\"").">\n";
	echo "	<span class='hud_title'><a onclick=\"document.location.href='".$voice_url."';\">".escape($text['title-voice_secretary'])."</a></span>\n";
	if (!isset($widget_chart_type) || $widget_chart_type == 'doughnut') {
		echo "	<div class='hud_chart'><canvas id='voice_calls_chart'></canvas></div>\n";
		$voice_data = array_values(array_map(function ($part) { return $part[0]; }, $voice_parts));
		$voice_colors = array_values(array_map(function ($part) { return $part[1]; }, $voice_parts));
		echo "	<script>\n";
		echo "		new Chart(document.getElementById('voice_calls_chart').getContext('2d'), {\n";
		echo "			type: 'doughnut',\n";
		echo "			data: { labels: ".voice_page::script_json(array_keys($voice_parts)).", datasets: [{ data: ".voice_page::script_json(array_merge($voice_data, [$voice_calls === 0 ? 0.00001 : 0])).", backgroundColor: ".voice_page::script_json(array_merge($voice_colors, ['#d4d4d4'])).", borderWidth: 0 }] },\n";
		echo "			options: { plugins: { chart_number: { text: ".voice_page::script_json((string) $voice_calls)." }, legend: { display: false } } },\n";
		echo "			plugins: [{ id: 'chart_number', beforeDraw(chart, args, options) {\n";
		echo "				const { ctx, chartArea: { top, width, height } } = chart;\n";
		echo "				ctx.font = chart_text_size + ' ' + chart_text_font;\n";
		echo "				ctx.textBaseline = 'middle';\n";
		echo "				ctx.textAlign = 'center';\n";
		echo "				ctx.fillStyle = ".voice_page::script_json($widget_number_text_color ?? '').";\n";
		echo "				ctx.fillText(options.text, width / 2, top + (height / 2));\n";
		echo "				ctx.save();\n";
		echo "			} }]\n";
		echo "		});\n";
		echo "	</script>\n";
	}
	else {
		echo "	<span class='hud_stat'>".$voice_calls."</span>\n";
	}
	echo "</div>\n";
	if ($widget_details_state != 'disabled') {
		echo "<div class='hud_details hud_box' id='hud_voice_calls_details'>\n";
		echo "<table class='tr_hover' width='100%' cellpadding='0' cellspacing='0' border='0'>\n";
		echo "<tr><th class='hud_heading' width='75%'>".escape($text['label-outcome'])."</th><th class='hud_heading' style='text-align: center;'>".escape($text['label-calls'])."</th></tr>\n";
		$voice_row = 0;
		foreach ($voice_parts as $voice_label => $voice_part) {
			echo "<tr href='".$voice_url."' style='cursor: pointer;'><td class='row_style".$voice_row." hud_text'>".escape($voice_label)."</td><td class='row_style".$voice_row." hud_text' style='text-align: center;'>".$voice_part[0]."</td></tr>\n";
			$voice_row = 1 - $voice_row;
		}
		echo "</table>\n</div>\n";
		echo "<span class='hud_expander' onclick=\"$('#hud_voice_calls_details').slideToggle('fast');\"><span class='fas fa-ellipsis-h'></span></span>\n";
	}
	echo "</div>\n";

?>
