<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_report_view');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//get the figures
	$days = (int) voice_form::posted_choice($_GET, 'days', ['7', '30', '90'], '30');
	$reports = new voice_reports($database, $domain_uuid, voice_page::time_zone($settings));
	$by_day = $reports->by_day($days);
	$by_provider = $reports->by_provider($days);
	$sum = function (string $name) use ($by_day) { return array_sum(array_column($by_day, $name)); };
	$calls = $sum('calls');

//include header
	$document['title'] = $text['title-voice_reports'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_reports.php');

//show the content
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".$text['title-voice_reports']."</b></div>\n";
	echo "	<div class='actions'><form method='get' class='inline'>".voice_form::select('days', ['7' => '7 '.$text['label-days'], '30' => '30 '.$text['label-days'], '90' => '90 '.$text['label-days']], (string) $days, ['onchange' => 'this.form.submit();'])."</form></div>\n";
	echo "	<div style='clear: both;'></div>\n";
	echo "</div>\n";
	echo $text['description-voice_reports']."<br /><br />\n";

	$share = function ($part) use ($calls) { return $calls > 0 ? round(100 * $part / $calls).' %' : '-'; };
	$figures = [
		$text['label-calls'] => number_format($calls),
		$text['label-resolved'] => $share($sum('completed') + $sum('message')),
		$text['label-resolution_transferred'] => $share($sum('transferred')),
		$text['label-resolution_abandoned'] => $share($sum('abandoned')),
		$text['label-cost'] => number_format($sum('cost_cents') / 100, 2),
	];
	echo "<div class='voice_grid'>\n";
	foreach ($figures as $label => $figure) {
		echo "<div class='card' style='flex: 1 1 120px; text-align: center;'><div style='font-size: 24px;'>".escape($figure)."</div>".escape($label)."</div>\n";
	}
	echo "</div><br />\n<div class='voice_grid'>\n";
	foreach (['calls' => 'label-calls', 'latency' => 'label-latency_day', 'cost' => 'label-cost'] as $chart => $label) {
		echo "<div class='card'><b>".$text[$label]."</b><div style='position: relative; height: 260px;'><canvas id='voice_chart_".$chart."'></canvas></div></div>\n";
	}
	echo "<div class='card'><b>".$text['label-providers']."</b><br /><br /><table class='list'>\n";
	echo "<tr class='list-header'><th>".$text['label-provider_kind']."</th><th>".$text['label-provider_name']."</th><th class='right'>".$text['label-requests']."</th><th class='right'>".$text['label-cost']."</th></tr>\n";
	foreach ($by_provider as $row) {
		echo "<tr class='list-row'><td>".escape($text['label-kind_'.$row['provider_kind']] ?? $row['provider_kind'])."</td><td>".escape($row['provider_name'])."</td><td class='right'>".number_format((float) $row['requests'])."</td><td class='right'>".number_format($row['cost_cents'] / 100, 2)."</td></tr>\n";
	}
	echo "</table></div>\n</div>\n";

	$labels = ['transferred' => $text['label-resolution_transferred'], 'completed' => $text['label-resolution_completed'], 'abandoned' => $text['label-resolution_abandoned'], 'message' => $text['label-resolution_message'], 'failed' => $text['label-resolution_failed'], 'closed' => $text['label-resolution_closed'], 'busy' => $text['label-resolution_busy'], 'latency_mean' => $text['label-mean'], 'latency_p95' => 'p95', 'cost_cents' => $text['label-cost']];
	echo "<script src='".PROJECT_PATH."/resources/chartjs/chart.min.js'></script>\n";
	echo "<script src='".PROJECT_PATH."/app/voice_secretary/resources/javascript/reports.js'></script>\n";
	echo "<script>voice_reports(".voice_page::script_json(['days' => $by_day, 'labels' => $labels]).");</script>\n";

//include the footer
	require_once "resources/footer.php";

?>
