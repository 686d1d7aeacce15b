<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";
	require_once "resources/paging.php";

//check permissions
	voice_page::require_permission('voice_transfer_rule_view');
	$may_add = permission_exists('voice_transfer_rule_add');
	$may_edit = permission_exists('voice_transfer_rule_edit');
	$may_delete = permission_exists('voice_transfer_rule_delete');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

	$list = new voice_list(['rule_priority', 'rule_intent', 'destination_name', 'rule_language', 'rule_immediate', 'rule_enabled']);
	$secretaries = voice_rows::secretaries($database, $domain_uuid);

//which rule fires, for the page's own script
	if (($_POST['action'] ?? '') === 'try') {
		if (!voice_page::is_genuine()) {
			voice_page::answer_json(['problem' => $text['message-invalid_token']], 403);
		}
		$asked = ['text' => voice_form::posted($_POST, 'said', 2000)];
		foreach (['language' => array_keys(voice_secretary_settings::languages), 'secretary_uuid' => array_keys($secretaries)] as $name => $allowed) {
			$value = voice_form::posted_choice($_POST, $name, $allowed, '');
			if ($value !== '') {
				$asked[$name] = $value;
			}
		}
		$answer = (new voice_service($database, $domain_uuid))->post('/transfer-rules/try', $asked);
		if (!$answer->is_ok()) {
			voice_page::answer_json(['problem' => html_entity_decode($answer->reason($text), ENT_QUOTES)]);
		}
		$rule = $answer->data['rule'] ?? null;
		voice_page::answer_json($rule === null ? ['said' => $text['label-no_rule']] : ['said' => $rule['draft']['intent'].' → '.$rule['destination'], 'rule_uuid' => $rule['rule_uuid']]);
	}

//process the http post data by action
	if (!empty($_POST['action'])) {
		voice_page::require_genuine($text, $list->url('voice_transfer_rules.php'));
		$own_rows = new voice_list_rows($database, $domain_uuid, 'voice_transfer_rules', 'rule_enabled');
		$records = $_POST['voice_transfer_rules'] ?? [];
		$done = false;
		if ($_POST['action'] === 'copy' && $may_add) {
			$done = $own_rows->copy($records, 'rule_intent', $text['label-copy_suffix']);
		}
		if ($_POST['action'] === 'toggle' && $may_edit) {
			$done = $own_rows->toggle($records);
		}
		if ($_POST['action'] === 'order' && $may_edit) {
			$done = $own_rows->order($_POST['order'] ?? [], 'rule_priority');
		}
		if ($_POST['action'] === 'delete' && $may_delete) {
			$done = $own_rows->delete($records) > 0;
		}
		$done ? message::add($text['message-'.($_POST['action'] === 'order' ? 'update' : $_POST['action'])] ?? $text['message-update']) : message::add($text['message-not_saved'], 'negative');
		voice_page::go($list->url('voice_transfer_rules.php'));
	}

//get the list
	$parameters = ['domain_uuid' => $domain_uuid];
	$sql_from = "from v_voice_transfer_rules as r left join v_voice_transfer_destinations as d ";
	$sql_from .= "on d.voice_transfer_destination_uuid = r.voice_transfer_destination_uuid and d.domain_uuid = r.domain_uuid ";
	$sql_from .= "where r.domain_uuid = :domain_uuid ".$list->searched(['r.rule_intent', 'cast(r.rule_phrases as text)', 'd.destination_name'], $parameters);
	$num_rows = (int) $database->select("select count(*) ".$sql_from, $parameters, 'column');
	$list->paged($settings, $num_rows);
	$sql = "select r.voice_transfer_rule_uuid, r.voice_secretary_uuid, r.rule_intent, r.rule_phrases, r.rule_language, r.rule_priority, ";
	$sql .= "cast(r.rule_immediate as text) as rule_immediate, cast(r.rule_enabled as text) as rule_enabled, d.destination_name ".$sql_from;
	$sql .= order_by($list->order_by, $list->order, 'rule_priority', 'asc').", rule_intent asc ";
	$sql .= limit_offset($list->rows_per_page, $list->offset);
	$rows = $database->select($sql, $parameters, 'all');
	$rows = is_array($rows) ? $rows : [];

//include header
	$document['title'] = $text['title-voice_transfer_rules'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_transfer_rules.php');

//show the content
	$buttons = $may_add ? button::create(['type' => 'button', 'label' => $text['button-add'], 'icon' => $settings->get('theme', 'button_icon_add'), 'id' => 'btn_add', 'link' => 'voice_transfer_rule_edit.php']) : '';
	$list->head($settings, $text, $text['title-voice_transfer_rules'], $num_rows, $buttons, array_keys(array_filter(['copy' => $may_add && $rows, 'toggle' => $may_edit && $rows, 'delete' => $may_delete && $rows])));
	echo $text['description-voice_transfer_rules']."\n<br /><br />\n";

	echo "<form id='voice_try_form' onsubmit='voice_try(); return false;'>\n<div class='card'>\n";
	echo "<b>".$text['label-try_rule']."</b><br /><br />\n";
	echo voice_form::text('said', '', ['maxlength' => '2000', 'required' => 'required', 'placeholder' => $text['label-try_said'], 'style' => 'width: 45%; min-width: 220px;']).' ';
	echo voice_form::select('try_language', ['' => $text['label-any_language']] + voice_secretary_settings::languages, '').' ';
	echo voice_form::select('try_secretary', ['' => $text['label-all_secretaries']] + $secretaries, '').' ';
	echo button::create(['type' => 'submit', 'label' => $text['button-test'], 'icon' => 'vial', 'id' => 'btn_try']);
	echo " <b id='voice_try_result' role='status'></b>\n";
	echo "</div>\n</form><br />\n";

	$has_checkbox = $may_add || $may_edit || $may_delete;
	$may_drag = $may_edit && $list->order_by === 'rule_priority' && $list->order === 'asc' && $list->search === '';
	$list->table([
		'rule_priority' => [$text['label-provider_priority'], "class='shrink'"],
		'rule_intent' => [$text['label-intent'], ''],
		0 => [$text['label-phrases'], "class='hide-sm-dn'"],
		'destination_name' => [$text['label-destination'], ''],
		'rule_language' => [$text['label-language'], "class='hide-sm-dn'"],
		1 => [$text['label-secretary'], "class='hide-sm-dn'"],
		'rule_immediate' => [$text['label-immediate'], "class='center'"],
		'rule_enabled' => [$text['label-enabled'], "class='center'"],
	], $has_checkbox, !empty($rows));
	foreach ($rows as $x => $row) {
		$link = $may_edit ? "voice_transfer_rule_edit.php?id=".urlencode($row['voice_transfer_rule_uuid']) : '';
		echo "<tr class='list-row' href='".$link."' data-uuid='".escape($row['voice_transfer_rule_uuid'])."'>\n";
		if ($has_checkbox) {
			echo voice_list::checkbox('voice_transfer_rules', $x, $row['voice_transfer_rule_uuid']);
		}
		echo "	<td class='no-link'>".($may_drag ? "<span class='fa-solid fa-grip-vertical voice_drag'></span> " : '').escape((string) (int) $row['rule_priority'])."</td>\n";
		echo "	<td>".($link === '' ? '' : "<a href='".$link."'>").escape($row['rule_intent'] ?? '').($link === '' ? '' : "</a>")."</td>\n";
		echo "	<td class='hide-sm-dn overflow'>".escape(implode(', ', array_filter(voice_rows::json($row['rule_phrases']), 'is_string')))."</td>\n";
		echo "	<td>".escape($row['destination_name'] ?? '')."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape($row['rule_language'] ?? $text['label-any_language'])."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape($row['voice_secretary_uuid'] === null ? $text['label-all_secretaries'] : $secretaries[$row['voice_secretary_uuid']] ?? '')."</td>\n";
		echo "	<td class='center'>".$text['label-'.($row['rule_immediate'] === 'true' ? 'true' : 'false')]."</td>\n";
		echo voice_list::enabled($x, (string) $row['rule_enabled'], $may_edit, $text);
		echo "</tr>\n";
	}
	$list->foot();
	if ($may_drag) {
		echo "<script src='".PROJECT_PATH."/resources/sortablejs/sortable.min.js'></script>\n";
		echo "<script src='".PROJECT_PATH."/app/voice_secretary/resources/javascript/list_order.js'></script>\n";
	}

	echo "<script>\n";
	echo "	async function voice_try() {\n";
	echo "		const result = document.getElementById('voice_try_result');\n";
	echo "		const asked = new URLSearchParams({ action: 'try', said: document.getElementById('said').value, language: document.getElementById('try_language').value, secretary_uuid: document.getElementById('try_secretary').value });\n";
	echo "		for (const [name, value] of new FormData(document.getElementById('form_list'))) { if (/^[0-9a-f]{64}$/.test(name)) asked.set(name, value); }\n";
	echo "		result.textContent = '...';\n";
	echo "		for (const row of document.querySelectorAll('tr.list-row')) row.style.outline = '';\n";
	echo "		try {\n";
	echo "			const answer = await (await fetch('voice_transfer_rules.php', { method: 'POST', body: asked })).json();\n";
	echo "			result.textContent = answer.problem || answer.said;\n";
	echo "			const fired = answer.rule_uuid && document.querySelector(\"tr[data-uuid='\" + answer.rule_uuid + \"']\");\n";
	echo "			if (fired) fired.style.outline = '2px solid #3164ad';\n";
	echo "		} catch (error) {\n";
	echo "			result.textContent = ".voice_page::script_json($text['message-page_failed']).";\n";
	echo "		}\n";
	echo "	}\n";
	echo "</script>\n";

//include the footer
	require_once "resources/footer.php";

?>
