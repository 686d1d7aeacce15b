<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_try_view');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the secretaries that answer
	$sql = "select secretary_extension, secretary_name from v_voice_secretaries where domain_uuid = :domain_uuid ";
	$sql .= "and secretary_enabled = true and published_version is not null order by secretary_extension asc ";
	$extensions = $database->select($sql, ['domain_uuid' => $domain_uuid], 'all');
	$names = [];
	foreach (is_array($extensions) ? $extensions : [] as $row) {
		$names[$row['secretary_extension']] = $row['secretary_extension'].' '.$row['secretary_name'];
	}
	$service = new voice_service($database, $domain_uuid);

//what the page's own script asks; an extension is one of this domain's or none
	$asked = is_string($_POST['action'] ?? null) ? $_POST['action'] : '';
	if ($asked !== '') {
		if (!voice_page::is_genuine()) {
			voice_page::answer_json(['problem' => $text['message-invalid_token']], 403);
		}
		$extension = voice_form::posted_choice($_POST, 'extension', array_keys($names), '');
		if ($extension === '') {
			voice_page::answer_json(['problem' => $text['message-not_found']], 404);
		}
		if ($asked === 'call') {
			$answer = $service->post('/calls', ['call_uuid' => uuid(), 'domain_uuid' => $domain_uuid, 'called_number' => $extension, 'caller_name' => 'test phone', 'stream' => ['sample_rate_hz' => 16000, 'playout' => 'socket', 'control' => 'socket']]);
			if (!$answer->is_ok()) {
				voice_page::answer_json(['problem' => html_entity_decode($answer->reason($text), ENT_QUOTES)]);
			}
			if (($answer->data['mode'] ?? '') !== 'realtime' || empty($answer->data['stream']['url'])) {
				voice_page::answer_json(['problem' => $text['message-not_realtime']]);
			}
			voice_page::answer_json(['url' => $answer->data['stream']['url'], 'call_uuid' => $answer->data['call_uuid'], 'secretary' => $answer->data['secretary'] ?? null]);
		}
		if ($asked === 'chat') {
			$history = [];
			foreach (array_slice(voice_rows::json($_POST['history'] ?? ''), -20) as $turn) {
				$turn = is_array($turn) ? $turn : [];
				$history[] = ['heard' => voice_form::posted($turn, 'heard', 4000), 'said' => voice_form::posted($turn, 'said', 4000)];
			}
			$answer = $service->post('/chat', ['domain_uuid' => $domain_uuid, 'extension' => $extension, 'text' => voice_form::posted($_POST, 'said', 4000), 'history' => $history]);
			voice_page::answer_json($answer->is_ok() ? $answer->data : ['problem' => html_entity_decode($answer->reason($text), ENT_QUOTES)]);
		}
		voice_page::answer_json(['problem' => $text['message-not_found']], 404);
	}

	$health = $service->health();
	$bridge_url = rtrim(voice_service::configured($database, $domain_uuid)['bridge_url'] ?? '', '/');
	$has_phone = voice_service::is_url($bridge_url);

//include header
	$document['title'] = $text['title-voice_try'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_try.php');
	if ($health->is_away()) {
		voice_page::notice($health->reason($text));
	}
	if (empty($names)) {
		voice_page::notice($text['message-none_published']);
	}

//show the content
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".$text['title-voice_try']."</b></div>\n";
	echo "	<div class='actions'>".voice_form::select('extension', $names, array_key_first($names) ?? '')."</div>\n";
	echo "	<div style='clear: both;'></div>\n";
	echo "</div>\n";
	echo $text['description-voice_try']."<br /><br />\n";
	echo "<div class='voice_grid'>\n";
	echo "<div class='card'><b>".$text['label-write']."</b><br /><br />\n";
	echo "<div class='voice_chat' id='voice_chat' style='min-height: 160px; max-height: 420px;'></div><br />\n";
	echo "<form id='form_chat'>".voice_page::token_field();
	echo voice_form::text('said', '', ['maxlength' => '4000', 'required' => 'required', 'placeholder' => $text['label-try_said'], 'autocomplete' => 'off', 'style' => 'width: 60%; min-width: 180px;']).' ';
	echo button::create(['type' => 'submit', 'label' => $text['button-say'], 'icon' => 'paper-plane', 'id' => 'btn_say']);
	echo button::create(['type' => 'button', 'label' => $text['button-again'], 'icon' => 'rotate-left', 'id' => 'btn_again']);
	echo "</form></div>\n";
	echo "<div class='card'><b>".$text['label-phone']."</b><br /><br />\n";
	if ($has_phone) {
		$phone = $bridge_url.'/phone/?embedded=1&extension='.urlencode((string) (array_key_first($names) ?? '')).'&domain='.urlencode($_SESSION['domain_name']);
		echo "<iframe id='voice_phone' src='".escape($phone)."' allow='microphone; autoplay' referrerpolicy='no-referrer' style='width: 100%; height: 460px; border: 0;' title='".$text['label-phone']."'></iframe>\n";
		if (strpos($bridge_url, 'https://') !== 0) {
			echo "<div class='voice_small'>".$text['message-phone_https']."</div>\n";
		}
	}
	else {
		echo $text['message-no_phone']."\n";
	}
	echo "</div>\n</div>\n";

	$labels = ['failed' => $text['message-page_failed'], 'source' => $text['label-source'], 'action' => $text['label-action']];
	echo "<script src='".PROJECT_PATH."/app/voice_secretary/resources/javascript/try.js'></script>\n";
	echo "<script>voice_try(".voice_page::script_json(['labels' => $labels, 'bridge_url' => $has_phone ? $bridge_url : '']).");</script>\n";

//include the footer
	require_once "resources/footer.php";

?>
