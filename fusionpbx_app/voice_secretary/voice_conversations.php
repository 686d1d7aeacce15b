<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";
	require_once "resources/paging.php";

//check permissions
	voice_page::require_permission('voice_conversation_view');
	$may_export = permission_exists('voice_conversation_export');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the filters, each checked
	$secretaries = voice_rows::secretaries($database, $domain_uuid);
	$resolutions = ['transferred', 'completed', 'abandoned', 'message', 'failed', 'closed', 'busy'];
	$filter = [
		'from' => preg_match('/^\d{4}-\d{2}-\d{2}$/', voice_form::posted($_GET, 'from', 10)) ? voice_form::posted($_GET, 'from', 10) : '',
		'to' => preg_match('/^\d{4}-\d{2}-\d{2}$/', voice_form::posted($_GET, 'to', 10)) ? voice_form::posted($_GET, 'to', 10) : '',
		'number' => preg_replace('/[^0-9+]/', '', voice_form::posted($_GET, 'number', 40)),
		'secretary' => voice_form::posted_choice($_GET, 'secretary', array_keys($secretaries), ''),
		'resolution' => voice_form::posted_choice($_GET, 'resolution', $resolutions, ''),
		'rating' => voice_form::posted_choice($_GET, 'rating', ['1', '-1'], ''),
	];
	$list = new voice_list(['started_date', 'caller_number', 'secretary_name', 'resolution', 'duration_ms', 'turn_count', 'cost_cents'], 'desc', $filter);

//get the list
	$parameters = ['domain_uuid' => $domain_uuid];
	$sql_where = "where c.domain_uuid = :domain_uuid ";
	foreach (['from' => "c.started_date >= cast(:from as timestamp) at time zone :time_zone", 'to' => "c.started_date < (cast(:to as timestamp) + interval '1 day') at time zone :time_zone"] as $name => $condition) {
		if ($filter[$name] !== '') {
			$sql_where .= "and ".$condition." ";
			$parameters[$name] = $filter[$name];
			$parameters['time_zone'] = voice_page::time_zone($settings);
		}
	}
	if ($filter['number'] !== '') {
		$sql_where .= "and c.caller_number like :number ";
		$parameters['number'] = '%'.$filter['number'].'%';
	}
	foreach (['secretary' => 'c.voice_secretary_uuid', 'resolution' => 'c.resolution', 'rating' => 'c.feedback_rating'] as $name => $column) {
		if ($filter[$name] !== '') {
			$sql_where .= "and ".$column." = :".$name." ";
			$parameters[$name] = $filter[$name];
		}
	}
	if ($list->search !== '') {
		$sql_where .= "and (exists (select 1 from v_voice_messages as m where m.domain_uuid = c.domain_uuid and m.voice_conversation_uuid = c.voice_conversation_uuid and m.message_text ilike :search) or c.summary ilike :search) ";
		$parameters['search'] = '%'.str_replace(['\\', '%', '_'], ['\\\\', '\\%', '\\_'], $list->search).'%';
	}
	$sql_columns = "select c.voice_conversation_uuid, c.started_date, c.caller_number, c.secretary_name, c.resolution, c.duration_ms, c.turn_count, c.transferred_to, c.cost_cents, c.summary, c.feedback_rating, c.conversation_mode ";

//export what is filtered
	if ($may_export && ($_GET['export'] ?? '') === 'csv') {
		$rows = $database->select($sql_columns."from v_voice_conversations as c ".$sql_where."order by c.started_date desc limit 10000 ", $parameters, 'all');
		header('Content-Type: text/csv; charset=utf-8');
		header('Content-Disposition: attachment; filename="conversations.csv"');
		$out = fopen('php://output', 'w');
		fputcsv($out, ['date', 'number', 'secretary', 'mode', 'outcome', 'transferred_to', 'seconds', 'turns', 'cost_cents', 'rating', 'summary'], ',', '"', '');
		foreach (is_array($rows) ? $rows : [] as $row) {
			$cells = [voice_page::moment($settings, $row['started_date'], 'c'), $row['caller_number'], $row['secretary_name'], $row['conversation_mode'], $row['resolution'], $row['transferred_to'], intdiv((int) $row['duration_ms'], 1000), $row['turn_count'], $row['cost_cents'], $row['feedback_rating'], $row['summary']];
			//a cell that begins like a formula is text for a spreadsheet too
			fputcsv($out, array_map(function ($cell) { return preg_match('/^[=+\-@\t\r]/', (string) $cell) && !is_numeric($cell) ? "'".$cell : (string) $cell; }, $cells), ',', '"', '');
		}
		exit;
	}

	$num_rows = (int) $database->select("select count(*) from v_voice_conversations as c ".$sql_where, $parameters, 'column');
	$list->paged($settings, $num_rows);
	$sql = $sql_columns."from v_voice_conversations as c ".$sql_where;
	$sql .= order_by($list->order_by, $list->order, 'started_date', 'desc');
	$sql .= limit_offset($list->rows_per_page, $list->offset);
	$rows = $database->select($sql, $parameters, 'all');
	$rows = is_array($rows) ? $rows : [];

//include header
	$document['title'] = $text['title-voice_conversations'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_conversations.php');

//show the content
	$buttons = '';
	if ($may_export && $rows) {
		$buttons .= button::create(['type' => 'button', 'label' => $text['button-export'], 'icon' => $settings->get('theme', 'button_icon_export'), 'id' => 'btn_export', 'link' => 'voice_conversations.php?'.$list->query_string.'&export=csv']);
	}
	$list->head($settings, $text, $text['title-voice_conversations'], $num_rows, $buttons, []);
	echo $text['description-voice_conversations']."\n<br /><br />\n";
	echo "<form method='get' id='voice_filter' style='margin-bottom: 12px;'>\n";
	echo voice_form::text('from', $filter['from'], ['type' => 'date', 'title' => $text['label-from']]).' - '.voice_form::text('to', $filter['to'], ['type' => 'date', 'title' => $text['label-to']]).' ';
	echo voice_form::text('number', $filter['number'], ['placeholder' => $text['label-number'], 'style' => 'width: 130px; min-width: 130px;']).' ';
	echo voice_form::select('secretary', ['' => $text['label-all_secretaries']] + $secretaries, $filter['secretary']).' ';
	echo voice_form::select('resolution', ['' => $text['label-any_outcome']] + array_combine($resolutions, array_map(function ($name) use ($text) { return $text['label-resolution_'.$name]; }, $resolutions)), $filter['resolution']).' ';
	echo voice_form::select('rating', ['' => $text['label-any_rating'], '1' => $text['label-good'], '-1' => $text['label-bad']], $filter['rating']).' ';
	echo "<input type='hidden' name='search' value=\"".voice_form::attribute($list->search)."\">";
	echo button::create(['type' => 'submit', 'label' => $text['button-filter'], 'icon' => 'filter', 'id' => 'btn_filter']);
	echo "</form>\n";
	$list->table([
		'started_date' => [$text['label-date'], ''],
		'caller_number' => [$text['label-number'], ''],
		'secretary_name' => [$text['label-secretary'], "class='hide-sm-dn'"],
		'resolution' => [$text['label-outcome'], ''],
		'duration_ms' => [$text['label-duration'], "class='center'"],
		'turn_count' => [$text['label-turns'], "class='center hide-sm-dn'"],
		0 => [$text['label-summary'], "class='hide-md-dn'"],
		1 => ['', "class='shrink'"],
	], false, !empty($rows));
	foreach ($rows as $row) {
		$link = "voice_conversation.php?id=".urlencode($row['voice_conversation_uuid']);
		echo "<tr class='list-row' href='".$link."'>\n";
		echo "	<td><a href='".$link."'>".escape(voice_page::moment($settings, $row['started_date']))."</a></td>\n";
		echo "	<td>".escape($row['caller_number'] ?: $text['label-anonymous'])."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape($row['secretary_name'] ?? '')."</td>\n";
		echo "	<td>".escape($text['label-resolution_'.$row['resolution']] ?? '').(empty($row['transferred_to']) ? '' : ': '.escape($row['transferred_to']))."</td>\n";
		echo "	<td class='center'>".voice_page::duration($row['duration_ms'])."</td>\n";
		echo "	<td class='center hide-sm-dn'>".(int) $row['turn_count']."</td>\n";
		echo "	<td class='description overflow hide-md-dn'>".escape($row['summary'] ?? '')."</td>\n";
		echo "	<td>".($row['feedback_rating'] === null ? '' : "<span class='fa-solid fa-thumbs-".((int) $row['feedback_rating'] > 0 ? 'up' : 'down')."'></span>")."</td>\n";
		echo "</tr>\n";
	}
	$list->foot();

//include the footer
	require_once "resources/footer.php";

?>
